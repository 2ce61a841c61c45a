package state

import (
	"fmt"
	"runtime/debug"
)

// faultError is a panic or a memory fault inside bbolt: the file, or the disk under it, changed while it was mapped.
type faultError struct{ cause any }

// Error says what the panic said.
func (e *faultError) Error() string {
	return fmt.Sprintf("fault while reading the state file: %v", e.cause)
}

// protect calls f and turns a panic, or a fault on mapped memory (the file was cut short: SIGBUS), into a faultError. It protects its own
// goroutine only: f must not leave bbolt's work to another one, as bbolt's Tx.Check does.
func protect(f func() error) (err error) {
	old := debug.SetPanicOnFault(true)
	defer debug.SetPanicOnFault(old)
	defer func() {
		if r := recover(); r != nil {
			err = &faultError{r}
		}
	}()
	return f()
}
