package static

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"

	"cidrx/detect/cidr"
	"cidrx/detect/match"
	"cidrx/detect/static/logtest"
)

// BenchmarkCount counts requests of so many addresses, each as likely as any other: the worst for the processor's cache.
func BenchmarkCount(b *testing.B) {
	for _, hosts := range []int{10_000, 200_000, 1_000_000} {
		b.Run(fmt.Sprint(hosts), func(b *testing.B) {
			r := rand.New(rand.NewPCG(1, 2))
			requests := make([]seen, 4*hosts)
			for i := range requests {
				requests[i] = seen{addr: uint32(r.IntN(hosts)) * 0x9e3779b1, at: uint32(1 + i)}
			}
			for b.Loop() {
				l := newLane(&population{tally: newTally()})
				l.waiting = new([shards * batch]seen)
				for _, one := range requests {
					l.put(one)
				}
				l.flush()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(requests)), "ns/request")
		})
	}
}

// BenchmarkSettle makes sorted hosts of counted ones.
func BenchmarkSettle(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	for b.Loop() {
		b.StopTimer()
		t := newTally()
		for range 1_000_000 {
			t.add4(seen{addr: r.Uint32(), at: 1}, 1)
		}
		b.StartTimer()
		t.settle()
	}
}

// BenchmarkAnalyze reads a log from memory.
func BenchmarkAnalyze(b *testing.B) {
	log := logtest.New(logtest.Options{Lines: 500_000, Addresses: 100_000, Seed: 1})
	var content bytesWriter
	if _, err := log.WriteTo(&content); err != nil {
		b.Fatal(err)
	}
	tiers := []cidr.Tier{{MinSize: 500, MinDepth: 28, MaxDepth: 32, Threshold: 100_000, MaxCollateral: cidr.NoCollateralLimit}}
	plain := Section{Name: "plain", Tiers: tiers}
	agent := Section{Name: "agent", Filter: match.Options{UserAgent: ".*scanner.*|.*nikto.*|.*sqlmap.*"}, Tiers: tiers}
	endpoint := Section{Name: "endpoint", Filter: match.Options{Endpoint: "/api/.*"}, Tiers: tiers}
	timed := Section{Name: "timed", Start: logtest.Start.Add(logtest.Length / 2), Tiers: tiers}
	for _, bench := range []struct {
		name     string
		sections []Section
	}{
		{"plain", []Section{plain}},
		{"filters", []Section{agent, endpoint}},
		{"timed", []Section{timed}},
		{"four", []Section{plain, agent, endpoint, timed}},
	} {
		b.Run(bench.name, func(b *testing.B) {
			b.SetBytes(int64(len(content)))
			for b.Loop() {
				o := Options{Format: "combined", Sections: bench.sections}
				if _, err := Analyze(context.Background(), o, []Log{memory("log", true, content)}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

type bytesWriter []byte

func (b *bytesWriter) Write(p []byte) (int, error) {
	*b = append(*b, p...)
	return len(p), nil
}

var _ io.Writer = (*bytesWriter)(nil)
