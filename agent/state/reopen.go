package state

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"go.etcd.io/bbolt"
	"golang.org/x/sys/unix"
)

// use takes an open file into use.
func (s *Store) use(f *file, tallies [tables]tally) {
	s.fileMu.Lock()
	s.file, s.mine = f, f.info
	s.fileMu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tallies, s.held.FileBytes = tallies, f.info.Size()
}

// lose lets go of a file that cannot be written to any more after err: bbolt may be stuck in it, or it is no longer at its path.
func (s *Store) lose(err error) {
	if s.file == nil || !errors.Is(err, errLost) && !errors.As(err, new(*faultError)) {
		return
	}
	s.log.Error("state file lost, a new one will be written", "path", s.path, "error", err)
	s.fileMu.Lock()
	defer s.fileMu.Unlock()
	s.file.abandon()
	s.file = nil
}

// usable makes sure that there is a file to write to. fresh says that it is a new one that holds nothing.
func (s *Store) usable() (fresh bool, err error) {
	if s.file == nil {
		return s.reopen()
	}
	err = s.file.check()
	if !errors.Is(err, errLost) {
		return false, err
	}
	s.lose(err)
	return s.reopen()
}

// reopen opens the file at the path if it is still ours and whole: the disk was full or read-only at the start, or failed for a moment.
// Otherwise it begins anew, and keeps aside what is there: damaged, or put there by somebody else.
func (s *Store) reopen() (fresh bool, err error) {
	m, err := mapFile(s.path)
	if errors.Is(err, ErrInUse) {
		return false, err
	}
	if err == nil {
		defer m.close()
		if ours, err := s.resume(m); ours {
			return false, err
		}
	}
	if err := s.clearWay(); err != nil {
		return false, err
	}
	return true, s.begin(nil)
}

// resume opens m if it is ours and whole. An error then does not mean that it is not.
func (s *Store) resume(m *mapped) (ours bool, err error) {
	if s.mine == nil || !os.SameFile(m.info, s.mine) {
		return false, nil
	}
	c, err := m.read()
	if err != nil || c.broken() != nil {
		return false, nil
	}
	f, err := openFile(s.path)
	if err != nil {
		return true, err
	}
	s.use(f, c.stored)
	return true, nil
}

// clearWay keeps aside what is at the path, unless it is the file that was kept already and only waits to be replaced.
func (s *Store) clearWay() error {
	info, err := os.Lstat(s.path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && s.kept != nil && os.SameFile(info, s.kept) {
		return nil
	}
	name, err := keepAside(s.path, "corrupt", time.Now())
	if err != nil {
		return err
	}
	s.kept = info
	s.log.Error("unknown or damaged state file kept aside", "path", name)
	return nil
}

// begin makes a new file with what fill puts into it (nil: nothing but the number of the last event) and opens it.
func (s *Store) begin(fill func(*bbolt.DB) error) error {
	if fill == nil {
		var t [tables]tally
		t[auditTable].Last = s.tallies[auditTable].Last
		fill = func(db *bbolt.DB) error { return putTallies(db, t) }
	}
	if err := create(s.path, fill); err != nil {
		return err
	}
	f, err := openFile(s.path)
	if err != nil {
		return err
	}
	s.use(f, [tables]tally{auditTable: {Last: s.tallies[auditTable].Last}})
	return nil
}

// transient errors of the disk: waiting may help. The agent starts in spite of them, for it protects even so. Anything else is for a person
// to put right.
func transient(err error) bool {
	for _, t := range []error{unix.ENOSPC, unix.EDQUOT, unix.EFBIG, unix.EROFS, unix.EIO} {
		if errors.Is(err, t) {
			return true
		}
	}
	return false
}

// describe adds the path and the next step to an error.
func (s *Store) describe(err error) error {
	if errors.Is(err, ErrInUse) || errors.Is(err, errWanted) {
		return err
	}
	return fmt.Errorf("state file %s: %w; %s", s.path, err, nextStep(filepath.Dir(s.path), err))
}
