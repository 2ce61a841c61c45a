package bench

import (
	"fmt"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"cidrx/cmd/internal/rig"
)

const (
	addresses     = 200_000
	offeredLines  = 500_000 // a second
	offeredFor    = 40 * time.Second
	blockLines    = 2_500 // written at once, some 0.5 MB
	keptBehind    = 64 << 20
	keptHead      = 1 << 20 // of the log: followers know a file by how it begins
	backlogBlocks = 1_600   // of the log that is caught up with
)

// BenchmarkSustained offers lines at a steady pace for 20 million lines, by a writer on the same cores.
func BenchmarkSustained(b *testing.B) {
	h := newHost(b, configuration)
	h.start()
	w := &rig.Writer{File: h.openLog(), Blocks: rig.NewTraffic(1, addresses).Blocks(blockLines), Every: time.Second * blockLines / offeredLines}
	for b.Loop() {
		done, ended := make(chan struct{}), make(chan error)
		go func() { ended <- w.Run(done) }()
		before := h.usage()
		start := time.Now()
		samples := follow(h, w)
		close(done)
		must(b, <-ended)
		took := time.Since(start).Seconds()
		written := w.Lines.Load()
		h.await(5*time.Minute, "all lines are counted", func() bool { return h.status().Sources[0].Lines >= written })
		report(samples, float64(written)/took, float64(h.usage().CPU-before.CPU)/float64(written))
	}
}

// sample is how it stood at one time of the run.
type sample struct {
	behind float64 // seconds' worth of lines written and not yet counted
	memory rig.Usage
}

// follow looks once a second how far the agent is behind and what it takes, and gives the room of what it has read back to the disk.
func follow(h *host, w *rig.Writer) []sample {
	h.b.Helper()
	var out []sample
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for start := time.Now(); time.Since(start) < offeredFor; {
		<-tick.C
		counted := h.status().Sources[0].Lines
		written, size := w.Lines.Load(), w.Bytes.Load()
		out = append(out, sample{behind: float64(written-min(counted, written)) / offeredLines, memory: h.usage()})
		must(h.b, forgetRead(w.File, int64(float64(counted)/float64(written)*float64(size))))
	}
	return out
}

// forgetRead makes a hole of what lies well before offset: the log of the run would take 5 GB.
func forgetRead(log *os.File, offset int64) error {
	size := (offset - keptBehind - keptHead) &^ (1<<20 - 1)
	if size <= 0 {
		return nil
	}
	if err := unix.Fallocate(int(log.Fd()), unix.FALLOC_FL_PUNCH_HOLE|unix.FALLOC_FL_KEEP_SIZE, keptHead, size); err != nil {
		return fmt.Errorf("fallocate %s: %w", log.Name(), err)
	}
	return nil
}

func report(samples []sample, rate, nanos float64) {
	n := len(samples)
	lag := func(s []sample) (sum, most float64) {
		for _, each := range s {
			sum += each.behind / float64(len(s))
			most = max(most, each.behind)
		}
		return sum * 1000, most * 1000
	}
	first, _ := lag(samples[:n/4])
	last, _ := lag(samples[n-n/4:])
	_, most := lag(samples)
	end := samples[n-1].memory
	results.add("sustained: offered", "500,000 lines/s", "%.0f lines/s for %v by a writer on the same cores; the agent takes %.2f µs of CPU a line", rate, offeredFor, nanos/1000)
	results.add("sustained: lag", "not growing", "first quarter %.1f ms, last quarter %.1f ms, max %.0f ms", first, last, most)
	results.add("sustained: resident memory", "≤ 100 MB, not growing", "%.0f MB after 5, %.0f after 10, %.0f after 15, %.0f after 20 million lines, peak %.0f",
		samples[n/4].memory.RSS, samples[n/2].memory.RSS, samples[3*n/4].memory.RSS, end.RSS, end.Peak)
}

// BenchmarkCatchUp has the agent read a log that is already full as fast as it can.
func BenchmarkCatchUp(b *testing.B) {
	h := newHost(b, configuration)
	h.start()
	for b.Loop() {
		backlog := h.Path("backlog")
		lines := writeBacklog(b, backlog)
		before, known := h.usage(), h.status().Sources[0].Lines
		start := time.Now()
		must(b, os.Rename(backlog, h.Path("access.log"))) // as if rotation had brought it
		h.await(5*time.Minute, "all lines are counted", func() bool { return h.status().Sources[0].Lines >= known+lines })
		took := time.Since(start)
		after := h.usage()
		rate := float64(lines) / took.Seconds()
		results.add("catching up, nothing else running", "", "%.0f lines/s, %.2f µs of CPU a line, peak %.0f MB", rate, float64((after.CPU-before.CPU).Microseconds())/float64(lines), after.Peak)
		b.ReportMetric(rate, "lines/s")
	}
}

// writeBacklog writes a log of some million lines and says of how many.
func writeBacklog(b *testing.B, path string) (lines uint64) {
	f, err := os.Create(path)
	must(b, err)
	defer f.Close()
	w := &rig.Writer{File: f, Blocks: rig.NewTraffic(1, addresses).Blocks(blockLines)}
	for i := range backlogBlocks {
		must(b, w.Write(w.Blocks[i%len(w.Blocks)]))
	}
	return w.Lines.Load()
}
