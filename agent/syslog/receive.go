package syslog

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// maxDatagram is how much of a datagram is read. UDP has at most 64 KiB; a unix socket as much as the sender's buffer holds
	// (net.core.wmem_default: 208 KiB).
	maxDatagram = 256 << 10
	// burst is how many datagrams are received before the poller is asked again whether the socket has been closed.
	burst = 512
	// firstLogin is the lowest uid that people have; below are root and the accounts of services (login.defs(5), UID_MIN).
	firstLogin = 1000
	// sizeofStamp is the size of a time in seconds and nanoseconds, of 64 bits each as 64-bit kernels have them.
	sizeofStamp = 16
)

const (
	udpUntrusted   = "anybody can send UDP datagrams, with any sender's address"
	loginUntrusted = "datagrams of login users (uid 1000 and up)"
)

// datagram is one datagram as received. data is good until the next one.
type datagram struct {
	data      []byte
	cut       bool   // it was longer
	untrusted string // why it may be forged
	uid       uint32 // of the sender, if that is why

	pid                   int32     // of the sender; unix sockets only
	sent                  time.Time // by the kernel's stamp; zero if it has none
	queueFull, senderFull bool      // it left no room, see backlog
}

// receive calls take with each datagram until the socket is closed, and then returns nil.
func (s *socket) receive(take func(datagram)) error {
	r := receiver{socket: s, buf: make([]byte, maxDatagram), take: take}
	var err error
	if s.path != "" {
		// Exactly the room for what was asked for: the kernel then has none left to put file descriptors into that a sender passes along.
		r.oob = make([]byte, unix.CmsgSpace(sizeofStamp)+unix.CmsgSpace(unix.SizeofUcred))
		var sizes *charges
		if sizes, err = newCharges(); err != nil {
			return fmt.Errorf("receiving datagrams: %w", err)
		}
		defer sizes.close()
		r.waits = &backlog{queue: s.queue, buffer: senderBuffer(), charge: sizes.of}
	}
	for err == nil {
		var failed error
		err = s.raw.Read(func(fd uintptr) bool {
			var more bool
			more, failed = r.some(int(fd))
			return more || failed != nil
		})
		if err == nil {
			err = failed
		}
	}
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return fmt.Errorf("receiving datagrams: %w", err)
}

// receiver reads datagrams with their control messages.
type receiver struct {
	socket *socket
	buf    []byte
	oob    []byte
	waits  *backlog // nil: of a UDP socket, whose kernel counts what it drops
	take   func(datagram)
}

// some receives what is there, up to a burst; any says that it was something.
func (r *receiver) some(fd int) (any bool, err error) {
	for range burst {
		n, oobn, flags, _, err := unix.Recvmsg(fd, r.buf, r.oob, unix.MSG_DONTWAIT)
		switch {
		case errors.Is(err, unix.EAGAIN):
			if r.waits != nil {
				r.waits.empty()
			}
			return any, nil
		case errors.Is(err, unix.EINTR), errors.Is(err, unix.ECONNREFUSED): // an ICMP error about something we never sent
			continue
		case err != nil:
			return any, err
		}
		any = true
		d := datagram{data: r.buf[:n], cut: flags&unix.MSG_TRUNC != 0, untrusted: udpUntrusted}
		r.control(r.oob[:oobn], &d)
		if r.waits != nil && !d.sent.IsZero() {
			d.queueFull, d.senderFull = r.waits.add(d.sent, time.Now(), d.pid, n)
		}
		r.take(d)
	}
	return any, nil
}

// control reads what the kernel says about a datagram.
func (r *receiver) control(oob []byte, d *datagram) {
	if r.socket.path != "" {
		d.untrusted = loginUntrusted // for all that is known
	}
	for len(oob) >= unix.CmsgLen(0) {
		h, data, rest, err := unix.ParseOneSocketControlMessage(oob)
		if err != nil {
			return
		}
		oob = rest
		switch {
		case h.Level != unix.SOL_SOCKET:
		case h.Type == unix.SO_TIMESTAMPNS && len(data) == sizeofStamp:
			d.sent = time.Unix(int64(binary.NativeEndian.Uint64(data)), int64(binary.NativeEndian.Uint64(data[8:])))
		case h.Type == unix.SCM_CREDENTIALS && len(data) >= unix.SizeofUcred:
			d.pid, d.uid, d.untrusted = int32(binary.NativeEndian.Uint32(data)), binary.NativeEndian.Uint32(data[4:]), ""
			if d.uid >= firstLogin { // 65534 is a user that our namespace does not know
				d.untrusted = loginUntrusted
			}
		}
	}
}
