package journal

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	"cidrx/agent/tail"
)

// readablePatience is how long journalctl may take to show one entry.
const readablePatience = 10 * time.Second

// errNothing is what journalctl means when it shows nothing and says nothing.
var errNothing = errors.New("the journal is empty, or the agent's user may not read it (group systemd-journal)")

// Readable says why nothing can be read in the system's journal; nil: entries of it can. command is as in Options.
func Readable(ctx context.Context, command []string) error {
	runtime.LockOSThread() // see Run
	defer runtime.UnlockOSThread()
	ctx, cancel := context.WithTimeout(ctx, readablePatience)
	defer cancel()
	f := New(Options{Command: command})
	f.out = newOutput(func(tail.Chunk) error { return nil })
	found := false
	err := f.run(ctx, []string{"--lines=1", "_UID=0"}, func(*entry) bool { found = true; return false })
	switch {
	case found:
		return nil
	case ctx.Err() != nil:
		return fmt.Errorf("journalctl shows nothing within %v", readablePatience)
	case err != nil:
		return err
	case f.doubt != "":
		return errors.New(f.doubt)
	}
	return errNothing
}
