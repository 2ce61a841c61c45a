package control

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// DefaultSocket is where agent and cidrxctl meet unless told otherwise.
const DefaultSocket = "/run/cidrx/cidrx.sock"

const (
	// socketMode lets everybody connect: who may do what is decided from the peer's credentials.
	socketMode = 0o666
	// longestPath is what fits into sockaddr_un, less the closing NUL (unix(7)).
	longestPath  = 107
	probeTimeout = 2 * time.Second
)

// Listen makes the control socket at path, in a directory that exists. A socket left behind by a dead process is replaced. One that
// is answered is respected: the error wraps ErrInUse and says who holds it. What is not a socket is never removed.
//
// Of several processes that start at once one wins: a lock beside the socket, path.lock, is held until Close. Close removes the
// socket if it is still the one made here.
func Listen(path string) (net.Listener, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("control socket: %w", err)
	}
	if err := checkPlace(path); err != nil {
		return nil, err
	}
	lock, err := lockFile(path + ".lock")
	if errors.Is(err, ErrInUse) {
		return nil, inUse(path)
	}
	if err != nil {
		return nil, err
	}
	s, err := bind(path)
	if err != nil {
		return nil, errors.Join(err, lock.release())
	}
	s.lock = lock
	return s, nil
}

// checkPlace refuses a path on which no socket can be made.
func checkPlace(path string) error {
	if len(path) > longestPath {
		return &Error{Message: fmt.Sprintf("control socket %s: the path is longer than the %d bytes a socket can have", path, longestPath), Next: "set agent.socket to a shorter one"}
	}
	dir := filepath.Dir(path)
	switch info, err := os.Stat(dir); {
	case errors.Is(err, fs.ErrNotExist):
		return &Error{Message: "control socket: there is no directory " + dir, Next: "make it and give it to the agent's user: install -d -o cidrx -g cidrx " + dir, Err: err}
	case err != nil:
		return &Error{Message: "control socket: " + err.Error(), Next: "let the agent's user into " + dir, Err: err}
	case !info.IsDir():
		return &Error{Message: "control socket: " + dir + " is not a directory", Next: "set agent.socket to a path inside one"}
	}
	return nil
}

// bind makes the socket. The caller holds the lock, so between the look at what is there and the bind no other agent comes in.
func bind(path string) (*socket, error) {
	if err := clearStale(path); err != nil {
		return nil, err
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return nil, &Error{Message: fmt.Sprintf("control socket %s: %v", path, errors.Unwrap(err)), Next: "can the agent's user write in " + filepath.Dir(path) + "?", Err: err}
	}
	l.SetUnlinkOnClose(false) // it would remove whatever has the name by then
	s := &socket{UnixListener: l, path: path}
	// Between bind and chmod the socket is stricter than it will be, so nobody gets in who should not.
	if err := os.Chmod(path, socketMode); err != nil {
		return nil, errors.Join(fmt.Errorf("control socket: %w", err), s.Close())
	}
	if s.info, err = os.Lstat(path); err != nil {
		return nil, errors.Join(fmt.Errorf("control socket: %w", err), s.Close())
	}
	return s, nil
}

// clearStale makes room at path: it removes a socket that nobody answers, and nothing else.
func clearStale(path string) error {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("control socket: %w", err)
	}
	if info.Mode().Type() != fs.ModeSocket {
		return &Error{Message: fmt.Sprintf("control socket %s: there is something else of that name (%s)", path, info.Mode()), Next: "move it away, or set agent.socket to another path"}
	}
	conn, err := net.DialTimeout("unix", path, probeTimeout)
	if err == nil {
		defer conn.Close()
		return inUseBy(path, conn)
	}
	// Only a refusal proves that nobody listens: a full backlog or a datagram socket is somebody's.
	if !errors.Is(err, unix.ECONNREFUSED) {
		return inUse(path)
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return &Error{Message: "control socket: cannot replace the one left behind: " + err.Error(), Next: "remove it as root: rm " + path, Err: err}
	}
	return nil
}

// inUse says who holds the socket, asking whoever answers.
func inUse(path string) error {
	conn, err := net.DialTimeout("unix", path, probeTimeout)
	if err != nil { // it is just starting or stopping, or does not answer
		return &Error{Message: fmt.Sprintf("control socket %s is held by another process", path), Next: "is an agent running? systemctl status cidrx", Err: ErrInUse}
	}
	defer conn.Close()
	return inUseBy(path, conn)
}

// inUseBy says which process listens at the other end of conn: for a listener SO_PEERCRED names the one that called listen(2).
func inUseBy(path string, conn net.Conn) error {
	who := "another process"
	if c, err := credentials(conn); err == nil && c.pid > 0 {
		who = fmt.Sprintf("process %d", c.pid)
	}
	return &Error{Message: fmt.Sprintf("control socket %s is answered by %s", path, who), Next: "an agent runs already: systemctl status cidrx", Err: ErrInUse}
}

// socket is a listener that takes its name away with it, once.
type socket struct {
	*net.UnixListener
	path string
	info os.FileInfo // of what was bound; nil if that could not be read
	lock *lock       // nil until Listen hands it over

	once sync.Once
	err  error
}

// Close stops listening and removes the socket, unless the name has gone to somebody else's.
func (s *socket) Close() error {
	s.once.Do(func() {
		// Only who ignores the lock could take the name between the look and the removal.
		if now, err := os.Lstat(s.path); err == nil && s.info != nil && os.SameFile(now, s.info) {
			s.err = os.Remove(s.path)
		}
		s.err = errors.Join(s.err, s.UnixListener.Close())
		if s.lock != nil {
			s.err = errors.Join(s.err, s.lock.release())
		}
	})
	return s.err
}
