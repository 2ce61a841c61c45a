package main

import (
	"bufio"
	"bytes"
	"compress/bzip2"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// packing is a way of compressing, told by the bytes that a file begins with: names lie.
type packing struct {
	magic   []string
	open    func(*bufio.Reader) (io.ReadCloser, error) // nil: not read here, but program unpacks it
	program string
}

var packings = []packing{
	{[]string{gzipMagic}, newGunzip, "gzip -t"},
	{[]string{"BZh"}, func(r *bufio.Reader) (io.ReadCloser, error) { return io.NopCloser(bzip2.NewReader(r)), nil }, "bzip2 -t"},
	{zstdMagic(), newUnzstd, "zstd -t"},
	{[]string{"\xfd7zXZ\x00"}, nil, "xzcat"},
}

const gzipMagic = "\x1f\x8b" // RFC 1952, section 2.3.1

// zstdMagic are the beginnings of a frame, and of the frames to be skipped that some programs write in front (RFC 8878, section 3.1).
func zstdMagic() []string {
	all := []string{"\x28\xb5\x2f\xfd"}
	for n := byte(0x50); n <= 0x5f; n++ {
		all = append(all, string([]byte{n, 0x2a, 0x4d, 0x18}))
	}
	return all
}

// errPacked says that a log is compressed in a way that is not read here.
var errPacked = errors.New("compressed in a way that is not read here")

// unpack returns a reader of what is in r, decompressed if need be; name is for the next step in errors. Decompression runs ahead in a
// goroutine of its own. Close it, and then whatever r reads from.
func unpack(r io.Reader, name string) (io.ReadCloser, error) {
	in := bufio.NewReaderSize(r, peekBytes)
	for _, p := range packings {
		if !p.begins(in) {
			continue
		}
		if p.open == nil {
			return nil, fmt.Errorf("%w; %s %s | cidrx … --logfile -", errPacked, p.program, name)
		}
		out, err := p.open(in)
		if err != nil {
			return nil, p.explain(err, name)
		}
		return readAhead(&explained{out, p, name}), nil
	}
	return io.NopCloser(in), nil
}

// packed tells whether r has a beginning that calls for unpacking.
func packed(r *bufio.Reader) bool {
	return slices.ContainsFunc(packings, func(p packing) bool { return p.begins(r) })
}

func (p packing) begins(r *bufio.Reader) bool {
	for _, magic := range p.magic {
		if head, _ := r.Peek(len(magic)); bytes.Equal(head, []byte(magic)) {
			return true
		}
	}
	return false
}

// explain says what a decompressor's error means, and what to do.
func (p packing) explain(err error, name string) error {
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("the compressed data ends too early: the file is truncated, or still being written%s", p.tells(name))
	case errors.Is(err, zstd.ErrWindowSizeExceeded), errors.Is(err, zstd.ErrDecoderSizeExceeded):
		return fmt.Errorf("was compressed with a window of over %d MiB; zstd -dc --long=31 %s | cidrx … --logfile -", maxWindow>>20, name)
	}
	return fmt.Errorf("the compressed data is damaged (%w)%s", err, p.tells(name))
}

// tells names the program that says more about a file. Of standard input nothing is left to look at.
func (p packing) tells(name string) string {
	if name == "-" {
		return ""
	}
	return fmt.Sprintf("; %s %s tells", p.program, name)
}

// explained is a decompressor whose errors say what to do.
type explained struct {
	io.ReadCloser
	p    packing
	name string
}

func (e *explained) Read(b []byte) (int, error) {
	n, err := e.ReadCloser.Read(b)
	if err != nil && err != io.EOF {
		err = e.p.explain(err, e.name)
	}
	return n, err
}

// maxWindow is how far back in its output a zstd stream may refer, which is what its decoder keeps: as much as zstd(1) allows unasked.
const maxWindow = 128 << 20

func newUnzstd(r *bufio.Reader) (io.ReadCloser, error) {
	d, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxWindow))
	if err != nil {
		return nil, err
	}
	return d.IOReadCloser(), nil
}

// gunzip reads gzip members one after the other, as logrotate and cat make them, and the zeros that tapes and block devices put behind.
type gunzip struct {
	*gzip.Reader
	in *bufio.Reader
}

func newGunzip(r *bufio.Reader) (io.ReadCloser, error) {
	z, err := gzip.NewReader(r)
	if err != nil {
		return nil, err
	}
	z.Multistream(false)
	return &gunzip{z, r}, nil
}

func (g *gunzip) Read(b []byte) (int, error) {
	for {
		n, err := g.Reader.Read(b)
		if err != io.EOF || n > 0 {
			if err == io.EOF {
				err = nil // the member ends; the next call looks for another
			}
			return n, err
		}
		if err := g.next(); err != nil {
			return 0, err
		}
	}
}

// errTrailing says that a file goes on behind its last gzip member.
var errTrailing = errors.New("something that is not compressed follows behind")

// next goes to the next member; io.EOF if there is none.
func (g *gunzip) next() error {
	for {
		head, err := g.in.Peek(1)
		if err != nil {
			return err
		}
		if head[0] != 0 {
			break
		}
		g.in.Discard(1)
	}
	if head, _ := g.in.Peek(2); string(head) != gzipMagic {
		return errTrailing
	}
	if err := g.Reset(g.in); err != nil {
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return err
	}
	g.Multistream(false)
	return nil
}
