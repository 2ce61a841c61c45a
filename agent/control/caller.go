package control

import (
	"context"
	"net/http"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// lookEvery is how often it is looked whether a caller is still there who has nothing more to say, or has said more than was asked.
const lookEvery = time.Second

// present is a context that ends when the caller of r is gone. Its own context will not do: that ends as soon as there is nothing more to
// read, and a caller that has shut down its side for writing (shutdown(2) with SHUT_WR, as "nc -N" does) still waits for its answer.
// The cancel function must be called; it ends what watches the connection.
func present(r *http.Request, c *peerConn) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(r.Context()))
	go c.watch(ctx, r.Context().Done(), cancel)
	return ctx, cancel
}

// watch calls gone when the caller is, unless ctx is done before. It looks at once when silent is closed, which is when reading from the
// caller has come to an end; nothing tells of what comes after that.
func (c *peerConn) watch(ctx context.Context, silent <-chan struct{}, gone func()) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-silent:
			silent = nil
		case <-tick.C:
		}
		if c.hungUp() {
			gone()
			return
		}
	}
}

// hungUp says whether the connection is closed, by us, or by the caller for both directions: only then a unix socket polls as hung up
// (unix_poll in net/unix/af_unix.c of Linux; one direction is POLLRDHUP).
func (c *peerConn) hungUp() bool {
	conn, ok := c.Conn.(syscall.Conn)
	if !ok {
		return false
	}
	raw, err := conn.SyscallConn()
	if err != nil {
		return true
	}
	fds := []unix.PollFd{{}} // POLLHUP and POLLERR need not be asked for
	err = raw.Control(func(fd uintptr) {
		fds[0].Fd = int32(fd)
		unix.Poll(fds, 0) // a failure leaves Revents empty: it is looked again
	})
	return err != nil || fds[0].Revents&(unix.POLLHUP|unix.POLLERR) != 0
}
