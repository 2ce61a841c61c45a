//go:build linux

package nftables

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

// receiveSize is the buffer of one recvfrom. The kernel makes messages of a dump as large as the largest buffer it has seen, up to 32 KiB, and
// walks over all that it has sent for each new message: with small buffers a dump takes quadratic time.
const receiveSize = 64 << 10

// socket is a NETLINK_NETFILTER socket for elements: what google/nftables does for tables, chains and rules, without its allocation of some
// 1 KB an element (100 MB for 100,000 elements; a batch of ours takes 3 MB), and with a receive buffer that makes dumps linear.
//
// nfnetlink answers before sendto returns (the kernel runs the whole batch in it), so nothing here waits, except a monitor.
type socket struct {
	conn   *netlink.Conn
	raw    syscall.RawConn
	portID uint32 // the kernel's name of this socket, in the headers of events about what it did
	seq    uint32
	room   int // largest message that fits the send buffer
	limit  int // largest send buffer that is asked for, as net.core.wmem_max would limit it; 0: no limit
	in     []byte
}

// dial opens a socket in the network namespace of a descriptor, or in the current one for 0.
func dial(netns int) (*socket, error) {
	conn, err := netlink.Dial(unix.NETLINK_NETFILTER, &netlink.Config{NetNS: netns})
	if err != nil {
		return nil, err
	}
	raw, err := conn.SyscallConn()
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return &socket{conn: conn, raw: raw, portID: conn.PID(), in: make([]byte, receiveSize)}, nil
}

func (s *socket) Close() error { return s.conn.Close() }

// nextSeq numbers a message.
func (s *socket) nextSeq() uint32 {
	s.seq++
	return s.seq
}

// reserve makes the send buffer large enough for n bytes, as far as allowed: without CAP_NET_ADMIN in the first user namespace the limit is
// net.core.wmem_max. It says whether n fits.
func (s *socket) reserve(n int) bool {
	const overhead = 32 // netlink_sendmsg wants len <= sk_sndbuf - 32
	switch {
	case n <= s.room:
		return true
	case s.limit > 0 && n > s.limit:
		s.room = s.limit
		return false
	}
	if err := s.conn.SetWriteBuffer(n + overhead); err != nil {
		return false
	}
	size, err := s.conn.WriteBuffer()
	if err != nil {
		return false
	}
	s.room = size - overhead
	return n <= s.room
}

func (s *socket) send(b []byte) error {
	var sendErr error
	err := s.raw.Write(func(fd uintptr) bool {
		sendErr = unix.Sendto(int(fd), b, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK})
		return !errors.Is(sendErr, unix.EAGAIN)
	})
	if err != nil {
		return err
	}
	return os.NewSyscallError("sendto", sendErr)
}

// errQuiet is returned by receive when the kernel has said all it had to say.
var errQuiet = errors.New("no answer from the kernel")

// receive returns the next datagram, valid until the next call. It does not wait, see socket.
func (s *socket) receive() ([]byte, error) {
	return s.receiveWith(func(error) bool { return true })
}

// wait is receive that waits until the deadline; its error is os.ErrDeadlineExceeded then. Who ends ctx sets a deadline in the past: it may come
// before ours is set, or after.
func (s *socket) wait(ctx context.Context, deadline time.Time) ([]byte, error) {
	if err := s.conn.SetReadDeadline(deadline); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return s.receiveWith(func(err error) bool { return !errors.Is(err, unix.EAGAIN) })
}

func (s *socket) receiveWith(done func(error) bool) ([]byte, error) {
	var n int
	var receiveErr error
	err := s.raw.Read(func(fd uintptr) bool {
		n, _, receiveErr = unix.Recvfrom(int(fd), s.in, unix.MSG_DONTWAIT)
		return done(receiveErr)
	})
	switch {
	case err != nil:
		return nil, err
	case errors.Is(receiveErr, unix.EAGAIN):
		return nil, errQuiet
	case receiveErr != nil:
		return nil, os.NewSyscallError("recvfrom", receiveErr)
	}
	return s.in[:n], nil
}

// request sends one message and gives the parts of the answer to each, until the kernel says that it was all. The message is not part of a batch.
func (s *socket) request(m *batch, each func(message) error) error {
	if err := s.send(m.buf); err != nil {
		return err
	}
	for {
		b, err := s.receive()
		if err != nil {
			return err
		}
		done, err := eachMessage(b, func(msg message) (bool, error) { return answer(msg, m.last, each) })
		if err != nil {
			s.drain()
		}
		if done || err != nil {
			return err
		}
	}
}

// drain throws away the rest of an answer that nobody wants any more.
func (s *socket) drain() {
	for {
		if _, err := s.receive(); err != nil {
			return
		}
	}
}

// answer handles one message of an answer and says whether it is the last.
func answer(msg message, seq uint32, each func(message) error) (bool, error) {
	switch {
	case msg.seq != seq:
		return false, nil
	case msg.kind == unix.NLMSG_ERROR:
		return true, msg.errno()
	case msg.kind == unix.NLMSG_DONE:
		return true, nil
	}
	err := each(msg)
	return err != nil || msg.flags&unix.NLM_F_MULTI == 0, err
}

// message is one received netlink message.
type message struct {
	kind  uint16
	flags uint16
	seq   uint32
	port  uint32
	body  []byte // behind nlmsghdr
}

// eachMessage calls f for the messages of a datagram until it says that it is done.
func eachMessage(b []byte, f func(message) (bool, error)) (bool, error) {
	for len(b) >= unix.NLMSG_HDRLEN {
		size := int(binary.NativeEndian.Uint32(b))
		if size < unix.NLMSG_HDRLEN || size > len(b) {
			return true, fmt.Errorf("netlink message of %d bytes in a datagram with %d left", size, len(b))
		}
		msg := message{
			kind: binary.NativeEndian.Uint16(b[4:]), flags: binary.NativeEndian.Uint16(b[6:]),
			seq: binary.NativeEndian.Uint32(b[8:]), port: binary.NativeEndian.Uint32(b[12:]), body: b[unix.NLMSG_HDRLEN:size],
		}
		if done, err := f(msg); done || err != nil {
			return true, err
		}
		b = b[min(align4(size), len(b)):]
	}
	return false, nil
}

// errno is the outcome in an NLMSG_ERROR; nil for an acknowledgement.
func (m message) errno() error {
	if len(m.body) < 4 {
		return fmt.Errorf("netlink error message of %d bytes", len(m.body))
	}
	if code := int32(binary.NativeEndian.Uint32(m.body)); code != 0 {
		return unix.Errno(-code)
	}
	return nil
}

func align4(n int) int { return (n + 3) &^ 3 }
