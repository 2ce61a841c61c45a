package match_test

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"

	"cidrx/detect/match"
	"cidrx/detect/parse"
)

// benchLog is about a mebibyte of usual lines; every tenth asks for /api/, every hundredth comes from a scanner.
func benchLog() []byte {
	var b bytes.Buffer
	for i := 0; b.Len() < 1<<20; i++ {
		target, agent := "/blog/tags/puppet?flav=rss20&page=", agent120
		if i%10 == 0 {
			target = "/api/v1/items/"
		}
		if i%100 == 7 {
			agent = "Mozilla/5.00 (Nikto/2.1.6) (Evasions:None) (Test:Port Check)"
		}
		fmt.Fprintf(&b, `203.0.%d.%d - - [10/Dec/2024:00:00:19 +0000] "GET %s%d HTTP/1.1" 200 %d "https://www.example.com/blog/%d" "%s"`+"\n", i>>8&255, i&255, target, i, i, i, agent)
	}
	return b.Bytes()
}

// BenchmarkScan finds candidates in a block.
func BenchmarkScan(b *testing.B) {
	words := make([]string, 500)
	for i := range words {
		words[i] = fmt.Sprintf("crawler-%03d", i)
	}
	block := benchLog()
	if name := os.Getenv("CIDRX_BENCH_LOG"); name != "" {
		var err error
		if block, err = os.ReadFile(name); err != nil {
			b.Fatal(err)
		}
	}
	lines := float64(bytes.Count(block, []byte("\n")))
	for _, c := range []struct {
		name string
		o    match.Options
	}{
		{"4 words", match.Options{UserAgent: scanners4}},
		{"20 words", match.Options{UserAgent: scanners20}},
		{"500 words", match.Options{UserAgent: strings.Join(words, "|")}},
		{"issue's agents", match.Options{UserAgent: ".*scanner.*|.*nikto.*|.*sqlmap.*"}},
		{"api", match.Options{Endpoint: "/api/.*"}},
		{"probes", match.Options{Endpoint: probes}},
		{"api and agents", match.Options{Endpoint: "/api/.*", UserAgent: scanners4}},
	} {
		f, err := match.New(c.o)
		if err != nil {
			b.Fatal(err)
		}
		s, sets := sieve(f)
		b.Run(c.name, func(b *testing.B) { benchScan(b, s, sets[0], block, lines) })
		b.Run(c.name+", slow", func(b *testing.B) { benchScan(b, s.Slowly(), sets[0], block, lines) })
	}
}

func benchScan(b *testing.B, s *match.Sieve, all match.Sets, block []byte, lines float64) {
	found, p := 0, s.Pass()
	b.SetBytes(int64(len(block)))
	for b.Loop() {
		found = 0
		p.Start(block)
		for p.First < len(block) {
			end := p.First + bytes.IndexByte(block[p.First:], '\n')
			if p.Until(end)&all == all {
				found++
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/lines, "ns/line")
	b.ReportMetric(100*float64(found)/lines, "%candidates")
}

// BenchmarkMatchTarget decides about candidates.
func BenchmarkMatchTarget(b *testing.B) {
	for _, c := range []struct {
		name          string
		o             match.Options
		target, agent string
		want          bool
	}{
		{"api, hit", match.Options{Endpoint: "/api/.*"}, "/api/v1/items/17", agent120, true},
		{"issue's agents, hit", match.Options{UserAgent: ".*scanner.*|.*nikto.*|.*sqlmap.*"}, "/", agent120 + " sqlmap/1.5", true},
		{"anchored .*, hit", match.Options{UserAgent: "^.*bot.*$"}, "/", agent120 + " bot/1.5", true},
		{"two words, hit", match.Options{UserAgent: "Mozilla.*Nikto"}, "/", agent120 + " Nikto/1.5", true},
		{"digits, hit", match.Options{UserAgent: `(?i)python-requests/\d+\.\d+`}, "/", "python-requests/2.31.0", true},
	} {
		b.Run(c.name, func(b *testing.B) {
			benchmark(b, c.o, parse.Event{Target: []byte(c.target), UserAgent: []byte(c.agent)}, c.want)
		})
	}
}
