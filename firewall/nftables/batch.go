//go:build linux

package nftables

import (
	"encoding/binary"
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// batch is a transaction under construction: netlink messages one after another, in the order in which the kernel is to make the changes. Either
// all of them take effect at one moment, or none.
type batch struct {
	s      *socket
	buf    []byte
	last   uint32  // sequence number of the last message
	labels []label // of the messages that change something
}

// label says what a message does, for errors.
type label struct {
	seq  uint32
	at   int // where the message begins in the batch
	what string
	set  string
}

const subsystem = unix.NFNL_SUBSYS_NFTABLES << 8

// newBatch begins a transaction, in buf if that is large enough.
func (s *socket) newBatch(buf []byte) *batch {
	b := &batch{s: s, buf: buf[:0]}
	b.end(b.begin(unix.NFNL_MSG_BATCH_BEGIN, 0, unix.AF_UNSPEC, unix.NFNL_SUBSYS_NFTABLES))
	return b
}

// newRequest begins a single message outside of a transaction.
func (s *socket) newRequest() *batch { return &batch{s: s} }

// begin appends the headers of a message and returns where it began.
func (b *batch) begin(kind, flags uint16, family uint8, resource uint16) int {
	at := len(b.buf)
	b.last = b.s.nextSeq()
	b.buf = binary.NativeEndian.AppendUint32(b.buf, 0)
	b.buf = binary.NativeEndian.AppendUint16(b.buf, kind)
	b.buf = binary.NativeEndian.AppendUint16(b.buf, flags|unix.NLM_F_REQUEST)
	b.buf = binary.NativeEndian.AppendUint32(b.buf, b.last)
	b.buf = binary.NativeEndian.AppendUint32(b.buf, 0)
	b.buf = append(b.buf, family, unix.NFNETLINK_V0)
	b.buf = binary.BigEndian.AppendUint16(b.buf, resource)
	return at
}

// end sets the length of the message that began there.
func (b *batch) end(at int) { binary.NativeEndian.PutUint32(b.buf[at:], uint32(len(b.buf)-at)) }

// open begins a nested attribute; closeAttr ends it.
func (b *batch) open(kind uint16) int {
	at := len(b.buf)
	b.buf = binary.NativeEndian.AppendUint16(b.buf, 0)
	b.buf = binary.NativeEndian.AppendUint16(b.buf, kind|unix.NLA_F_NESTED)
	return at
}

func (b *batch) closeAttr(at int) {
	binary.NativeEndian.PutUint16(b.buf[at:], uint16(len(b.buf)-at))
}

// text appends a NUL-terminated string attribute.
func (b *batch) text(kind uint16, s string) {
	b.header(kind, len(s)+1)
	b.buf = append(b.buf, s...)
	b.buf = append(b.buf, make([]byte, align4(len(s)+1)-len(s))...)
}

func (b *batch) bytes(kind uint16, v []byte) {
	b.header(kind, len(v))
	b.buf = append(b.buf, v...) // keys and numbers only: multiples of four bytes
}

func (b *batch) uint32(kind uint16, v uint32) {
	b.header(kind, 4)
	b.buf = binary.BigEndian.AppendUint32(b.buf, v)
}

func (b *batch) uint64(kind uint16, v uint64) {
	b.header(kind, 8)
	b.buf = binary.BigEndian.AppendUint64(b.buf, v)
}

func (b *batch) header(kind uint16, size int) {
	b.buf = binary.NativeEndian.AppendUint16(b.buf, uint16(unix.NLA_HDRLEN+size))
	b.buf = binary.NativeEndian.AppendUint16(b.buf, kind)
}

// errTooLarge says that the send buffer cannot be made large enough, so the kernel never saw the batch.
var errTooLarge = errors.New("the batch is larger than the socket may send at once (sysctl net.core.wmem_max)")

// commit ends the batch and runs it. nil means that the kernel has acknowledged the last change, which it does after the commit.
// After any error but errTooLarge the outcome is unknown and the socket is to be closed: answers may still be under way.
func (b *batch) commit() error {
	if len(b.labels) == 0 {
		return nil
	}
	b.end(b.begin(unix.NFNL_MSG_BATCH_END, 0, unix.AF_UNSPEC, unix.NFNL_SUBSYS_NFTABLES))
	if !b.s.reserve(len(b.buf)) {
		return errTooLarge
	}
	b.acknowledge()
	if err := b.s.send(b.buf); err != nil {
		return err
	}
	return b.outcome()
}

// outcome reads answers up to that to the last change. Errors of earlier changes come before it, that of the whole batch too.
func (b *batch) outcome() error {
	last := b.labels[len(b.labels)-1].seq
	for {
		in, err := b.s.receive()
		if err != nil {
			return err
		}
		done, err := eachMessage(in, func(m message) (bool, error) {
			if m.kind != unix.NLMSG_ERROR {
				return false, nil
			}
			if err := m.errno(); err != nil {
				return true, b.explain(m.seq, err)
			}
			return m.seq == last, nil
		})
		if done || err != nil {
			return err
		}
	}
}

func (b *batch) explain(seq uint32, err error) error {
	for _, l := range b.labels {
		if l.seq == seq {
			return fmt.Errorf("%s %s: %w", l.what, l.set, err)
		}
	}
	return err
}

// acknowledge asks for an answer to the last change: one for the whole batch, so that no number of elements overflows the receive buffer.
func (b *batch) acknowledge() {
	flags := b.buf[b.labels[len(b.labels)-1].at+6:]
	binary.NativeEndian.PutUint16(flags, binary.NativeEndian.Uint16(flags)|unix.NLM_F_ACK)
}
