package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
)

// TestMapLog maps what is read as it lies, and leaves alone what must be unpacked or is no file.
func TestMapLog(t *testing.T) {
	lines := linesOf(3*os.Getpagesize() + 5)
	for name, c := range map[string]struct {
		content []byte
		mapped  bool
	}{
		"plain": {lines, true}, "one byte": {lines[:1], true}, "empty": {nil, false}, "gzip": {gzipOf(t, lines), false}, "zstd": {zstdOf(t, lines), false},
	} {
		path := filepath.Join(t.TempDir(), "log")
		if err := os.WriteFile(path, c.content, 0o644); err != nil {
			t.Fatal(err)
		}
		in, info, err := openRaw(path)
		if err != nil {
			t.Fatal(err)
		}
		var read atomic.Int64
		m := mapLog(in, info, &read)
		if (m != nil) != c.mapped {
			t.Errorf("%s: mapped: %t", name, m != nil)
		}
		if rest, err := io.ReadAll(in); err != nil || !bytes.Equal(rest, c.content) {
			t.Errorf("%s: what reads the file in its place gets %d bytes of %d; %v", name, len(rest), len(c.content), err)
		}
		in.Close()
		if m == nil {
			continue
		}
		for from := 0; from < len(lines); from += 1000 { // the pages that go come back when they are looked at
			if end := min(from+1000, len(c.content)); from < end {
				m.Passed(m.Bytes()[from:end])
			}
			if !bytes.Equal(m.Bytes(), c.content) {
				t.Fatalf("%s: other bytes after %d were passed", name, from)
			}
		}
		if n := read.Load(); n != int64(len(c.content)) {
			t.Errorf("%s: %d bytes are counted", name, n)
		}
		if err := m.Close(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
