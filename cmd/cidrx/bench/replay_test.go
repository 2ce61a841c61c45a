package bench

import (
	"bufio"
	"bytes"
	"math/rand/v2"
	"net/netip"
	"os"
	"os/exec"
	"testing"
	"time"

	"cidrx/cmd/internal/rig"
	"cidrx/detect/parse"
)

const (
	replayLines = 2_000_000
	replayRate  = 500 // lines a second of log time
	replayRuns  = 3
)

// BenchmarkReplay measures "cidrx replay" on a log of an hour, in which one line in 20 comes from a network that attacks.
func BenchmarkReplay(b *testing.B) {
	h := newHost(b, configuration)
	must(b, writeOld(h.Path("old.log")))
	for b.Loop() {
		var times rig.Spread
		var cpu time.Duration
		for range replayRuns {
			took, state := replay(h)
			times = append(times, took)
			cpu = state.UserTime() + state.SystemTime()
		}
		parsed := parseAlone(h)
		rate := replayLines / times.Median().Seconds()
		results.add("replay", "≥ 200,000 lines/s", "%.0f lines/s (best %.0f of %d runs), %.2f µs of CPU a line; parsing alone %.2f µs",
			rate, replayLines/times.At(0).Seconds(), replayRuns, cpu.Seconds()*1e6/replayLines, parsed.Seconds()*1e6/replayLines)
		b.ReportMetric(rate, "lines/s")
	}
}

// writeOld writes a log of some hours ago.
func writeOld(path string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	w := bufio.NewWriterSize(f, 1<<20)
	t, r := rig.NewTraffic(3, addresses), rand.New(rand.NewPCG(3, 2))
	start := time.Now().UTC().Add(-12 * time.Hour)
	botnet := netip.MustParseAddr("45.155.205.64").As4()
	var line []byte
	for i := range replayLines {
		at := start.Add(time.Duration(i) * time.Second / replayRate)
		if i%20 == 0 {
			botnet[3] = byte(64 + r.IntN(32))
			line = rig.Attack(line[:0], netip.AddrFrom4(botnet), at)
		} else {
			line, _ = t.Line(line[:0], at)
		}
		if _, err := w.Write(line); err != nil {
			return err
		}
	}
	return w.Flush()
}

func replay(h *host) (time.Duration, *os.ProcessState) {
	h.b.Helper()
	cmd := exec.Command(cidrx(), "replay", "--config", h.Path("cidrx.toml"), "--source", "web", "--logfile", h.Path("old.log"), "--json")
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	start := time.Now()
	must(h.b, h.NS.Do(func() error { return rig.OnCores(cmd.Start) }))
	if err := cmd.Wait(); err != nil {
		h.b.Fatalf("cidrx replay: %v\n%s", err, errs.String())
	}
	took := time.Since(start)
	if !bytes.Contains(out.Bytes(), []byte(`"event":"ban"`)) {
		h.b.Fatalf("replay banned nobody:\n%s", errs.String())
	}
	return took, cmd.ProcessState
}

// parseAlone is how long it takes one goroutine to parse the log's lines.
func parseAlone(h *host) time.Duration {
	h.b.Helper()
	text, err := os.ReadFile(h.Path("old.log"))
	must(h.b, err)
	parser, err := parse.New("combined", parse.Options{})
	must(h.b, err)
	var arena parse.Arena
	start := time.Now()
	for len(text) > 0 {
		line, rest, _ := bytes.Cut(text, []byte{'\n'})
		text = rest
		var ev parse.Event
		arena.Reset()
		must(h.b, parser.Parse(line, &ev, &arena))
	}
	return time.Since(start)
}
