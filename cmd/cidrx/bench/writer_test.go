package bench

import (
	"os"
	"runtime"
	"sync/atomic"
	"time"
)

// writer writes blocks to a log at a steady pace.
type writer struct {
	file   *os.File
	blocks []*block
	every  time.Duration // one block
	lines  atomic.Uint64 // written
	bytes  atomic.Int64
}

// run writes until done is closed. It catches up with its pace after a delay.
func (w *writer) run(done <-chan struct{}) error {
	runtime.LockOSThread() // for onCores
	defer runtime.UnlockOSThread()
	return onCores(func() error {
		start := time.Now()
		for i := 0; ; i++ {
			select {
			case <-done:
				return nil
			default:
			}
			time.Sleep(time.Until(start.Add(time.Duration(i) * w.every)))
			if err := w.write(w.blocks[i%len(w.blocks)]); err != nil {
				return err
			}
		}
	})
}

func (w *writer) write(k *block) error {
	text := k.at(time.Now())
	if _, err := w.file.Write(text); err != nil {
		return err
	}
	w.bytes.Add(int64(len(text)))
	w.lines.Add(uint64(len(k.stamps)))
	return nil
}
