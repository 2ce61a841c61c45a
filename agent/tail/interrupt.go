package tail

import (
	"context"
	"errors"
	"io"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// interruptible returns a reader of in whose Read returns when ctx is done. nil means os.Stdin. A reader that is no file, has no
// deadlines and cannot be closed is not interrupted. stop frees what that takes.
func interruptible(ctx context.Context, in io.Reader) (r io.Reader, stop func(), err error) {
	if in == nil {
		in = os.Stdin
	}
	interrupt := func() {}
	switch in := in.(type) {
	case *os.File:
		return pollable(ctx, in)
	case interface{ SetReadDeadline(time.Time) error }:
		interrupt = func() { _ = in.SetReadDeadline(time.Unix(1, 0)) }
	case io.Closer:
		interrupt = func() { _ = in.Close() }
	}
	cancel := context.AfterFunc(ctx, interrupt)
	return in, func() { cancel() }, nil
}

// polled reads a file only when there is something to read, so that waiting for it can be interrupted. Standard input cannot be made
// non-blocking instead: it is shared with the processes that we have it from.
type polled struct {
	file *os.File
	fds  [2]unix.PollFd // the file, and a pipe that is closed to interrupt
}

func pollable(ctx context.Context, file *os.File) (io.Reader, func(), error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, nil, err
	}
	p := &polled{file: file}
	p.fds[0] = unix.PollFd{Fd: int32(file.Fd()), Events: unix.POLLIN}
	p.fds[1] = unix.PollFd{Fd: int32(r.Fd()), Events: unix.POLLIN}
	cancel := context.AfterFunc(ctx, func() { w.Close() })
	return p, func() {
		cancel()
		w.Close()
		r.Close()
	}, nil
}

func (p *polled) Read(b []byte) (int, error) {
	for {
		_, err := unix.Poll(p.fds[:], -1)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return 0, os.NewSyscallError("poll", err)
		}
		if p.fds[1].Revents != 0 {
			return 0, context.Canceled
		}
		return p.file.Read(b)
	}
}
