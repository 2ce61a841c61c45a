package syslog

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const (
	socketMode   = 0o666 // who wrote a datagram the kernel says
	longestPath  = 107   // what fits into sockaddr_un, less the closing NUL (unix(7))
	probeTimeout = 2 * time.Second
)

// socket is an open socket.
type socket struct {
	conn net.PacketConn
	raw  syscall.RawConn
	path string      // of a unix socket
	info os.FileInfo // of what was bound at path
	// queue is how many datagrams a unix socket holds, by the sysctl at the time it was made; 0: not known.
	queue int
	once  sync.Once // closes
}

// open makes the socket. What is wrong is said with the next step.
func open(network, address string) (*socket, error) {
	if network == "udp" {
		return openUDP(address)
	}
	return openUnix(address)
}

func openUDP(address string) (*socket, error) {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return nil, fmt.Errorf("%s is no address with a port: %w", address, err)
	}
	conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(at))
	switch {
	case errors.Is(err, unix.EADDRINUSE):
		return nil, fmt.Errorf("udp port %s is taken by another process (ss -ulpn says which); stop that or choose another port", address)
	case errors.Is(err, unix.EADDRNOTAVAIL):
		return nil, fmt.Errorf("%s is no address of this host; listen at 127.0.0.1 or at one that ip address shows", at.Addr())
	case err != nil:
		return nil, fmt.Errorf("listening at udp port %s: %w", address, err)
	}
	return newSocket(conn, conn)
}

func openUnix(path string) (*socket, error) {
	if len(path) > longestPath {
		return nil, fmt.Errorf("socket %s: the path is longer than the %d bytes that a socket can have; choose a shorter one", path, longestPath)
	}
	if err := clearStale(path); err != nil {
		return nil, err
	}
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("socket %s: there is no directory %s; make it and give it to the agent's user", path, filepath.Dir(path))
	}
	if err != nil {
		return nil, fmt.Errorf("socket %s: %w; can the agent's user write in %s?", path, err, filepath.Dir(path))
	}
	s, err := newSocket(conn, conn, unix.SO_PASSCRED, unix.SO_TIMESTAMPNS)
	if err != nil {
		return nil, err
	}
	s.path = path
	if n := queueLength(); n > 0 {
		s.queue = n + 1 // full is more than that, net/unix/af_unix.c
	}
	if err := os.Chmod(path, socketMode); err != nil {
		s.close()
		return nil, fmt.Errorf("socket: %w", err)
	}
	if s.info, err = os.Lstat(path); err != nil {
		s.close()
		return nil, fmt.Errorf("socket: %w", err)
	}
	return s, nil
}

// newSocket sets the options of a connection, and switches the given ones on.
func newSocket(conn net.PacketConn, sys syscall.Conn, options ...int) (*socket, error) {
	raw, err := sys.SyscallConn()
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	var failed error
	err = raw.Control(func(fd uintptr) {
		if unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, ReceiveBuffer) != nil { // needs CAP_NET_ADMIN
			_ = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF, ReceiveBuffer) // up to net.core.rmem_max
		}
		for _, option := range options {
			failed = errors.Join(failed, unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, option, 1))
		}
	})
	if err = errors.Join(err, failed); err != nil {
		return nil, errors.Join(fmt.Errorf("setting the socket's options: %w", err), conn.Close())
	}
	return &socket{conn: conn, raw: raw}, nil
}

// shortQueue is how many datagrams a unix socket should be able to queue at least. systemd sets 512; the kernel's own default is 10, and
// what a web server writes while eleven wait is lost where nobody can count it.
const shortQueue = 100

// queueLength is how many datagrams a unix socket made now can queue; 0 if that cannot be told.
func queueLength() int {
	text, err := os.ReadFile("/proc/sys/net/unix/max_dgram_qlen")
	if err != nil {
		return 0
	}
	n, _ := strconv.Atoi(strings.TrimSpace(string(text)))
	return n
}

// clearStale makes room at path: it removes a socket that nobody listens at, and nothing else.
func clearStale(path string) error {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("socket: %w", err)
	}
	if info.Mode().Type() != fs.ModeSocket {
		return fmt.Errorf("socket %s: there is something else of that name (%s); move it away, or choose another path", path, info.Mode())
	}
	conn, err := net.DialTimeout("unixgram", path, probeTimeout)
	if err == nil {
		conn.Close()
	}
	// Only a refusal proves that nobody listens.
	if !errors.Is(err, unix.ECONNREFUSED) {
		return fmt.Errorf("socket %s is held by another process (ss -xlp says which); stop that or choose another path", path)
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("socket: cannot replace the one left behind: %w; remove it as root: rm %s", err, path)
	}
	return nil
}

// reachable says whether senders that look for the socket find it.
func (s *socket) reachable() bool {
	if s.path == "" {
		return true
	}
	now, err := os.Lstat(s.path)
	return err == nil && os.SameFile(now, s.info)
}

// close ends receive and removes the socket, unless the name has gone to somebody else's.
func (s *socket) close() {
	s.once.Do(func() {
		if u, ok := s.conn.(*net.UnixConn); ok && s.path != "" {
			if s.info != nil && s.reachable() {
				_ = os.Remove(s.path) // else the next start finds it and sees that nobody listens
			}
			u.Close()
			return
		}
		s.conn.Close()
	})
}
