package static

import (
	"errors"
	"io"
	"runtime"
	"runtime/debug"
	"unsafe"
)

// Mapped is a log that lies in memory as a whole, as a mapped file does. A Log whose Open returns one is cut into blocks where it lies:
// nothing is read, and nothing copied. Nobody writes to it.
//
// A mapped file that becomes shorter takes its memory along. Then reading the log ends with an error; other faults are not recovered from.
type Mapped interface {
	io.ReadCloser // of the same bytes; not used here

	Bytes() []byte   // the whole log, valid until Close
	Passed(b []byte) // b, a part of Bytes, will hardly be looked at again: its memory may go. Safe for concurrent use
}

// errShorter is what a fault in a mapped log means.
var errShorter = errors.New("the log became shorter while it was read, as copytruncate makes it, or its disk failed; run again, or read a copy of it")

// shielded calls f, and makes an error of a fault in the memory of a mapped log.
func shielded(log Mapped, f func() error) (err error) {
	if log == nil {
		return f()
	}
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		r := recover()
		if r == nil {
			return
		}
		if fault, ok := r.(interface {
			runtime.Error
			Addr() uintptr
		}); !ok || !lies(fault.Addr(), log.Bytes()) {
			panic(r)
		}
		err = errShorter
	}()
	return f()
}

// lies tells whether an address is one of b's.
func lies(addr uintptr, b []byte) bool {
	from := uintptr(unsafe.Pointer(unsafe.SliceData(b)))
	return from <= addr && addr-from < uintptr(len(b))
}
