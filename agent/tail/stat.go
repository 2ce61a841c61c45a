package tail

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// fileID tells one file from every other that there is or was. The birth time is part of it because file systems give the inode of a
// deleted file to the next one at once.
type fileID struct {
	dev, ino uint64
	born     int64 // 0 where the file system does not say
}

// info is what is known of a file without reading it.
type info struct {
	id    fileID
	size  int64
	mtime int64 // Unix nanoseconds
	mode  uint32
	uid   uint32
	nlink uint32
}

// birth is when the file was created, or, where that is not known, when it was last written.
func (i info) birth() int64 {
	if i.id.born != 0 {
		return i.id.born
	}
	return i.mtime
}

// statPath looks at what path leads to, symbolic links followed.
func statPath(path string) (info, error) { return statAt(unix.AT_FDCWD, path, 0, path) }

// statFile looks at an open file.
func statFile(f *os.File) (info, error) {
	return statAt(int(f.Fd()), "", unix.AT_EMPTY_PATH, f.Name())
}

func statAt(dir int, path string, flags int, name string) (info, error) {
	var st unix.Statx_t
	err := unix.Statx(dir, path, flags, unix.STATX_BASIC_STATS|unix.STATX_BTIME, &st)
	if errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.EPERM) {
		return oldStat(dir, path, name) // a kernel or a seccomp filter that does not know statx(2)
	}
	if err != nil {
		return info{}, &fs.PathError{Op: "stat", Path: name, Err: err}
	}
	i := info{
		id:    fileID{dev: unix.Mkdev(st.Dev_major, st.Dev_minor), ino: st.Ino},
		size:  int64(st.Size),
		mtime: st.Mtime.Sec*1e9 + int64(st.Mtime.Nsec),
		mode:  uint32(st.Mode), uid: st.Uid, nlink: st.Nlink,
	}
	if st.Mask&unix.STATX_BTIME != 0 {
		i.id.born = st.Btime.Sec*1e9 + int64(st.Btime.Nsec)
	}
	return i, nil
}

func oldStat(fd int, path, name string) (info, error) {
	var st unix.Stat_t
	var err error
	if path == "" {
		err = unix.Fstat(fd, &st)
	} else {
		err = unix.Stat(path, &st)
	}
	if err != nil {
		return info{}, &fs.PathError{Op: "stat", Path: name, Err: err}
	}
	return info{
		id:    fileID{dev: st.Dev, ino: st.Ino},
		size:  st.Size,
		mtime: st.Mtim.Nano(),
		mode:  st.Mode, uid: st.Uid, nlink: uint32(st.Nlink),
	}, nil
}

// followable says why a thing that is no regular file is not followed.
func followable(path string, i info) error {
	switch i.mode & unix.S_IFMT {
	case unix.S_IFREG:
		return nil
	case unix.S_IFDIR:
		return fmt.Errorf("%s is a directory: name its files, such as %s/*.log", path, path)
	case unix.S_IFIFO:
		return fmt.Errorf("%s is a FIFO: only regular files are followed; let its writer write to a file, or give it as standard input (path \"-\")", path)
	default:
		return fmt.Errorf("%s is a device or a socket: only regular files are followed", path)
	}
}

// openRegular opens a regular file for reading. It does not wait for the writer of a FIFO that has just taken the file's place.
func openRegular(path string) (*os.File, info, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK|unix.O_NOCTTY, 0)
	if err != nil {
		return nil, info{}, err
	}
	i, err := statFile(f)
	if err == nil {
		err = followable(path, i)
	}
	if err != nil {
		f.Close()
		return nil, info{}, err
	}
	return f, i, nil
}

// readable says why a directory cannot be listed.
func readable(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return f.Close()
}

func isLink(path string) bool {
	i, err := os.Lstat(path)
	return err == nil && i.Mode()&os.ModeSymlink != 0
}
