package state

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// mapped is a file in memory, to be walked before bbolt opens it.
type mapped struct {
	b    []byte
	info os.FileInfo
}

// mapFile maps the file at path, while nobody else has it open for writing with bbolt.
func mapFile(path string) (*mapped, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK, 0) // not to wait for the writer of a fifo
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, errors.New("not a regular file")
	case info.Size() == 0:
		return nil, errors.New("the file is empty")
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_SH|unix.LOCK_NB); err != nil {
		return nil, fmt.Errorf("%w: something has %s open; find it with: fuser -v %s", ErrInUse, path, path)
	}
	defer unix.Flock(int(f.Fd()), unix.LOCK_UN) // the map would keep it
	// MAP_POPULATE reads ahead in large pieces; a page at a time takes twice as long.
	b, err := unix.Mmap(int(f.Fd()), 0, int(info.Size()), unix.PROT_READ, unix.MAP_SHARED|unix.MAP_POPULATE)
	if err != nil {
		return nil, fmt.Errorf("map %s: %w", path, err)
	}
	return &mapped{b: b, info: info}, nil
}

func (m *mapped) close() { unix.Munmap(m.b) }

// read decodes the file.
func (m *mapped) read() (c *contents, err error) {
	err = protect(func() error {
		c, err = read(m.b)
		return err
	})
	if err != nil {
		return nil, err
	}
	return c, nil
}
