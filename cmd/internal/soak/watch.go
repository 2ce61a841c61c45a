package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"cidrx/cmd/internal/rig"
)

// sample is what a running agent takes at one time.
type sample struct {
	at      time.Time
	memory  rig.Usage
	files   int
	threads int
}

// life is the agent from a start to its end.
type life struct {
	start, ready time.Time
	back         time.Time // all standing bans were in the kernel
	caughtUp     time.Time // what was logged while there was no agent had been counted
	end          time.Time
	samples      []sample
	goroutines   []int // at checks
	before       int64 // lines written that this life has not counted, and must not; known after the first check
	checks       int
}

// watch looks at the running agent every so often.
type watch struct {
	host *rig.Host
	mu   sync.Mutex
	pid  int // 0: none runs
	life *life
	all  []*life
	disk int64 // bytes of all files of the host, at most
}

// begin starts a new life.
func (w *watch) begin(start time.Time) *life {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.life = &life{start: start}
	w.all = append(w.all, w.life)
	return w.life
}

// runs says that the agent of this life can be looked at.
func (w *watch) runs(pid int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.pid = pid
}

// over ends the life, just before the agent ends.
func (w *watch) over() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.pid, w.life.end = 0, time.Now()
}

// run takes samples until ctx is done.
func (w *watch) run(ctx context.Context, every time.Duration) error {
	for pause(ctx, every) == nil {
		if err := errors.Join(w.sample(), w.measureDisk()); err != nil {
			return err
		}
	}
	return nil
}

// sample holds mu meanwhile, so that the agent does not end.
func (w *watch) sample() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.pid == 0 {
		return nil
	}
	s, err := sampleOf(w.pid)
	if err != nil {
		return fmt.Errorf("the agent cannot be looked at, it may have ended: %w; it said:\n%s", err, w.host.Said())
	}
	w.life.samples = append(w.life.samples, s)
	return nil
}

func sampleOf(pid int) (s sample, err error) {
	s.at = time.Now()
	if s.memory, err = rig.UsageOf(pid); err != nil {
		return s, err
	}
	if s.files, err = count(pid, "fd"); err != nil {
		return s, err
	}
	s.threads, err = count(pid, "task")
	return s, err
}

func count(pid int, what string) (int, error) {
	entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/%s", pid, what))
	return len(entries), err
}

// measureDisk adds up the files of the host.
func (w *watch) measureDisk() error {
	var sum int64
	err := filepath.WalkDir(w.host.Path("."), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return skipGone(err)
		}
		info, err := d.Info()
		if err == nil {
			sum += info.Size()
		}
		return skipGone(err)
	})
	w.mu.Lock()
	defer w.mu.Unlock()
	w.disk = max(w.disk, sum)
	return err
}

// skipGone forgives that a file has been renamed or deleted meanwhile.
func skipGone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// part is the middle value of what the samples have between two parts of the life, 0 to 1.
func (l *life) part(from, to float64, of func(sample) float64) float64 {
	a, b := int(from*float64(len(l.samples))), int(to*float64(len(l.samples)))
	var list []float64
	for _, s := range l.samples[a:max(b, a)] {
		list = append(list, of(s))
	}
	if len(list) == 0 {
		return 0
	}
	slices.Sort(list)
	return list[len(list)/2]
}

// scrape reads the agent's metrics: values by name with labels, as they stand there.
func scrape(ctx context.Context, h *rig.Host) (map[string]float64, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	client := http.Client{Transport: &http.Transport{DialContext: h.NS.Dialer(netip.Addr{}), DisableKeepAlives: true}}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://127.0.0.1:9464/metrics", nil)
	if err != nil {
		return nil, err
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("metrics: %s", resp.Status)
	}
	values := map[string]float64{}
	lines := bufio.NewScanner(resp.Body)
	for lines.Scan() {
		if name, value, ok := strings.Cut(lines.Text(), " "); ok && name != "#" {
			values[name], _ = strconv.ParseFloat(value, 64) // a label with a space: none that is asked for
		}
	}
	return values, lines.Err()
}
