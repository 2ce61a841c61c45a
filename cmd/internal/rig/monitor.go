package rig

import (
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"net/netip"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"cidrx/firewall/netlab"
)

// Monitor hears what happens to the nftables of a network namespace, as "nft monitor" does.
type Monitor struct {
	fd     int
	events chan Event    // closed at the end
	stop   chan struct{} // closed by Close
	ended  chan struct{} // closed at the end
	err    error         // why it ended; read after ended is closed
}

// Event is what came with one datagram, and when. The kernel packs what it can into one; a commit ends with its generation.
type Event struct {
	At        time.Time
	Added     []netip.Addr // keys of new elements; of a network its first address and the one after its last
	Deleted   bool         // the agent's table
	Committed bool
}

// table is the agent's.
const table = "cidrx"

// monitorBuffer has room for the events of 100,000 elements, which come faster than anybody reads.
const monitorBuffer = 256 << 20

// Listen opens a monitor in a namespace and reads it until Close.
func Listen(ns *netlab.Namespace) (*Monitor, error) {
	m := &Monitor{events: make(chan Event, 1<<16), stop: make(chan struct{}), ended: make(chan struct{})}
	if err := ns.Do(m.open); err != nil {
		return nil, err
	}
	go m.run()
	return m, nil
}

func (m *Monitor) open() (err error) {
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
func (m *Monitor) run() {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer close(m.events)
	defer close(m.ended)
	for b := make([]byte, 64<<10); ; {
		n, _, err := unix.Recvfrom(m.fd, b, 0)
		e := Event{At: time.Now()}
		switch {
		case errors.Is(err, unix.EAGAIN), errors.Is(err, unix.EINTR):
		case err != nil:
			m.err = fmt.Errorf("monitor: %w", err)
			return
		default:
			e.read(b[:n])
		}
		select {
		case m.events <- e:
		case <-m.stop:
			return
		}
	}
}

// Close ends the monitor. An error means that it heard nothing any more since some time before.
func (m *Monitor) Close() error {
	close(m.stop)
	for range m.events {
	}
	return errors.Join(m.err, unix.Close(m.fd))
}

// Err says why nothing is heard any more; nil: it is.
func (m *Monitor) Err() error {
	select {
	case <-m.ended:
		return m.err
	default:
		return nil
	}
}

// Next waits for an event until the deadline; ok is false after it, and when nothing is heard any more.
func (m *Monitor) Next(deadline time.Time) (e Event, ok bool) {
	for e := range m.events {
		if len(e.Added) > 0 || e.Deleted || e.Committed {
			return e, true
		}
		if e.At.After(deadline) {
			break
		}
	}
	return Event{}, false
}

// read reads netlink messages: struct nlmsghdr in the order of the machine's bytes, struct nfgenmsg, attributes.
func (e *Event) read(b []byte) {
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
			e.Deleted = e.Deleted || ofTable(body)
		case unix.NFNL_SUBSYS_NFTABLES<<8 | unix.NFT_MSG_NEWGEN:
			e.Committed = true
		}
		b = b[min(len(b), (size+3)&^3):]
	}
}

// ofTable says that a message about a table is about the agent's: it tries things out in others.
func ofTable(b []byte) bool {
	for kind, v := range attributes(b) {
		if kind == unix.NFTA_TABLE_NAME {
			return unix.ByteSliceToString(v) == table
		}
	}
	return false
}

// element notes the key of a new element of a set with bans.
func (e *Event) element(b []byte) {
	var elements []byte
	for kind, v := range attributes(b) {
		switch kind {
		case unix.NFTA_SET_ELEM_LIST_TABLE:
			if unix.ByteSliceToString(v) != table {
				return
			}
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
					e.Added = append(e.Added, a)
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
