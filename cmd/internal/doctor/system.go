package doctor

import (
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"cidrx/agent/control"
	"cidrx/firewall/nftables"
)

// System is the host as the checks see it. Tests put a directory and functions of their own in its place.
type System struct {
	Root    string // put before the path of every file that is looked at
	Now     func() time.Time
	UID     int                                                              // of this process
	Status  func(ctx context.Context, socket string) (control.Status, error) // of the agent at a socket
	Probe   func(nftables.Options) ([]nftables.Check, error)
	Ruleset func() ([]Table, error)          // what the packet filter holds, of everybody
	Synced  func() (bool, error)             // the clock is disciplined, by NTP or the like
	Program func(name string) (string, bool) // the path of an installed program
	Free    func(path string) (Disk, error)  // of the file system that path, below Root already, lies on
}

// Disk is what is left of a file system.
type Disk struct {
	Bytes, Inodes uint64
	Remote        bool // a network file system: the kernel does not tell of what other hosts write there
	Uncounted     bool // has no notion of inodes
}

// Host is the host that this process runs on.
func Host() *System {
	return &System{
		Now: time.Now, UID: os.Geteuid(), Probe: nftables.Probe, Ruleset: listTables, Synced: clockSynced, Program: findProgram, Free: freeSpace,
		Status: func(ctx context.Context, socket string) (control.Status, error) {
			return (&control.Client{Socket: socket}).Status(ctx)
		},
	}
}

// maxRead bounds what is read of any file of the system.
const maxRead = 1 << 20

// read returns the beginning of a file.
func (s *System) read(path string) (string, error) {
	f, err := os.Open(s.path(path))
	if err != nil {
		return "", err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxRead))
	return string(data), err
}

// path is where the file lies that the checks know as path.
func (s *System) path(path string) string { return filepath.Join("/", s.Root, path) }

// glob returns the files that match pattern, as the checks know them.
func (s *System) glob(pattern string) []string {
	found, _ := filepath.Glob(s.path(pattern)) // patterns of the configuration have been checked
	for i := range found {
		found[i] = strings.TrimPrefix(found[i], filepath.Clean(s.Root))
		if !strings.HasPrefix(found[i], "/") {
			found[i] = "/" + found[i]
		}
	}
	return found
}

func (s *System) exists(path string) bool {
	_, err := os.Stat(s.path(path))
	return err == nil
}

// clockSynced asks the kernel; see adjtimex(2). Reading needs no right.
func clockSynced() (bool, error) {
	var t unix.Timex
	state, err := unix.Adjtimex(&t)
	return state != unix.TIME_ERROR && t.Status&unix.STA_UNSYNC == 0, err
}

// findProgram looks where system services look, too: the PATH of people often lacks sbin.
func findProgram(name string) (string, bool) {
	if path, err := exec.LookPath(name); err == nil {
		return path, true
	}
	for _, dir := range []string{"/usr/sbin", "/sbin", "/usr/local/sbin"} {
		path := filepath.Join(dir, name)
		if info, err := os.Stat(path); err == nil && info.Mode()&0o111 != 0 && !info.IsDir() {
			return path, true
		}
	}
	return "", false
}

// remote are the file systems on which inotify hears nothing of other hosts; see statfs(2).
var remote = map[int64]bool{unix.NFS_SUPER_MAGIC: true, unix.CIFS_SUPER_MAGIC: true, unix.SMB2_SUPER_MAGIC: true, unix.V9FS_MAGIC: true, unix.CEPH_SUPER_MAGIC: true, unix.AFS_SUPER_MAGIC: true}

func freeSpace(path string) (Disk, error) {
	var st unix.Statfs_t
	if err := unix.Statfs(path, &st); err != nil {
		return Disk{}, err
	}
	return Disk{Bytes: st.Bavail * uint64(st.Bsize), Inodes: st.Ffree, Remote: remote[int64(st.Type)], Uncounted: st.Files == 0}, nil
}
