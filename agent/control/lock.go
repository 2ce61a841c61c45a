package control

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// lock is an exclusive flock(2) on a file of its own. It goes when the process goes, however that ends; the file may stay.
type lock struct{ f *os.File }

// lockFile takes the lock at path without waiting; ErrInUse if somebody holds it.
func lockFile(path string) (*lock, error) {
	for {
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|unix.O_NOFOLLOW, 0o600)
		if err != nil {
			return nil, &Error{Message: "control socket: " + err.Error(), Next: "can the agent's user write there? If no agent runs: rm " + path, Err: err}
		}
		err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err != nil {
			f.Close()
			if errors.Is(err, unix.EWOULDBLOCK) {
				return nil, ErrInUse
			}
			return nil, fmt.Errorf("lock %s: %w", path, err)
		}
		if named(f, path) {
			return &lock{f}, nil
		}
		f.Close() // its last holder removed it between our open and our lock: what we hold is no one's
	}
}

// named says whether path still names the file f.
func named(f *os.File, path string) bool {
	ours, err := f.Stat()
	if err != nil {
		return false
	}
	there, err := os.Lstat(path)
	return err == nil && os.SameFile(ours, there)
}

// release removes the file and gives the lock back, in this order: who opened it before sees that the name is gone and tries again.
func (l *lock) release() error {
	return errors.Join(os.Remove(l.f.Name()), l.f.Close())
}
