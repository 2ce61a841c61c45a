package state

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// lockDir creates the directory of a state file and locks it for this process. The lock is on the directory, not on the file, because
// files are replaced. It ends with the process, however that ends.
func lockDir(path string) (*os.File, error) {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, fmt.Errorf("state directory: %w; %s", err, nextStep(dir, err))
	}
	d, err := os.Open(dir)
	if err != nil {
		return nil, fmt.Errorf("state directory: %w; %s", err, nextStep(dir, err))
	}
	err = unix.Flock(int(d.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		err = fmt.Errorf("state directory %s is %w%s; stop that one first: systemctl stop cidrx", dir, ErrInUse, holder(d))
	}
	if err != nil {
		d.Close()
		return nil, err
	}
	return d, nil
}

// holder names the process that has locked d, as " (process 123)", as far as /proc/locks shows it: not from inside another PID namespace.
func holder(d *os.File) string {
	info, err := d.Stat()
	if err != nil {
		return ""
	}
	locks, err := os.ReadFile("/proc/locks")
	if err != nil {
		return ""
	}
	st := info.Sys().(*syscall.Stat_t)
	if pid := lockOwner(string(locks), unix.Major(st.Dev), unix.Minor(st.Dev), st.Ino); pid != "" {
		return " (process " + pid + ")"
	}
	return ""
}

// lockOwner finds the process with a lock on an inode in the text of /proc/locks: "1: FLOCK ADVISORY WRITE 123 fe:00:4711 0 EOF"
// (proc_locks(5); device numbers in hexadecimal). Empty: not there, or of another PID namespace (0).
func lockOwner(locks string, major, minor uint32, ino uint64) string {
	id := fmt.Sprintf("%02x:%02x:%d", major, minor, ino)
	for line := range strings.Lines(locks) {
		f := strings.Fields(line)
		if len(f) >= 6 && f[1] == "FLOCK" && f[5] == id && f[4] != "0" {
			return f[4]
		}
	}
	return ""
}

// nextStep says what a person can do about an error of the file system.
func nextStep(dir string, err error) string {
	switch {
	case errors.Is(err, unix.ENOSPC), errors.Is(err, unix.EDQUOT), errors.Is(err, unix.EFBIG):
		return "make room there: df -h " + dir
	case errors.Is(err, unix.EROFS):
		return "mount it for writing: findmnt -T " + dir
	case errors.Is(err, unix.EACCES), errors.Is(err, unix.EPERM):
		return "give it to the user that the agent runs as: chown -R cidrx: " + dir
	case errors.Is(err, unix.EIO), errors.As(err, new(*faultError)):
		return "look for a failing disk: dmesg"
	case errors.Is(err, unix.ENOTDIR):
		return "set agent.stateDir to a directory"
	}
	return "look at it: ls -ld " + dir
}
