package detect_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cidrx/detect"
	"cidrx/detect/internal/cputime"
	"cidrx/detect/parse"
)

// send has a host send a line, which begins with its address.
func send(e *detect.Engine, client netip.Addr, second int, rest string) string {
	line := client.String() + " " + rest
	e.Observe(at(second), &parse.Event{Client: client, Time: at(second), Line: []byte(line), Repeat: 1}, 1, func(detect.Verdict) {})
	return line[:min(len(line), 1<<10)]
}

// quiet is an engine that raises nothing.
func quiet(t testing.TB) *detect.Engine {
	return engine(t, strategyOf("all", time.Minute, tier(1<<30, 24, 32, 0)))
}

// host is the i-th of many.
func host(i int) netip.Addr {
	return netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)})
}

// lastOf are the newest three of lines, newest first.
func lastOf(lines []string) []string {
	last := slices.Clone(lines[max(0, len(lines)-3):])
	slices.Reverse(last)
	return last
}

// Where there is room for all of them, the samples of a host are its last lines, however many it sent in a second.
func TestLastLines(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for round := range 20 {
		e, sent, budget := quiet(t), map[netip.Addr][]string{}, 0
		for i := range 3000 {
			if budget--; budget <= 0 {
				budget = 1 + r.IntN(400) // lines of the next second
			}
			client := host(r.IntN(1 + r.IntN(60)))
			sent[client] = append(sent[client], send(e, client, round+i/400, fmt.Sprint(i, strings.Repeat("x", r.IntN(1+r.IntN(1200))))))
		}
		for client, lines := range sent {
			if diff := cmp.Diff(lastOf(lines), e.Samples(netip.PrefixFrom(client, 32))); diff != "" {
				t.Fatalf("round %d, %s sent %d lines (-want +got):\n%s", round, client, len(lines), diff)
			}
		}
	}
}

// A flood takes the place of no line of its second, and no text that is overwritten is ever shown.
func TestLastLinesInAFlood(t *testing.T) {
	e, r := quiet(t), rand.New(rand.NewPCG(9, 10))
	early := host(1 << 20)
	for second := range 12 {
		var last []string
		for i := range 6000 {
			if i%500 == 0 {
				last = append(last, send(e, early, second, fmt.Sprint("line ", i)))
			}
			send(e, host(r.IntN(1500)), second, strings.Repeat("y", r.IntN(1100)))
		}
		if diff := cmp.Diff(lastOf(last), e.Samples(netip.PrefixFrom(early, 32))); diff != "" {
			t.Fatalf("second %d (-want +got):\n%s", second, diff)
		}
		for i := range 1500 {
			for _, line := range e.Samples(netip.PrefixFrom(host(i), 32)) {
				if rest, ok := strings.CutPrefix(line, host(i).String()+" "); !ok || strings.Trim(rest, "y") != "" {
					t.Fatalf("a line of %s: %q", host(i), line)
				}
			}
		}
	}
}

// When the clock is set back and the same second comes again, its lines are new ones.
func TestLastLinesWhenTheClockIsSetBack(t *testing.T) {
	e, client := quiet(t), host(1)
	for i := range 5 {
		send(e, client, 100, fmt.Sprint("before ", i))
	}
	for i := range 20_000 {
		send(e, host(2+i), i/1000, "meanwhile")
	}
	var lines []string
	for i := range 5 {
		lines = append(lines, send(e, client, 100, fmt.Sprint("after ", i)))
	}
	if diff := cmp.Diff(lastOf(lines), e.Samples(netip.PrefixFrom(client, 32))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// BenchmarkObserveLoud is one host that sends 500,000 lines a second: what keeping the last of them costs shows best.
func BenchmarkObserveLoud(b *testing.B) {
	e := quiet(b)
	ev := parse.Event{Client: host(1), Line: bytes.Repeat([]byte("x"), 237), Repeat: 1}
	i := 0
	b.ReportAllocs()
	cputime.Report(b, func() {
		for b.Loop() {
			ev.Time = at(i / 500_000)
			e.Observe(ev.Time, &ev, 1, func(detect.Verdict) {})
			i++
		}
	})
}
