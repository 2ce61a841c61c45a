package state

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
	"golang.org/x/sys/unix"
)

// errLost says that the file at the path is not, or no longer wholly, the one that is open.
var errLost = errors.New("the state file was removed, replaced or cut short by somebody else")

// lockWait is how long bbolt waits for its lock, which only a tool that looks into the file can hold: the directory is ours.
const lockWait = time.Second

// file is an open state file.
type file struct {
	path string
	db   *bbolt.DB
	fd   *os.File    // bbolt's own, for letting go of the file when bbolt cannot
	info os.FileInfo // as last seen
}

// openFile opens a file that has been walked and found whole.
func openFile(path string) (*file, error) {
	f := &file{path: path}
	err := protect(func() (err error) {
		f.db, err = bbolt.Open(path, 0o600, f.options())
		return err
	})
	if err == nil {
		f.info, err = f.fd.Stat()
	}
	if errors.Is(err, bolterrors.ErrTimeout) {
		err = fmt.Errorf("%w: something has %s open; find it with: fuser -v %s", ErrInUse, path, path)
	}
	if err != nil {
		f.abandon()
		return nil, err
	}
	return f, nil
}

// options for bbolt. The hash map of free pages is the one that stays fast when there are many.
func (f *file) options() *bbolt.Options {
	return &bbolt.Options{
		Timeout: lockWait, FreelistType: bbolt.FreelistMapType, NoStatistics: true,
		OpenFile: func(name string, flag int, mode os.FileMode) (fd *os.File, err error) {
			fd, err = os.OpenFile(name, flag, mode)
			f.fd = fd
			return fd, err
		},
	}
}

// check says whether what is written to f will be found at its path. bbolt itself would go on writing to a file that has been removed.
func (f *file) check() error {
	info, err := os.Stat(f.path)
	if errors.Is(err, os.ErrNotExist) {
		return errLost
	}
	if err != nil {
		return err
	}
	if !os.SameFile(info, f.info) || info.Size() < f.info.Size() {
		return errLost
	}
	f.info = info
	return nil
}

// update runs fn in a transaction and returns the tallies after it. When it returns nil, all of it is on the disk.
func (f *file) update(fn func(*book) error) (after [tables]tally, err error) {
	if err := f.check(); err != nil {
		return after, err
	}
	err = protect(func() error {
		return f.db.Update(func(tx *bbolt.Tx) error {
			b := &book{tx: tx}
			if err := b.load(); err != nil {
				return err
			}
			if err := fn(b); err != nil {
				return err
			}
			after = b.tallies
			return b.close()
		})
	})
	if err == nil {
		err = f.check()
	}
	return after, err
}

// view runs fn in a transaction that only reads.
func (f *file) view(fn func(*bbolt.Tx) error) error {
	return protect(func() error { return f.db.View(fn) })
}

// close closes the file in good order.
func (f *file) close() error {
	return protect(f.db.Close)
}

// abandon lets go of a file whose bbolt may be stuck in the middle of a transaction. Its memory map stays until the process ends, and
// would keep the lock even without the descriptor.
func (f *file) abandon() {
	if f.fd != nil {
		unix.Flock(int(f.fd.Fd()), unix.LOCK_UN)
		f.fd.Close()
	}
}

// newName is where a file is made before it takes its place.
func newName(path string) string { return path + ".new" }

// create makes a new file, lets fill put records into it, and moves it to its place in one step: whoever is killed in between leaves
// either the old file or the new one.
func create(path string, fill func(*bbolt.DB) error) error {
	temp := newName(path)
	if err := os.RemoveAll(temp); err != nil {
		return err
	}
	if err := protect(func() error { return makeFile(temp, fill) }); err != nil {
		os.Remove(temp)
		return err
	}
	if err := os.Rename(temp, path); err != nil {
		os.Remove(temp)
		return err
	}
	return syncDir(filepath.Dir(path))
}

// makeFile writes a complete file and syncs it once at the end.
func makeFile(path string, fill func(*bbolt.DB) error) error {
	f := &file{}
	o := f.options()
	o.NoSync = true
	db, err := bbolt.Open(path, 0o600, o)
	if err != nil {
		return err
	}
	defer f.abandon() // for a fault; after Close it does nothing
	err = db.Update(func(tx *bbolt.Tx) error {
		b := &book{tx: tx}
		return errors.Join(b.create(), b.close())
	})
	if err == nil {
		err = fill(db)
	}
	if err == nil {
		err = db.Sync()
	}
	return errors.Join(err, db.Close())
}

// syncDir makes a rename durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// keepAside gives a file a second name, path.why-20261121T201500Z, or where that cannot be, that name alone. The file that is made next
// takes its place.
func keepAside(path, why string, now time.Time) (string, error) {
	base := path + "." + why + "-" + now.UTC().Format("20060102T150405Z")
	name := base
	for i := 2; exists(name); i++ {
		name = fmt.Sprintf("%s-%d", base, i)
	}
	err := os.Link(path, name)
	if err != nil { // a directory, somebody else's file, a file system without links
		err = os.Rename(path, name)
	}
	return name, err
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}
