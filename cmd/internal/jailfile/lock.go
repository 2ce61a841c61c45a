package jailfile

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// lockPoll is how often a lock that another run holds is asked for.
const lockPoll = 50 * time.Millisecond

// lock locks a file beside each of the files, not these themselves, because they are replaced. Two runs that share both take them in the
// same order. The locks end with the process, however that ends; the lock files stay, because whoever removed one could remove another's.
func (f *Files) lock(ctx context.Context) error {
	var paths []string
	for _, path := range []string{f.o.JailFile, f.o.BanFile} {
		if path == "" || notRegular(path) {
			continue
		}
		real, err := realPath(path)
		if err != nil {
			return err
		}
		paths = append(paths, real+".lock")
	}
	slices.Sort(paths)
	for _, path := range slices.Compact(paths) {
		l, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR|unix.O_NOFOLLOW, 0o600)
		if err != nil {
			return fmt.Errorf("lock file %w; its directory must be there and writable: ls -ld %s", err, filepath.Dir(path))
		}
		f.locks = append(f.locks, l)
		if err := f.await(ctx, l); err != nil {
			return fmt.Errorf("lock file %s: %w", path, err)
		}
	}
	return nil
}

// notRegular reports whether path is there and cannot be replaced, as /dev/null cannot.
func notRegular(path string) bool {
	info, err := os.Stat(path)
	return err == nil && !info.Mode().IsRegular() && !info.IsDir()
}

// realPath follows symbolic links, so that all names of a file have one lock.
func realPath(path string) (string, error) {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		return real, nil
	}
	return filepath.Abs(path)
}

// await waits for a lock.
func (f *Files) await(ctx context.Context, l *os.File) error {
	told := false
	for {
		err := unix.Flock(int(l.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if !errors.Is(err, unix.EWOULDBLOCK) {
			return err
		}
		if f.o.Waiting != nil && !told {
			f.o.Waiting(l.Name())
			told = true
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(lockPoll):
		}
	}
}

// Close lets other runs go on.
func (f *Files) Close() {
	for _, l := range f.locks {
		l.Close() // ends the lock
	}
	f.locks = nil
}
