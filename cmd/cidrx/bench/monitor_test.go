package bench

import (
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"net/netip"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// monitor hears what happens to the nftables of a network namespace, as "nft monitor" does.
type monitor struct {
	fd     int
	events chan event
	ended  chan error
}

// event is what came with one datagram, and when. The kernel packs what it can into one; a commit ends with its generation.
type event struct {
	at        time.Time
	added     []netip.Addr // keys of new elements; of a network its first address and the one after its last
	deleted   bool         // a table
	committed bool
}

// monitorBuffer has room for the events of 100,000 elements, which come faster than anybody reads.
const monitorBuffer = 256 << 20

// listen opens a monitor on the host and reads it until the benchmark ends.
func (h *host) listen() *monitor {
	h.b.Helper()
	m := &monitor{events: make(chan event, 1<<16), ended: make(chan error, 1)}
	must(h.b, h.ns.Do(m.open))
	go m.run()
	h.b.Cleanup(func() { m.close(h.b) })
	return m
}

func (m *monitor) open() (err error) {
	if m.fd, err = unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_NETFILTER); err != nil {
		return fmt.Errorf("netlink socket: %w", err)
	}
	return errors.Join(
		unix.SetsockoptInt(m.fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, monitorBuffer),
		unix.SetsockoptTimeval(m.fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Usec: 100_000}), // to notice its end
		unix.Bind(m.fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}),
		unix.SetsockoptInt(m.fd, unix.SOL_NETLINK, unix.NETLINK_ADD_MEMBERSHIP, unix.NFNLGRP_NFTABLES))
}

// run reads on a thread of its own that waits in the kernel: the time of an event is taken as soon as that wakes up.
func (m *monitor) run() {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer close(m.events)
	for b := make([]byte, 64<<10); ; {
		n, _, err := unix.Recvfrom(m.fd, b, 0)
		e := event{at: time.Now()}
		switch {
		case errors.Is(err, unix.EAGAIN), errors.Is(err, unix.EINTR):
		case err != nil:
			m.ended <- fmt.Errorf("monitor: %w", err)
			return
		default:
			e.read(b[:n])
		}
		select {
		case m.events <- e:
		case <-m.ended:
			return
		}
	}
}

func (m *monitor) close(b *testing.B) {
	select {
	case err := <-m.ended:
		b.Error(err)
	case m.ended <- nil:
		for range m.events {
		}
	}
	unix.Close(m.fd)
}

// next waits for an event until the deadline; ok is false after it.
func (m *monitor) next(deadline time.Time) (e event, ok bool) {
	for e := range m.events {
		if len(e.added) > 0 || e.deleted || e.committed {
			return e, true
		}
		if e.at.After(deadline) {
			break
		}
	}
	return event{}, false
}

// read reads netlink messages: struct nlmsghdr in the order of the machine's bytes, struct nfgenmsg, attributes.
func (e *event) read(b []byte) {
	const header, genmsg = unix.SizeofNlMsghdr, 4
	for len(b) >= header+genmsg {
		size := int(binary.NativeEndian.Uint32(b))
		if size < header+genmsg || size > len(b) {
			return
		}
		body := b[header+genmsg : size]
		switch binary.NativeEndian.Uint16(b[4:]) {
		case unix.NFNL_SUBSYS_NFTABLES<<8 | unix.NFT_MSG_NEWSETELEM:
			e.element(body)
		case unix.NFNL_SUBSYS_NFTABLES<<8 | unix.NFT_MSG_DELTABLE:
			e.deleted = true
		case unix.NFNL_SUBSYS_NFTABLES<<8 | unix.NFT_MSG_NEWGEN:
			e.committed = true
		}
		b = b[min(len(b), (size+3)&^3):]
	}
}

// element notes the key of a new element of a set with bans.
func (e *event) element(b []byte) {
	var elements []byte
	for kind, v := range attributes(b) {
		switch kind {
		case unix.NFTA_SET_ELEM_LIST_SET:
			if set := unix.ByteSliceToString(v); !strings.HasPrefix(set, "host") && !strings.HasPrefix(set, "net") {
				return
			}
		case unix.NFTA_SET_ELEM_LIST_ELEMENTS:
			elements = v
		}
	}
	for _, elem := range attributes(elements) {
		for kind, key := range attributes(elem) {
			if kind != unix.NFTA_SET_ELEM_KEY {
				continue
			}
			for _, value := range attributes(key) {
				if a, ok := netip.AddrFromSlice(value); ok {
					e.added = append(e.added, a)
				}
			}
		}
	}
}

// attributes are struct nlattr and what they hold.
func attributes(b []byte) iter.Seq2[uint16, []byte] {
	return func(yield func(uint16, []byte) bool) {
		for len(b) >= unix.SizeofNlAttr {
			size := int(binary.NativeEndian.Uint16(b))
			if size < unix.SizeofNlAttr || size > len(b) {
				return
			}
			kind := binary.NativeEndian.Uint16(b[2:]) &^ (unix.NLA_F_NESTED | unix.NLA_F_NET_BYTEORDER)
			if !yield(kind, b[unix.SizeofNlAttr:size]) {
				return
			}
			b = b[min(len(b), (size+3)&^3):]
		}
	}
}
