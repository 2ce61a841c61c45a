// Package atomicfile replaces files in one step.
package atomicfile

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// Replace puts what fill writes into the place of a file, in one step: whoever looks, or dies, in between finds the old file or the
// new one. A file that is there keeps its mode and its owner; a symbolic link stays, and what it points to is replaced. What is no regular
// file, such as /dev/stdout, is written to as it is. The error names the file and the next step.
func Replace(path string, fill func(io.Writer) error) error {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	before, err := os.Stat(path)
	switch {
	case err == nil && before.IsDir():
		return errDirectory(path)
	case err == nil && !before.Mode().IsRegular():
		return writeInPlace(path, fill)
	}
	temp, err := os.CreateTemp(filepath.Dir(path), filepath.Base(TempPattern(path)))
	if err != nil {
		return unwritable(path, err)
	}
	err = fillTemp(temp, before, fill)
	if err == nil {
		err = os.Rename(temp.Name(), path)
	}
	if err != nil {
		os.Remove(temp.Name())
		return unwritable(path, err)
	}
	return syncDir(filepath.Dir(path))
}

// Check tries whether Replace could write a file, without touching it: for those who work long before they write.
func Check(path string) error {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	before, err := os.Stat(path)
	switch {
	case err == nil && before.IsDir():
		return errDirectory(path)
	case err == nil && !before.Mode().IsRegular():
		return nil // a device or a pipe: opening it may have effects, or wait
	}
	temp, err := os.CreateTemp(filepath.Dir(path), filepath.Base(TempPattern(path)))
	if err != nil {
		return unwritable(path, err)
	}
	return errors.Join(temp.Close(), os.Remove(temp.Name()))
}

func errDirectory(path string) error { return fmt.Errorf("%s: is a directory; name a file", path) }

// TempPattern is the pattern of the names under which Replace writes before it puts a file into its place. Who has locked the path may
// remove what matches: a process that was killed left it.
func TempPattern(path string) string {
	return filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".new*")
}

// fillTemp writes, syncs and closes temp, with the mode and the owner of the file that it replaces.
func fillTemp(temp *os.File, before fs.FileInfo, fill func(io.Writer) error) error {
	w := bufio.NewWriter(temp)
	err := fill(w)
	if err == nil {
		err = w.Flush()
	}
	if err == nil {
		err = likeBefore(temp, before)
	}
	if err == nil {
		err = temp.Sync()
	}
	return errors.Join(err, temp.Close())
}

// newFileMode is the mode of files that were not there: web servers and scripts read them.
const newFileMode = 0o644

// likeBefore gives f the mode and the owner of the file that it replaces. Another owner's is left to those who may.
func likeBefore(f *os.File, before fs.FileInfo) error {
	if before == nil {
		return f.Chmod(newFileMode)
	}
	if st, ok := before.Sys().(*syscall.Stat_t); ok {
		if err := f.Chown(int(st.Uid), int(st.Gid)); err != nil && !errors.Is(err, fs.ErrPermission) {
			return err
		}
	}
	return f.Chmod(before.Mode().Perm())
}

func writeInPlace(path string, fill func(io.Writer) error) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return unwritable(path, err)
	}
	w := bufio.NewWriter(f)
	err = fill(w)
	if err == nil {
		err = w.Flush()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return unwritable(path, err)
	}
	return nil
}

// syncDir makes the names in a directory durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	if err := d.Sync(); err != nil && !errors.Is(err, syscall.EINVAL) { // some file systems cannot
		return fmt.Errorf("%s: %w", dir, err)
	}
	return nil
}

// unwritable says why a file cannot be written, with the next step.
func unwritable(path string, err error) error {
	var at *fs.PathError
	if errors.As(err, &at) {
		err = at.Err
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%s: cannot be written: its directory does not exist; mkdir -p %s", path, filepath.Dir(path))
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%s: cannot be written: %w; give %s to the user that runs cidrx, or try sudo", path, err, filepath.Dir(path))
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return fmt.Errorf("%s: cannot be written: %w; make room: df -h %s", path, err, filepath.Dir(path))
	}
	return fmt.Errorf("%s: cannot be written: %w", path, err)
}
