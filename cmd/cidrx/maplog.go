package main

import (
	"bufio"
	"bytes"
	"io/fs"
	"os"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// mappedLog is a log file in memory, as static.Mapped: the kernel's page cache itself, of which nothing is copied.
type mappedLog struct {
	*bytes.Reader
	all  []byte
	page int
	read *atomic.Int64 // bytes that were passed
}

// mapLog maps a log whose lines lie in the file as they are; nil if it is packed or cannot be mapped: then it has to be read.
func mapLog(in *os.File, info fs.FileInfo, read *atomic.Int64) *mappedLog {
	size := int(info.Size())
	if !info.Mode().IsRegular() || size <= 0 || int64(size) != info.Size() || packed(bufio.NewReader(&beginning{in})) {
		return nil
	}
	all, err := unix.Mmap(int(in.Fd()), 0, size, unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		return nil
	}
	return &mappedLog{bytes.NewReader(all), all, os.Getpagesize(), read}
}

// beginning reads a file from its beginning without moving where it stands.
type beginning struct{ file *os.File }

func (b *beginning) Read(p []byte) (int, error) { return b.file.ReadAt(p, 0) }

func (m *mappedLog) Bytes() []byte { return m.all }

// Passed lets the pages go that b begins or lies in, except the last, which the block behind b shares. They count as this process's
// memory otherwise.
func (m *mappedLog) Passed(b []byte) {
	m.read.Add(int64(len(b)))
	from := int(uintptr(unsafe.Pointer(unsafe.SliceData(b))) - uintptr(unsafe.Pointer(unsafe.SliceData(m.all))))
	first, last := from&^(m.page-1), (from+len(b))&^(m.page-1)
	if first < last {
		_ = unix.Madvise(m.all[first:last], unix.MADV_DONTNEED)
	}
}

func (m *mappedLog) Close() error { return unix.Munmap(m.all) }
