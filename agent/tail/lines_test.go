package tail_test

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cidrx/agent/tail"

	"github.com/google/go-cmp/cmp"
)

// shown shortens long lines so that a difference can be read.
func shown(lines []string) []string {
	var out []string
	for _, l := range lines {
		if len(l) > 40 {
			l = l[:10] + "…" + strings.Repeat("+", len(l)&7) + l[len(l)-5:]
		}
		out = append(out, l)
	}
	return out
}

func TestLines(t *testing.T) {
	limit := repeat("a", tail.MaxLine)
	tests := map[string]struct {
		pieces []string
		want   []string
		cut    int
	}{
		"empty lines":              {pieces: []string{"\n\na\n"}, want: []string{"", "", "a"}},
		"invalid UTF-8":            {pieces: []string{"\xff\xfe\n"}, want: []string{"\xff\xfe"}},
		"carriage return stays":    {pieces: []string{"a\r\n"}, want: []string{"a\r"}},
		"NULs before a line":       {pieces: []string{"a\n\x00\x00\x00b\n"}, want: []string{"a", "b"}},
		"NUL inside a line":        {pieces: []string{"a\x00b\n"}, want: []string{"a\x00b"}},
		"NULs, then a line later":  {pieces: []string{"a\n\x00\x00", "\x00b\n"}, want: []string{"a", "b"}},
		"many NULs":                {pieces: []string{"a\n" + repeat("\x00", 3<<20) + "b\n"}, want: []string{"a", "b"}},
		"line of 100 KiB in parts": {pieces: []string{repeat("x", 70<<10), repeat("y", 30<<10), "\nz\n"}, want: []string{repeat("x", 70<<10) + repeat("y", 30<<10), "z"}},
		"line of 1 MiB":            {pieces: []string{limit + "\nb\n"}, want: []string{limit, "b"}},
		"a byte longer":            {pieces: []string{limit + "!\nb\n"}, want: []string{limit, "b"}, cut: 1},
		"much longer":              {pieces: []string{limit + limit, limit + "\nb\n"}, want: []string{limit, "b"}, cut: 1},
		"two long ones":            {pieces: []string{limit + "1\n" + limit + "2\nb\n"}, want: []string{limit, limit, "b"}, cut: 2},
	}
	for name, test := range tests {
		t.Run("file/"+name, func(t *testing.T) {
			l := create(t, filepath.Join(t.TempDir(), "log"))
			r := start(t, tail.Options{Paths: []string{l.path}})
			r.following(l.path)
			for _, p := range test.pieces {
				l.write(p)
				eventually(t, "the piece to be seen", func() bool { return r.status(l.path).Size >= int64(len(p)) })
			}
			eventually(t, "all lines", func() bool { return len(r.got()) >= len(test.want) })
			compareLines(t, r, test.want, test.cut)
		})
		t.Run("stdin/"+name, func(t *testing.T) {
			r := start(t, tail.Options{Paths: []string{"-"}, Stdin: io.MultiReader(readers(test.pieces)...)})
			<-r.done
			compareLines(t, r, test.want, test.cut)
		})
	}
}

func readers(pieces []string) (list []io.Reader) {
	for _, p := range pieces {
		list = append(list, strings.NewReader(p))
	}
	return list
}

func compareLines(t *testing.T, r *run, want []string, cut int) {
	t.Helper()
	if diff := cmp.Diff(shown(want), shown(bare(r.got()))); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
	for i, l := range bare(r.got()) {
		if i < len(want) && l != want[i] {
			t.Errorf("line %d is not what was written", i)
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.cut != cut {
		t.Errorf("%d lines were cut, want %d", r.cut, cut)
	}
}

// TestHole has a writer go on at its old offset after a truncation, so that the file begins with a hole.
func TestHole(t *testing.T) {
	for way, opt := range ways {
		t.Run(way, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "log")
			f, err := os.Create(path)
			must(t, err)
			defer f.Close()
			opt.Paths = []string{path}
			r := start(t, opt)
			r.following(path)
			write := func(s string) { _, err := f.WriteString(s); must(t, err) }
			write(repeat("before\n", 200000))
			eventually(t, "all lines", func() bool { return len(r.got()) >= 200000 })
			for _, line := range []string{"one", "two", "three"} {
				n := len(r.got())
				must(t, os.Truncate(path, 0))
				write(line + "\n")
				eventually(t, line, func() bool { return len(r.got()) > n })
				if diff := cmp.Diff([]string{"live log " + line}, r.got()[n:]); diff != "" {
					t.Errorf("after a truncation (-want +got):\n%s", diff)
				}
			}
		})
	}
}

// TestReserved has a writer that reserves room in advance and writes over it.
func TestReserved(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	f, err := os.Create(path)
	must(t, err)
	defer f.Close()
	_, err = f.WriteString("a\n" + repeat("\x00", 10000))
	must(t, err)
	r := start(t, tail.Options{Paths: []string{path}})
	r.following(path)
	_, err = f.WriteAt([]byte("b\n"), 2)
	must(t, err)
	r.wait("live log b")
	_, err = f.WriteAt([]byte("c\n"), 4)
	must(t, err)
	r.wait("live log b", "live log c")
}

func TestStdin(t *testing.T) {
	t.Run("last line without a newline", func(t *testing.T) {
		r := start(t, tail.Options{Paths: []string{"-"}, Stdin: strings.NewReader("a\nb")})
		<-r.done
		r.wait("live - a", "live - b")
		if len(r.pos) != 0 {
			t.Errorf("positions %v, want none", r.pos)
		}
	})
	t.Run("a pipe can be stopped", func(t *testing.T) {
		in, out, err := os.Pipe()
		must(t, err)
		defer in.Close()
		defer out.Close()
		r := start(t, tail.Options{Paths: []string{"-"}, Stdin: in})
		_, err = out.WriteString("a\npartial")
		must(t, err)
		r.wait("live - a")
		r.stop()
	})
	t.Run("what can be closed can be stopped", func(t *testing.T) {
		in, out := io.Pipe()
		r := start(t, tail.Options{Paths: []string{"-"}, Stdin: in})
		_, err := out.Write([]byte("a\n"))
		must(t, err)
		r.wait("live - a")
		r.stop()
	})
	t.Run("an error ends it", func(t *testing.T) {
		in, out := io.Pipe()
		out.CloseWithError(os.ErrDeadlineExceeded)
		f := tail.New(tail.Options{Paths: []string{"-"}, Stdin: in})
		if err := f.Run(t.Context(), func(tail.Chunk) error { return nil }); err == nil {
			t.Error("no error")
		}
	})
}

// TestBackPressure shows that what is not taken is not read, and that all of it comes once it is.
func TestBackPressure(t *testing.T) {
	l := create(t, filepath.Join(t.TempDir(), "log"))
	taken, held := make(chan tail.Chunk, 1000), 0
	f := tail.New(tail.Options{Paths: []string{l.path}, Buffers: 3, Poll: 5 * time.Millisecond})
	done := make(chan error, 1)
	go func() { done <- f.Run(t.Context(), func(c tail.Chunk) error { taken <- c; return nil }) }()
	eventually(t, "start", func() bool { return len(f.Status()) > 0 })
	l.write(repeat("0123456789\n", 400000))
	var chunks []tail.Chunk
	for held < 3 { // the first chunks are positions
		c := <-taken
		chunks = append(chunks, c)
		if len(c.Data) > 0 {
			held++
		}
	}
	offset := f.Status()[0].Offset
	for range 20 {
		eventually(t, "polls", func() bool { return f.Status()[0].Size == 4400000 })
	}
	if got := f.Status()[0].Offset; got != offset || len(taken) != 0 {
		t.Fatalf("read on from %d to %d with all buffers out", offset, got)
	}
	n := 0
	for n < 400000 {
		for _, c := range chunks {
			n += strings.Count(string(c.Data), "\n")
			c.Release()
			c.Release()
		}
		chunks = chunks[:0]
		if n < 400000 {
			chunks = append(chunks, <-taken)
		}
	}
}
