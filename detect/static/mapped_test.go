package static

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/sys/unix"
)

// mapping is a Mapped in memory.
type mapping struct {
	*bytes.Reader
	all    []byte
	passed atomic.Int64
}

func newMapping(all []byte) *mapping { return &mapping{Reader: bytes.NewReader(all), all: all} }

func (m *mapping) Bytes() []byte   { return m.all }
func (m *mapping) Passed(b []byte) { m.passed.Add(int64(len(b))) }
func (m *mapping) Close() error    { return nil }

// All of a mapped log is passed once, in both reads of it.
func TestMappedIsPassed(t *testing.T) {
	content := []byte(strings.Repeat(usualLine, 50_000))
	m := newMapping(content)
	log := Log{Name: "log", Again: true, Open: func() (io.ReadCloser, error) { return m, nil }}
	a, err := Analyze(t.Context(), Options{Format: "combined", Workers: 3}, []Log{log})
	if err != nil {
		t.Fatal(err)
	}
	if n := m.passed.Swap(0); n != int64(len(content)) {
		t.Errorf("the first read passed %d bytes of %d", n, len(content))
	}
	if _, err := a.Look(t.Context()); err != nil || m.passed.Load() != int64(len(content)) {
		t.Errorf("the second read passed %d bytes of %d; %v", m.passed.Load(), len(content), err)
	}
}

// A file that becomes shorter while it is mapped takes its pages along. That is an error of the log, in every goroutine that looks there.
func TestMappedBecomesShorter(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	if err := os.WriteFile(path, []byte(strings.Repeat(usualLine, 200_000)), 0o644); err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		t.Fatal(err)
	}
	all, err := unix.Mmap(int(file.Fd()), 0, int(info.Size()), unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Munmap(all)
	log := Log{Name: "log", Again: true, Open: func() (io.ReadCloser, error) { return newMapping(all), nil }}
	a, err := Analyze(t.Context(), Options{Format: "combined"}, []Log{log})
	if err != nil {
		t.Fatal(err)
	}
	for _, left := range []int64{1 << 20, 0} { // at its beginning the format is looked for
		if err := os.Truncate(path, left); err != nil {
			t.Fatal(err)
		}
		for _, workers := range []int{1, 2, 3} {
			if _, err := Analyze(t.Context(), Options{Format: "combined", Workers: workers}, []Log{log}); !errors.Is(err, errShorter) {
				t.Errorf("%d bytes left, %d workers: %v", left, workers, err)
			}
		}
		if _, err := a.Look(t.Context()); !errors.Is(err, errShorter) {
			t.Errorf("%d bytes left, second read: %v", left, err)
		}
	}
}

// Other faults and panics are somebody's mistake, and stay.
func TestShieldedPanics(t *testing.T) {
	for name, f := range map[string]func(){
		"a panic": func() { panic("x") },
		"nil":     func() { var p *int; *p = 1 },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s is swallowed", name)
				}
			}()
			_ = shielded(newMapping(make([]byte, 10)), func() error { f(); return nil })
		}()
	}
}
