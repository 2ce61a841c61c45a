package control

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"os/user"
	"slices"
	"strconv"
	"unsafe"

	"golang.org/x/sys/unix"
)

// creds is what the kernel says about the process at the other end of a unix socket, as it was when it connected.
type creds struct {
	pid, uid, gid int
	groups        []int // supplementary
}

// member says whether the process was in group gid, which is -1 for a group that does not exist.
func (c creds) member(gid int) bool {
	return gid >= 0 && (c.gid == gid || slices.Contains(c.groups, gid))
}

// credentials reads SO_PEERCRED and SO_PEERGROUPS (unix(7), socket(7); groups since Linux 4.13).
func credentials(conn net.Conn) (creds, error) {
	u, ok := conn.(*net.UnixConn)
	if !ok {
		return creds{}, fmt.Errorf("peer credentials: %T is no unix socket", conn)
	}
	raw, err := u.SyscallConn()
	if err != nil {
		return creds{}, fmt.Errorf("peer credentials: %w", err)
	}
	var c creds
	var credErr error
	err = raw.Control(func(fd uintptr) { c, credErr = readCreds(int(fd)) })
	if err := errors.Join(err, credErr); err != nil {
		return creds{}, fmt.Errorf("peer credentials: %w", err)
	}
	return c, nil
}

func readCreds(fd int) (creds, error) {
	u, err := unix.GetsockoptUcred(fd, unix.SOL_SOCKET, unix.SO_PEERCRED)
	if err != nil {
		return creds{}, err
	}
	groups, err := peerGroups(fd)
	if err != nil && !errors.Is(err, unix.ENOPROTOOPT) { // older kernels know the primary group only
		return creds{}, err
	}
	return creds{pid: int(u.Pid), uid: int(u.Uid), gid: int(u.Gid), groups: groups}, nil
}

// peerGroups reads SO_PEERGROUPS, which x/sys/unix does not wrap: an array of 32-bit ids. ERANGE says how long it really is.
func peerGroups(fd int) ([]int, error) {
	for size := uint32(64 * 4); ; {
		buf := make([]byte, max(size, 4))
		_, _, errno := unix.Syscall6(unix.SYS_GETSOCKOPT, uintptr(fd), unix.SOL_SOCKET, unix.SO_PEERGROUPS,
			uintptr(unsafe.Pointer(&buf[0])), uintptr(unsafe.Pointer(&size)), 0)
		if errno == unix.ERANGE && int(size) > len(buf) {
			continue
		}
		if errno != 0 {
			return nil, errno
		}
		groups := make([]int, 0, size/4)
		for id := range slices.Chunk(buf[:size], 4) {
			groups = append(groups, int(binary.NativeEndian.Uint32(id)))
		}
		return groups, nil
	}
}

// access is what a peer may do.
type access uint8

const (
	nothing access = iota
	reading
	everything
)

// rules say who may do what. They are made once, when the server starts.
type rules struct {
	own         int // the agent's own uid
	admin, read group
}

// group is one of the two groups that give access.
type group struct {
	name string
	gid  int // -1: there is no such group
}

func (r rules) access(c creds) access {
	switch {
	case c.uid == 0, c.uid == r.own, c.member(r.admin.gid):
		return everything
	case c.member(r.read.gid):
		return reading
	}
	return nothing
}

// refusal is the answer to a peer that needs more access than it has. It names the narrowest group that would do.
func (r rules) refusal(c creds, need access) error {
	g, what := r.admin, "change anything"
	if need == reading {
		what = "ask anything"
		if r.read.gid >= 0 || r.admin.gid < 0 {
			g = r.read
		}
	}
	name := userName(c.uid)
	next := fmt.Sprintf("use sudo, or join group %s and log in again: sudo usermod -aG %s %s", g.name, g.name, name)
	if g.gid < 0 {
		next = fmt.Sprintf("use sudo, or make group %s, join it, and restart the agent", g.name)
	}
	return &Error{Message: fmt.Sprintf("user %s may not %s", name, what), Next: next, Err: ErrForbidden}
}

// userName is the login name of uid, or its number if it has none.
func userName(uid int) string {
	if u, err := user.LookupId(strconv.Itoa(uid)); err == nil {
		return u.Username
	}
	return strconv.Itoa(uid)
}
