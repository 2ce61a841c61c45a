package rig

import (
	"os"
	"runtime"
	"sync/atomic"
	"time"
)

// Writer writes blocks to a log at a steady pace.
type Writer struct {
	File   *os.File
	Blocks []*Block
	Every  time.Duration // one block
	Lines  atomic.Uint64 // written
	Bytes  atomic.Int64
}

// Run writes until done is closed.
func (w *Writer) Run(done <-chan struct{}) error {
	return Pace(done, w.Every, func(i int) error { return w.Write(w.Blocks[i%len(w.Blocks)]) })
}

// Write writes one block.
func (w *Writer) Write(k *Block) error {
	text := k.At(time.Now())
	if _, err := w.File.Write(text); err != nil {
		return err
	}
	w.Bytes.Add(int64(len(text)))
	w.Lines.Add(uint64(k.Lines()))
	return nil
}

// Pace calls f with 0, 1, 2 … at a steady pace until done is closed, on the cores that the figures are about. It catches up after a delay.
func Pace(done <-chan struct{}, every time.Duration, f func(i int) error) error {
	runtime.LockOSThread() // for OnCores
	defer runtime.UnlockOSThread()
	return OnCores(func() error {
		start := time.Now()
		for i := 0; ; i++ {
			select {
			case <-done:
				return nil
			default:
			}
			time.Sleep(time.Until(start.Add(time.Duration(i) * every)))
			if err := f(i); err != nil {
				return err
			}
		}
	})
}
