package syslog

import (
	"errors"
	"unsafe"

	"golang.org/x/sys/unix"
)

// drops adds up what the kernel has dropped at UDP sockets, one after the other, each of which counts for itself.
type drops struct {
	total uint64
	last  uint32 // of the socket that is open, whose counter wraps
}

// look reads the counter of the open socket. One that is closed just now has told all it had to tell.
func (d *drops) look(s *socket) {
	if s == nil || s.path != "" {
		return
	}
	if now, err := s.dropped(); err == nil {
		d.total, d.last = d.total+uint64(now-d.last), now
	}
}

// dropped is how many datagrams the kernel has dropped at this socket since it was made, for want of room in its buffer or for a wrong
// checksum. It asks for SO_MEMINFO (Linux 4.12) and not for SO_RXQ_OVFL: that comes with the next datagram only, so that a burst that
// ends in drops would go unseen. For unix sockets the counter stays 0: their senders are refused instead, see backlog.
func (s *socket) dropped() (uint32, error) {
	var info [unix.SK_MEMINFO_VARS]uint32
	size := uint32(unsafe.Sizeof(info))
	var failed error
	err := s.raw.Control(func(fd uintptr) {
		_, _, errno := unix.Syscall6(unix.SYS_GETSOCKOPT, fd, unix.SOL_SOCKET, unix.SO_MEMINFO, uintptr(unsafe.Pointer(&info)), uintptr(unsafe.Pointer(&size)), 0)
		if errno != 0 {
			failed = errno
		}
	})
	return info[unix.SK_MEMINFO_DROPS], errors.Join(err, failed)
}
