package static

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

// linesOf are the lines that blocks of a size hand out, each with where it ends, and how many were passed over.
func linesOf(t *testing.T, in io.Reader, size int) (lines []string, ends []int64, long uint64, err error) {
	t.Helper()
	s := newBlocks(in, size)
	s.size = size
	buf := s.buffer()
	for {
		b, err := s.next(context.Background(), buf)
		if err != nil {
			return lines, ends, s.long, err
		}
		at := b.at
		for line := range bytes.SplitAfterSeq(b.lines, []byte{'\n'}) {
			if at += int64(len(line)); len(line) > 0 {
				lines = append(lines, string(trim(bytes.TrimSuffix(line, []byte{'\n'}))))
				ends = append(ends, at)
			}
		}
	}
}

// linesSlowly are the lines of a log, found the plain way.
func linesSlowly(log string) (lines []string, ends []int64, long uint64) {
	at := int64(0)
	for line := range strings.SplitAfterSeq(log, "\n") {
		at += int64(len(line))
		text := strings.TrimLeft(strings.TrimSuffix(line, "\n"), "\x00")
		switch {
		case len(text) > maxLine:
			long++
		case strings.TrimSuffix(text, "\r") != "":
			lines, ends = append(lines, strings.TrimSuffix(text, "\r")), append(ends, at)
		}
	}
	return lines, ends, long
}

// Lines are what they are, wherever a block ends.
func TestBlocksCutAnywhere(t *testing.T) {
	logs := map[string]string{
		"empty":        "",
		"newlines":     "\n\n\n",
		"no end":       "one\ntwo",
		"other ends":   "one\r\ntwo\r\n\r\n",
		"NULs":         "\x00\x00one\n\x00\x00\x00\x00\x00\x00\n\x00two\x00\n\x00\x00",
		"usual":        strings.Repeat("a line of some length\n", 20),
		"many lengths": "a\nbb\nccc\ndddd\neeeee\nffffff\nggggggg\n",
	}
	for name, log := range logs {
		want, ends, _ := linesSlowly(log)
		for size := 1; size <= len(log)+2; size++ {
			for _, in := range []io.Reader{iotest.OneByteReader(strings.NewReader(log)), newMapping([]byte(log))} {
				got, gotEnds, long, err := linesOf(t, in, size)
				got, gotEnds = withoutEmpty(got, gotEnds)
				if d := cmp.Diff(want, got); d != "" || !errors.Is(err, io.EOF) || long != 0 {
					t.Errorf("%s, %T, blocks of %d: %v, %d passed over (-want +got):\n%s", name, in, size, err, long, d)
				}
				if d := cmp.Diff(ends, gotEnds); d != "" {
					t.Errorf("%s, %T, blocks of %d: where lines end (-want +got):\n%s", name, in, size, d)
				}
			}
		}
	}
}

func withoutEmpty(lines []string, ends []int64) (out []string, at []int64) {
	for i, l := range lines {
		if l != "" {
			out, at = append(out, l), append(at, ends[i])
		}
	}
	return out, at
}

// Lines that are too long are passed over and counted, those that are just short enough are not.
func TestBlocksLongLines(t *testing.T) {
	for _, size := range []int{1 << 12, 1<<17 + 1, maxLine - 1, maxLine, 3 * maxLine} {
		for _, length := range []int{maxLine - 1, maxLine, maxLine + 1, maxLine + 2, 2*maxLine + 5, 5 * maxLine} {
			for _, end := range []string{"\n", "", "\nbehind\n"} {
				log := "before\n" + strings.Repeat("x", length) + end
				want, _, long := linesSlowly(log)
				for _, in := range []io.Reader{strings.NewReader(log), newMapping([]byte(log))} {
					got, _, passed, err := linesOf(t, in, size)
					kept := got[:0]
					for _, l := range got {
						if len(l) > maxLine { // the worker finds them, where they fit a block
							passed++
							continue
						}
						kept = append(kept, l)
					}
					if !errors.Is(err, io.EOF) || passed != long || !cmp.Equal(want, kept) {
						t.Errorf("a line of %d bytes, end %q, %T, blocks of %d: %v, %d lines, %d passed over; want %d and %d",
							length, end, in, size, err, len(kept), passed, len(want), long)
					}
				}
			}
		}
	}
}

// A hole of NULs in front of a line is no part of it, however large.
func TestBlocksHole(t *testing.T) {
	log := "before\n" + strings.Repeat("\x00", 3*maxLine) + "behind\n"
	for _, in := range []io.Reader{strings.NewReader(log), newMapping([]byte(log))} {
		got, _, long, err := linesOf(t, in, 1<<16)
		if got, _ = withoutEmpty(got, make([]int64, len(got))); !cmp.Equal(got, []string{"before", "behind"}) || long != 0 || !errors.Is(err, io.EOF) {
			t.Errorf("%T: %d lines, %d passed over, %v", in, len(got), long, err)
		}
	}
}

// What was read before an error is handed out, but no part of a line; the error stays.
func TestBlocksError(t *testing.T) {
	broken := errors.New("broken")
	in := io.MultiReader(strings.NewReader("one\ntwo\nthr"), iotest.ErrReader(broken))
	s := newBlocks(in, 5)
	buf, got := s.buffer(), ""
	for {
		b, err := s.next(context.Background(), buf)
		if err != nil {
			if _, again := s.next(context.Background(), buf); !errors.Is(err, broken) || !errors.Is(again, broken) || got != "one\ntwo\n" {
				t.Errorf("read %q, then %v, then %v", got, err, again)
			}
			return
		}
		got += string(b.lines)
	}
}

func TestBlocksIdleReader(t *testing.T) {
	if _, err := newBlocks(idle{}, 10).next(context.Background(), make([]byte, maxLine+10)); !errors.Is(err, io.ErrNoProgress) {
		t.Errorf("a reader that reads nothing: %v", err)
	}
}

type idle struct{}

func (idle) Read([]byte) (int, error) { return 0, nil }

func FuzzBlocks(f *testing.F) {
	f.Add([]byte("one\ntwo\r\n\x00three"), 3)
	f.Add([]byte("\x00\n\x00"), 1)
	f.Fuzz(func(t *testing.T, log []byte, size int) {
		if size < 1 || size > 1<<16 {
			return
		}
		want, ends, _ := linesSlowly(string(log))
		for _, in := range []io.Reader{bytes.NewReader(log), newMapping(log)} {
			got, gotEnds, _, err := linesOf(t, in, size)
			got, gotEnds = withoutEmpty(got, gotEnds)
			if !errors.Is(err, io.EOF) || !cmp.Equal(want, got) || !cmp.Equal(ends, gotEnds) {
				t.Errorf("%T, blocks of %d: %v, lines %q ending at %d; want %q at %d", in, size, err, got, gotEnds, want, ends)
			}
		}
	})
}

// Whatever a log holds, and wherever it is cut, the result is that of the slow twin.
func FuzzAnalyze(f *testing.F) {
	r := rand.New(rand.NewPCG(7, 7))
	for i := range uint64(8) {
		f.Add(randomLog(r, 20, int(i%3)), i, uint16(50))
	}
	f.Fuzz(func(t *testing.T, content []byte, seed uint64, size uint16) {
		o := randomOptions(rand.New(rand.NewPCG(seed, 1)))
		o.Workers = 1 + int(seed%3)
		logs := []Log{memory("log", seed%2 == 0, content)}
		want := resultOf(analyzeSlowly(o, logs))
		if d := diff(want, resultOf(analyze(context.Background(), o, logs, 1+int(size)))); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
	})
}
