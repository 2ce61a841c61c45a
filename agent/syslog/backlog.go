package syslog

import (
	"time"

	"golang.org/x/sys/unix"
)

// backlog works out how much was waiting at a unix socket when each datagram was sent. The kernel refuses a datagram when the socket's
// queue has max_dgram_qlen of them and one more, or when what a sender has waiting there fills that sender's buffer (unix_dgram_sendmsg
// and sock_alloc_send_pskb in net/). It counts neither, tells neither to the receiver, and a sender such as nginx that does not wait then
// forgets the line. That something was full can be told, though: the kernel stamps each datagram with the time it was sent at, so what was
// sent earlier and read later was waiting then. What was refused, and whether anything was, nobody knows.
type backlog struct {
	queue  int           // datagrams that the queue holds; 0: not known
	buffer int           // bytes that a sender may have waiting, as long as it has not asked for more or less; 0: not known
	charge func(int) int // what the kernel counts for a datagram of so many bytes

	waiting []passed // the last ones read, oldest first
	held    map[int32]int
}

// longestBacklog bounds what is remembered, whatever the sysctl and the clock say.
const longestBacklog = 1 << 16

// passed is a datagram that has been read.
type passed struct {
	read time.Time
	pid  int32
	cost int
}

// add takes the next datagram: when it was sent and read, by whom, how long it is. It says whether it left no room, in the queue or in the
// buffer of its sender. A process counts as one sender, though it may write to several sockets; one of a foreign PID namespace (0) as none.
// The time is taken a moment after the reading, so full can mean all but one.
func (b *backlog) add(sent, read time.Time, pid int32, size int) (queueFull, senderFull bool) {
	if b.held == nil {
		b.held = map[int32]int{}
	}
	for len(b.waiting) > 0 && (!b.waiting[0].read.After(sent) || len(b.waiting) >= longestBacklog) {
		b.forget()
	}
	cost := b.charge(size)
	b.waiting = append(b.waiting, passed{read, pid, cost})
	b.held[pid] += cost
	return b.queue > 0 && len(b.waiting) >= b.queue, b.buffer > 0 && pid > 0 && b.held[pid] >= b.buffer
}

// forget the oldest.
func (b *backlog) forget() {
	old := b.waiting[0]
	b.waiting = b.waiting[1:]
	if b.held[old.pid] -= old.cost; b.held[old.pid] <= 0 {
		delete(b.held, old.pid)
	}
}

// empty says that the queue has been read to its end: what comes later waits with nothing of before. A clock that is set back does no
// harm beyond that.
func (b *backlog) empty() {
	b.waiting = b.waiting[:0]
	clear(b.held)
}

// senderBuffer is how many bytes a sender may have waiting that has not set SO_SNDBUF: net.core.wmem_default.
func senderBuffer() int {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0
	}
	defer unix.Close(fd)
	n, _ := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUF)
	return n
}

// charges finds out what the kernel counts for datagrams, which differs between kernels: by sending one of that size to ourselves.
type charges struct {
	pair  [2]int
	known map[int]int // by size, rounded up to steps
	buf   []byte
}

// step is how far sizes are rounded up before they are tried: the kernel rounds, too, and more.
const step = 64

func newCharges() (*charges, error) {
	c := &charges{known: map[int]int{}, buf: make([]byte, maxDatagram)}
	var err error
	c.pair, err = unix.Socketpair(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	return c, err
}

// of is what is counted for a datagram of n bytes; n itself where that cannot be found out, as for one larger than our own buffer.
func (c *charges) of(n int) int {
	n = min(max(n+step-1, step)/step*step, maxDatagram)
	if cost, ok := c.known[n]; ok {
		return cost
	}
	cost := n
	if _, err := unix.Write(c.pair[0], c.buf[:n]); err == nil {
		if q, err := unix.IoctlGetInt(c.pair[0], unix.SIOCOUTQ); err == nil {
			cost = q
		}
		_, _ = unix.Read(c.pair[1], c.buf)
	}
	c.known[n] = cost
	return cost
}

func (c *charges) close() {
	unix.Close(c.pair[0])
	unix.Close(c.pair[1])
}
