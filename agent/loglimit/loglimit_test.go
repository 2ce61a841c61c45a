package loglimit_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cidrx/agent/loglimit"
)

// desk is a limited logger with a clock that stands still unless it is moved.
type desk struct {
	now   time.Time
	out   bytes.Buffer
	log   *slog.Logger
	limit *loglimit.Limit
}

func newDesk() *desk {
	d := &desk{now: time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)}
	plain := slog.New(slog.NewTextHandler(&d.out, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}}))
	d.log, d.limit = loglimit.Wrap(plain, func() time.Time { return d.now })
	return d
}

// written counts the lines that were written since the last call, and returns the last of them.
func (d *desk) written() (n int, last string) {
	lines := strings.Split(strings.TrimSuffix(d.out.String(), "\n"), "\n")
	if d.out.Len() == 0 {
		return 0, ""
	}
	d.out.Reset()
	return len(lines), lines[len(lines)-1]
}

func TestFlood(t *testing.T) {
	d := newDesk()
	for i := range 10_000 {
		d.log.Warn("too bad", "n", i)
	}
	if n, _ := d.written(); n != loglimit.Burst {
		t.Errorf("%d lines at once, want %d", n, loglimit.Burst)
	}
	d.now = d.now.Add(loglimit.Window)
	d.limit.Tick()
	n, last := d.written()
	if diff := cmp.Diff(`level=WARN msg="9900 more like this were suppressed in the last minute" like="too bad"`, last); n != 1 || diff != "" {
		t.Errorf("%d lines sum it up (-want +got):\n%s", n, diff)
	}
	d.limit.Tick()
	if n, last := d.written(); n != 0 {
		t.Errorf("it is summed up once more: %s", last)
	}
	if got := d.limit.Suppressed(); got != 9900 {
		t.Errorf("%d suppressed, want 9900", got)
	}
}

// An hour of 20 messages a second of each of several kinds: what passes is the burst, then one each six seconds and one summary a minute.
func TestLongRun(t *testing.T) {
	d := newDesk()
	kinds := []string{"a", "b", "c"}
	lines := 0
	for range 3600 {
		for range 20 {
			for _, kind := range kinds {
				d.log.Info(kind)
			}
		}
		d.now = d.now.Add(time.Second)
		d.limit.Tick()
		n, _ := d.written()
		lines += n
	}
	most := len(kinds) * (loglimit.Burst + 3600/6 + 60 + 1)
	if lines > most || lines < most-10 {
		t.Errorf("%d lines in an hour, want about %d", lines, most)
	}
}

func TestKindsDoNotCountForEachOther(t *testing.T) {
	d := newDesk()
	one, other := d.log.With("source", "one"), d.log.With("source", "other")
	for range 1000 {
		one.Warn("file cannot be read")
	}
	d.written()
	other.Warn("file cannot be read", "file", "/x")
	if n, last := d.written(); n != 1 || last != `level=WARN msg="file cannot be read" source=other file=/x` {
		t.Errorf("%d lines: %s", n, last)
	}
	one.WithGroup("g").Warn("file cannot be read", "file", "/y")
	if n, last := d.written(); n != 1 || last != `level=WARN msg="file cannot be read" source=one g.file=/y` {
		t.Errorf("%d lines: %s", n, last)
	}
	d.limit.Flush()
	if _, last := d.written(); !strings.Contains(last, "900 more like this were suppressed in the last 1s") || !strings.Contains(last, "source=one") {
		t.Errorf("the summary does not say whose: %s", last)
	}
}

func TestAlways(t *testing.T) {
	d := newDesk()
	for range 1000 {
		d.log.InfoContext(loglimit.Always(context.Background()), "ban")
	}
	if n, _ := d.written(); n != 1000 {
		t.Errorf("%d of 1000 bans are in the log", n)
	}
}

func TestWrapTwice(t *testing.T) {
	d := newDesk()
	again, limit := loglimit.Wrap(d.log, time.Now)
	if again != d.log || limit != d.limit {
		t.Error("a limited logger is limited once more")
	}
	if d.log.Enabled(t.Context(), slog.LevelDebug) {
		t.Error("what the handler behind does not write is enabled")
	}
}

// A clock that is set back neither silences the log nor opens it.
func TestClockSetBack(t *testing.T) {
	d := newDesk()
	for range 1000 {
		d.log.Info("x")
	}
	d.written()
	d.now = d.now.Add(-24 * time.Hour)
	d.limit.Tick()
	for range 1000 {
		d.log.Info("x")
	}
	if n, _ := d.written(); n > 2 {
		t.Errorf("%d lines after the clock was set back", n)
	}
	for range 2 * loglimit.Burst {
		d.now = d.now.Add(loglimit.Every)
		d.log.Info("x")
	}
	if n, _ := d.written(); n < 2*loglimit.Burst {
		t.Errorf("%d lines of %d that have the time to pass", n, 2*loglimit.Burst)
	}
}

// Texts that others make up are bounded together, in lines and in memory.
func TestManyKinds(t *testing.T) {
	d := newDesk()
	text := strings.Repeat("x", 1000)
	for i := range 50_000 {
		d.log.Warn(fmt.Sprint(text, i))
		if i%1000 == 0 {
			d.out.Reset()
		}
	}
	d.out.Reset()
	for i := range 10_000 {
		d.log.Warn(fmt.Sprint(text, -1-i))
	}
	if n, _ := d.written(); n != 0 {
		t.Errorf("%d more lines of texts that were never seen", n)
	}
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	if m.HeapAlloc > 32<<20 {
		t.Errorf("%d MiB are kept", m.HeapAlloc>>20)
	}
	d.now = d.now.Add(time.Hour)
	d.limit.Tick()
	d.written()
	for i := range 10 { // by now the others might as well be new
		d.log.Warn(fmt.Sprint("new ", i))
	}
	if n, _ := d.written(); n != 10 {
		t.Errorf("%d of 10 new kinds pass", n)
	}
}

func BenchmarkSuppressed(b *testing.B) {
	d := newDesk()
	for b.Loop() {
		d.log.Warn("too bad", "n", 1)
	}
}
