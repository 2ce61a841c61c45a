package tail_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"cidrx/agent/tail"
)

// BenchmarkBulk reads a log that is in the page cache: bytes and lines a second.
func BenchmarkBulk(b *testing.B) {
	const lines = 2_000_000
	path := filepath.Join(b.TempDir(), "log")
	var content []byte
	for i := range lines {
		content = fmt.Appendf(content, `192.0.2.%d - - [12/Nov/2026:10:00:00 +0000] "GET /%d HTTP/1.1" 200 17 "-" "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36"`+"\n", i%256, i)
	}
	must(b, os.WriteFile(path, content, 0o600))
	opt := tail.Options{Paths: []string{path}, StartAt: tail.AtWindow, WindowStart: time.Unix(1, 0)}
	opt.Since = func([]byte) (time.Time, bool) { return time.Unix(2, 0), true }
	b.ResetTimer()
	for range b.N {
		left := int64(min(len(content), 64<<20))
		ctx, cancel := context.WithCancel(context.Background())
		must(b, tail.New(opt).Run(ctx, func(c tail.Chunk) error {
			if left -= int64(len(c.Data)); left < 1000 {
				cancel()
			}
			c.Release()
			return nil
		}))
	}
	perLine := float64(len(content)) / lines
	b.SetBytes(64 << 20)
	b.ReportMetric(float64(b.N)*(64<<20)/perLine/b.Elapsed().Seconds(), "lines/s")
}

// BenchmarkAppendToChunk is the time from before the write(2) of a line to its chunk.
func BenchmarkAppendToChunk(b *testing.B) {
	l := create(b, filepath.Join(b.TempDir(), "log"))
	f := tail.New(tail.Options{Paths: []string{l.path}})
	came := make(chan time.Time, 1)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() {
		done <- f.Run(ctx, func(c tail.Chunk) error {
			if len(c.Data) > 0 {
				came <- time.Now()
			}
			c.Release()
			return nil
		})
	}()
	eventually(b, "start", func() bool { return len(f.Status()) > 0 })
	line := numbered(1)
	var took []time.Duration
	b.ResetTimer()
	for range b.N {
		begin := time.Now()
		l.write(line)
		took = append(took, (<-came).Sub(begin))
	}
	b.StopTimer()
	cancel()
	must(b, <-done)
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds()), "µs-median")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "µs-p99")
}

// BenchmarkManyWrites has one line a write(2), as fast as the writer can, and counts lines a second until all have come.
func BenchmarkManyWrites(b *testing.B) {
	l := create(b, filepath.Join(b.TempDir(), "log"))
	f := tail.New(tail.Options{Paths: []string{l.path}})
	line := numbered(1)
	var chunks int
	left := int64(b.N * len(line))
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() {
		done <- f.Run(ctx, func(c tail.Chunk) error {
			chunks++
			if left -= int64(len(c.Data)); left == 0 {
				cancel()
			}
			c.Release()
			return nil
		})
	}()
	eventually(b, "start", func() bool { return len(f.Status()) > 0 })
	b.ResetTimer()
	for range b.N {
		l.write(line)
	}
	must(b, <-done)
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "lines/s")
	b.ReportMetric(float64(b.N)/float64(chunks), "lines/chunk")
}
