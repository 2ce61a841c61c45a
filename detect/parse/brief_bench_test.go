package parse_test

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"cidrx/detect/parse"
)

// benchBlock is about a mebibyte of lines that look like line, with other addresses, targets and agents.
func benchBlock(line string) []byte {
	agents := []string{
		"Mozilla/5.0 (X11; Linux x86_64; rv:109.0) Gecko/20100101 Firefox/115.0", "curl/8.1",
		"Mozilla/5.0 (Windows NT 6.1; WOW64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/32.0.1700.107 Safari/537.36", "-",
		"Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
	}
	var b bytes.Buffer
	for i := 0; b.Len() < 1<<20; i++ {
		x := uint32(i) * 0x9E3779B1
		addr := fmt.Sprintf("%d.%d.%d.%d", 1+x>>24%223, x>>16&255, x>>8&255, x>>3&255)
		b.WriteString(strings.NewReplacer("128.199.220.236", addr, "203.0.113.9", addr, "q=1", strings.Repeat("q", int(x>>20&63)), agents[0], agents[x>>10%5],
			":00:00:19", fmt.Sprintf(":00:%02d:%02d", i/60/50%60, i/50%60)).Replace(line))
		b.WriteByte('\n')
	}
	return b.Bytes()
}

func BenchmarkBriefs(b *testing.B) {
	for _, c := range []struct{ name, format, line string }{
		{"combined", "combined", combinedLine},
		{"client last", defaultFormat, lastLine},
		{"common", "common", commonLine},
		{"vhost_combined", "vhost_combined", vhostLine},
		{"combined, IPv6", "combined", strings.Replace(combinedLine, "128.199.220.236", "2001:db8:12:3400::1", 1)},
		{"nginx-json", "nginx-json", nginxJSON},
		{"caddy", "caddy", caddyLine},
		{"traefik", "traefik", traefikLine},
		{"traefik-json", "traefik-json", traefikJSON},
		{"haproxy", "haproxy", haproxyLine},
		{"envoy-json", "envoy-json", envoyJSONLine},
		{"alb", "alb", albLine},
	} {
		block := benchBlock(c.line)
		b.Run(c.name, func(b *testing.B) { benchBriefs(b, c.format, block, 0) })
		b.Run(c.name+", target and agent", func(b *testing.B) { benchBriefs(b, c.format, block, parse.WantTarget|parse.WantUserAgent) })
		b.Run(c.name+", Parse", func(b *testing.B) { benchParse(b, c.format, block) })
	}
	if name := os.Getenv("CIDRX_BENCH_LOG"); name != "" {
		block, err := os.ReadFile(name)
		if err != nil {
			b.Fatal(err)
		}
		b.Run("log", func(b *testing.B) { benchBriefs(b, "combined", block, 0) })
		b.Run("log, target and agent", func(b *testing.B) { benchBriefs(b, "combined", block, parse.WantTarget|parse.WantUserAgent) })
		b.Run("log, Parse", func(b *testing.B) { benchParse(b, "combined", block) })
	}
}

func benchBriefs(b *testing.B, format string, block []byte, want parse.Fields) {
	p := parse.BrieferOf(newParser(b, format, parse.Options{}))
	out := make([]parse.Brief, 256)
	lines, usual, began := 0, 0, cpuTime()
	b.SetBytes(int64(len(block)))
	b.ReportAllocs()
	for b.Loop() {
		for at := 0; at < len(block); {
			var n int
			n, at = p.Briefs(block, at, want, out)
			lines += n
			for i := range out[:n] {
				if out[i].Usual {
					usual++
				}
			}
		}
	}
	b.ReportMetric(float64(cpuTime()-began)/float64(lines), "cpu-ns/line")
	b.ReportMetric(100*float64(usual)/float64(lines), "%usual")
}

func benchParse(b *testing.B, format string, block []byte) {
	p := newParser(b, format, parse.Options{})
	var ev parse.Event
	var a parse.Arena
	lines, began := 0, cpuTime()
	b.SetBytes(int64(len(block)))
	for b.Loop() {
		for rest := block; len(rest) > 0; lines++ {
			n := bytes.IndexByte(rest, '\n')
			_ = p.Parse(rest[:n], &ev, &a)
			a.Reset()
			rest = rest[n+1:]
		}
	}
	b.ReportMetric(float64(cpuTime()-began)/float64(lines), "cpu-ns/line")
}

// cpuTime is the processor time that the benchmark has used, which others on the machine hardly change.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
