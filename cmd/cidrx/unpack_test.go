package main

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"os/exec"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	stdgzip "compress/gzip"

	"github.com/klauspost/compress/zstd"
)

// linesOf makes a log of about n bytes that packs neither well nor badly.
func linesOf(n int) []byte {
	r := rand.New(rand.NewPCG(1, 2))
	var out bytes.Buffer
	for out.Len() < n {
		out.WriteString("203.0.113.")
		out.WriteByte('0' + byte(r.IntN(10)))
		out.WriteString(strings.Repeat("x", r.IntN(50)) + "\n")
	}
	return out.Bytes()
}

func gzipOf(t testing.TB, data []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	z := stdgzip.NewWriter(&out)
	if _, err := z.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func zstdOf(t testing.TB, data []byte) []byte {
	t.Helper()
	z, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	return z.EncodeAll(data, nil)
}

func bzip2Of(t testing.TB, data []byte) []byte {
	t.Helper()
	cmd := exec.Command("python3", "-c", "import bz2,sys; sys.stdout.buffer.write(bz2.compress(sys.stdin.buffer.read()))")
	cmd.Stdin = bytes.NewReader(data)
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func unpacked(t testing.TB, data io.Reader) ([]byte, error) {
	t.Helper()
	r, err := unpack(data, "x")
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r)
}

func join(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

// TestUnpack reads logs in every packing, in one piece and in small ones.
func TestUnpack(t *testing.T) {
	log := linesOf(3 << 20)
	half := len(log) / 2
	for name, packed := range map[string][]byte{
		"plain":         log,
		"gzip":          gzipOf(t, log),
		"gzip members":  join(gzipOf(t, log[:half]), gzipOf(t, nil), gzipOf(t, log[half:])),
		"gzip padded":   join(gzipOf(t, log), make([]byte, 1000)),
		"zstd":          zstdOf(t, log),
		"zstd frames":   join(zstdOf(t, log[:half]), zstdOf(t, log[half:])),
		"zstd, skipped": join([]byte("\x50\x2a\x4d\x18\x03\x00\x00\x00abc"), zstdOf(t, log)),
	} {
		got, err := unpacked(t, bytes.NewReader(packed))
		if err != nil || !bytes.Equal(got, log) {
			t.Errorf("%s: %d bytes of %d, %v", name, len(got), len(log), err)
		}
		if got, err := unpacked(t, iotest.HalfReader(bytes.NewReader(packed))); err != nil || !bytes.Equal(got, log) {
			t.Errorf("%s, in pieces: %d bytes of %d, %v", name, len(got), len(log), err)
		}
		if name == "plain" {
			continue
		}
		for _, cut := range []int{len(packed) - 1, len(packed) / 2, 5} {
			if strings.HasSuffix(name, "padded") && cut == len(packed)-1 {
				continue
			}
			if got, err := unpacked(t, bytes.NewReader(packed[:cut])); err == nil || !bytes.HasPrefix(log, got) {
				t.Errorf("%s, cut after %d bytes: no error, or other lines", name, cut)
			}
		}
	}
}

// TestUnpackFailures of whatever a log is read from come through.
func TestUnpackFailures(t *testing.T) {
	broken := errors.New("the disk is broken")
	for name, start := range map[string][]byte{"plain": []byte("203"), "gzip": gzipOf(t, linesOf(1000))[:100], "zstd": zstdOf(t, linesOf(1000))[:20]} {
		if _, err := unpacked(t, io.MultiReader(bytes.NewReader(start), iotest.ErrReader(broken))); !errors.Is(err, broken) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestReadAheadEnds makes sure that the goroutine lets go of what it reads, read to the end or not.
func TestReadAheadEnds(t *testing.T) {
	for _, all := range []bool{true, false} {
		closed := make(chan struct{})
		src := &closing{Reader: bytes.NewReader(linesOf(8 << 20)), closed: closed}
		r := readAhead(src)
		if all {
			if _, err := io.Copy(io.Discard, r); err != nil {
				t.Fatal(err)
			}
		}
		r.Close()
		r.Close() // twice does no harm
		select {
		case <-closed:
		case <-time.After(storyDeadline):
			t.Fatal("the source is never closed")
		}
	}
}

type closing struct {
	io.Reader
	closed chan struct{}
}

func (c *closing) Close() error {
	close(c.closed)
	return nil
}

// FuzzUnpack: whatever follows the magic, there are lines or an error, soon.
func FuzzUnpack(f *testing.F) {
	log := linesOf(2000)
	f.Add(gzipOf(f, log))
	f.Add(join(gzipOf(f, log), gzipOf(f, log)))
	f.Add(zstdOf(f, log))
	f.Add(bzip2Of(f, log))
	for _, p := range packings {
		for _, magic := range p.magic {
			f.Add([]byte(magic))
			f.Add([]byte(magic + "9\x00\x01\xff rubbish of some length, so that there is something to go wrong with"))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := unpack(bytes.NewReader(data), "x")
		if err != nil {
			return
		}
		defer r.Close()
		const most = 64 << 20 // a bomb is read as far as anybody wants
		if _, err := io.Copy(io.Discard, io.LimitReader(r, most)); err != nil && err.Error() == "" {
			t.Fatal("an error without words")
		}
	})
}
