package syslog

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"

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
	lost      uint64 // datagrams that the kernel has dropped before this one and since the one before, as far as it has said
}

// receive calls take with each datagram until the socket is closed, and then returns nil.
func (s *socket) receive(take func(datagram)) error {
	r := receiver{socket: s, buf: make([]byte, maxDatagram), take: take}
	// Exactly the room for what was asked for: the kernel then has none left to put file descriptors into that a sender passes along.
	r.oob = make([]byte, unix.CmsgSpace(unix.SizeofUcred))
	if s.path == "" {
		r.oob = make([]byte, unix.CmsgSpace(4))
	}
	var err error
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
	lost   uint32 // the kernel's counter of drops, which wraps
	take   func(datagram)
}

// some receives what is there, up to a burst; any says that it was something.
func (r *receiver) some(fd int) (any bool, err error) {
	for range burst {
		n, oobn, flags, _, err := unix.Recvmsg(fd, r.buf, r.oob, unix.MSG_DONTWAIT)
		switch {
		case errors.Is(err, unix.EAGAIN):
			return any, nil
		case errors.Is(err, unix.EINTR), errors.Is(err, unix.ECONNREFUSED): // an ICMP error about something we never sent
			continue
		case err != nil:
			return any, err
		}
		any = true
		d := datagram{data: r.buf[:n], cut: flags&unix.MSG_TRUNC != 0, untrusted: udpUntrusted}
		r.control(r.oob[:oobn], &d)
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
		case h.Type == unix.SO_RXQ_OVFL && len(data) >= 4:
			total := binary.NativeEndian.Uint32(data)
			d.lost, r.lost = uint64(total-r.lost), total
		case h.Type == unix.SCM_CREDENTIALS && len(data) >= unix.SizeofUcred:
			d.uid, d.untrusted = binary.NativeEndian.Uint32(data[4:]), ""
			if d.uid >= firstLogin { // 65534 is a user that our namespace does not know
				d.untrusted = loginUntrusted
			}
		}
	}
}
