package static

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"cidrx/detect/match"
	"cidrx/detect/report"
)

// result is all that an analysis says.
type result struct {
	Error    string
	Report   *report.Report
	Findings []Finding
	Sample   []string
	Of       uint64
}

func resultOf(a *Analysis, err error) result {
	if err != nil {
		return result{Error: err.Error()}
	}
	out := result{Report: a.Report, Findings: a.Findings}
	if a.sample != nil {
		out.Of = a.sample.of
		for _, l := range a.sample.lines {
			out.Sample = append(out.Sample, fmt.Sprintf("%d:%d %s", l.log, l.at, l.line))
		}
	}
	return out
}

func diff(want, got result) string {
	return cmp.Diff(want, got, cmpopts.EquateEmpty(), cmpopts.EquateComparable(netip.Prefix{}, netip.Addr{}))
}

// Whoever counts, in whatever pieces, the result is that of the slow twin.
func TestAnalyzeIsTheSlowOne(t *testing.T) {
	for seed := range uint64(150) {
		r := rand.New(rand.NewPCG(seed, 1))
		o := randomOptions(r)
		var logs []Log
		for i := range 1 + r.IntN(3) {
			logs = append(logs, memory(fmt.Sprint("log ", i), r.IntN(2) == 0, randomLog(r, 300, randomKind(r))))
		}
		want := resultOf(analyzeSlowly(o, logs))
		for _, workers := range []int{1, 2, 3, 8} {
			o.Workers = workers
			size := []int{1, 7, 100, 997, 1 << 14, blockSize}[r.IntN(6)]
			got := resultOf(analyze(context.Background(), o, logs, size))
			if d := diff(want, got); d != "" {
				t.Fatalf("seed %d, %d workers, blocks of %d (-want +got):\n%s", seed, workers, size, d)
			}
		}
	}
}

// Filters that ask for literals, without anything that has every line looked at: most lines take the quick way.
func TestAnalyzeFiltersIsTheSlowOne(t *testing.T) {
	passed := uint64(0)
	for seed := range uint64(150) {
		r := rand.New(rand.NewPCG(seed, 2))
		var logs []Log
		for i := range 1 + r.IntN(3) {
			logs = append(logs, memory(fmt.Sprint("log ", i), true, randomLog(r, 1<<r.IntN(11), []int{jsonLog, accessLog}[r.IntN(2)])))
		}
		o := literalOptions(r)
		want := resultOf(analyzeSlowly(o, logs))
		for _, workers := range []int{1, 3} {
			o.Workers = workers
			size := []int{100, 1 << 14, blockSize}[r.IntN(3)]
			if d := diff(want, resultOf(analyze(context.Background(), o, logs, size))); d != "" {
				t.Fatalf("seed %d, %d workers, blocks of %d (-want +got):\n%s", seed, workers, size, d)
			}
		}
		if want.Report != nil {
			for _, s := range want.Report.Sections {
				passed += s.Requests
			}
		}
	}
	if passed < 5_000 {
		t.Errorf("%d requests passed a filter: the comparison says little", passed)
	}
}

// The same log cut at every place near the ends of lines of every kind.
func TestAnalyzeCutAnywhere(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	o := randomOptions(rand.New(rand.NewPCG(15, 1)))
	o.Sample, o.Workers = true, 2
	logs := []Log{memory("log", false, randomLog(r, 12, accessLog))}
	want := resultOf(analyzeSlowly(o, logs))
	for size := 1; size < 700; size++ {
		if d := diff(want, resultOf(analyze(context.Background(), o, logs, size))); d != "" {
			t.Fatalf("blocks of %d (-want +got):\n%s", size, d)
		}
	}
}

// Each section says how long its hosts took to sort, by the clock that it is given.
func TestCountTook(t *testing.T) {
	var asked atomic.Int64
	clock := func() time.Time { return time.Unix(asked.Add(1), 0) } // a second passes with each look at it
	o := Options{Format: "combined", Sections: []Section{{Name: "all"}, {Name: "some", Filter: match.Options{Endpoint: "/"}}}, Clock: clock, Workers: 1}
	a, err := Analyze(context.Background(), o, []Log{memory("log", true, []byte(usualLine))})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range a.Report.Sections {
		if s.CountTook != time.Second {
			t.Errorf("section %s: counted in %s, want 1s", s.Name, s.CountTook)
		}
	}
}
