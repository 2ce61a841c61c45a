// Package guard puts what a test reads where a byte read behind it is a fault.
package guard

import (
	"os"
	"syscall"
	"testing"
)

// Memory ends where memory that nobody may touch begins.
type Memory []byte

// New returns memory for up to size bytes, until the test ends.
func New(t testing.TB, size int) Memory {
	t.Helper()
	page := os.Getpagesize()
	size = (size + page - 1) / page * page
	m, err := syscall.Mmap(-1, 0, size+page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Munmap(m); err != nil {
			t.Error(err)
		}
	})
	if err := syscall.Mprotect(m[size:], syscall.PROT_NONE); err != nil {
		t.Fatal(err)
	}
	return Memory(m[:size:size])
}

// AtEnd copies b to the end of the memory.
func (m Memory) AtEnd(b []byte) []byte {
	end := m[len(m)-len(b):]
	copy(end, b)
	return end
}
