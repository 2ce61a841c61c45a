package match_test

import (
	"strings"
	"testing"

	"cidrx/detect/match"
	"cidrx/detect/parse"
)

const (
	scanners4  = `(?i)nikto|sqlmap|zgrab|masscan`
	scanners20 = `(?i)nikto|sqlmap|zgrab|masscan|nuclei|gobuster|dirbuster|feroxbuster|wpscan|acunetix|nessus|openvas|w3af|hydra|httpx|whatweb|arachni|skipfish|joomscan|jaeles`
	probes     = `/\.env|/\.git/|/wp-login\.php|/phpmyadmin|/vendor/phpunit|/cgi-bin/`
	agent120   = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36 Edg/126.0"
)

func benchmark(b *testing.B, o match.Options, ev parse.Event, want bool) {
	f, err := match.New(o)
	if err != nil {
		b.Fatal(err)
	}
	var s match.Scratch
	b.ReportAllocs()
	for b.Loop() {
		s.Reset()
		if f.Match(&ev, "web", &s) != want {
			b.Fatal("wrong answer")
		}
	}
}

func BenchmarkUserAgent(b *testing.B) {
	ev := parse.Event{UserAgent: []byte(agent120)}
	hit := parse.Event{UserAgent: []byte(strings.Replace(agent120, "Safari", "MasSCan", 1))}
	foreign := parse.Event{UserAgent: []byte(strings.Repeat("ſК", 30))}
	b.Run("4 words", func(b *testing.B) { benchmark(b, match.Options{UserAgent: scanners4}, ev, false) })
	b.Run("20 words", func(b *testing.B) { benchmark(b, match.Options{UserAgent: scanners20}, ev, false) })
	b.Run("20 words, match", func(b *testing.B) { benchmark(b, match.Options{UserAgent: scanners20}, hit, true) })
	b.Run("20 words, not ASCII", func(b *testing.B) { benchmark(b, match.Options{UserAgent: scanners20}, foreign, false) })
	b.Run("20 words and one of 3 letters", func(b *testing.B) {
		benchmark(b, match.Options{UserAgent: scanners20 + "|bot"}, ev, false)
	})
	b.Run("expression behind a word", func(b *testing.B) {
		benchmark(b, match.Options{UserAgent: `(?i)curl/\d|python-requests/[0-9.]+`}, ev, false)
	})
}

func BenchmarkEndpoint(b *testing.B) {
	for _, t := range []struct{ name, target string }{
		{"short", "/articles/2026/"},
		{"usual", "/blog/tags/puppet?flav=rss20&page=2"},
		{"long", "/files/" + strings.Repeat("logstash-1.3.2-monolithic_", 4) + "jar?utm=x"},
		{"encoded", "/search?q=caf%C3%A9+au+lait&l=fr"},
		{"dots", "/a/../b//c/./d"},
		{"absolute", "http://www.example.org/blog/tags/puppet"},
	} {
		b.Run(t.name, func(b *testing.B) {
			benchmark(b, match.Options{Endpoint: probes}, parse.Event{Target: []byte(t.target)}, false)
		})
	}
	b.Run("anchored", func(b *testing.B) {
		benchmark(b, match.Options{Endpoint: `^/login$`}, parse.Event{Target: []byte("/blog/tags/puppet?flav=rss20")}, false)
	})
}

// BenchmarkHostile has texts full of what the search looks for first.
func BenchmarkHostile(b *testing.B) {
	grams := parse.Event{UserAgent: []byte(strings.Repeat("nikmassql", 13))}
	b.Run("grams", func(b *testing.B) { benchmark(b, match.Options{UserAgent: scanners20}, grams, false) })
	paths := parse.Event{Target: []byte(strings.Repeat("/wp-", 2000))}
	list := make([]string, 100)
	for i := range list {
		list[i] = "/wp-" + strings.Repeat(string(rune('a'+i%26)), 3+i/26)
	}
	b.Run("8 KB of a shared start", func(b *testing.B) { benchmark(b, match.Options{Endpoint: strings.Join(list, "|")}, paths, false) })
}
