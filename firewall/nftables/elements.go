//go:build linux

package nftables

import (
	"encoding/binary"
	"net/netip"
	"time"

	"cidrx/firewall"

	"golang.org/x/sys/unix"
)

// Verbs for elements. destroySetElem is NFT_MSG_DESTROYSETELEM of linux/netfilter/nf_tables.h (kernel 6.3), which x/sys does not have.
const (
	addElement     = unix.NFT_MSG_NEWSETELEM
	deleteElement  = unix.NFT_MSG_DELSETELEM
	destroySetElem = 0x1e
)

// maxElementBytes is what the elements of one message may take: the size of their list is a 16-bit attribute length.
const maxElementBytes = 60 << 10

// minTimeout is the least the kernel is given: it counts in milliseconds, and 0 would mean "for ever".
const minTimeout = time.Second

// elementWriter appends the elements of one set to a batch, all with the same verb, in as many messages as they need.
type elementWriter struct {
	b     *batch
	table string
	set   firewall.Set
	verb  uint16
	renew bool // elements may be there already: give them the new timeout
	msg   int  // offset of the message under way; 0: none
	list  int  // offset of its list of elements
}

func (w *elementWriter) openMessage() {
	w.msg = w.b.begin(subsystem|w.verb, verbFlags(w.verb), unix.NFPROTO_INET, 0)
	w.b.labels = append(w.b.labels, label{seq: w.b.last, at: w.msg, what: verbText(w.verb), set: string(w.set)})
	w.b.text(unix.NFTA_SET_ELEM_LIST_TABLE, w.table)
	w.b.text(unix.NFTA_SET_ELEM_LIST_SET, string(w.set))
	w.list = w.b.open(unix.NFTA_SET_ELEM_LIST_ELEMENTS)
}

func (w *elementWriter) close() {
	if w.msg != 0 {
		w.b.closeAttr(w.list)
		w.b.end(w.msg)
		w.msg = 0
	}
}

// write appends one prefix. timeout is left out if 0 (allowlists, deletions).
func (w *elementWriter) write(p netip.Prefix, timeout time.Duration) {
	if w.msg != 0 && len(w.b.buf)-w.list > maxElementBytes {
		w.close()
	}
	if w.msg == 0 {
		w.openMessage()
	}
	if isHash(w.set) {
		w.element(p.Addr(), 0, timeout)
		return
	}
	// An interval is two elements: its first address, and the first behind it. Behind the last address of all comes the first again.
	w.element(p.Addr(), 0, timeout)
	w.element(behind(p), unix.NFT_SET_ELEM_INTERVAL_END, 0)
}

func (w *elementWriter) element(key netip.Addr, flags uint32, timeout time.Duration) {
	elem := w.b.open(unix.NFTA_LIST_ELEM)
	if flags != 0 {
		w.b.uint32(unix.NFTA_SET_ELEM_FLAGS, flags)
	}
	value := w.b.open(unix.NFTA_SET_ELEM_KEY)
	if key.Is4() {
		raw := key.As4()
		w.b.bytes(unix.NFTA_DATA_VALUE, raw[:])
	} else {
		raw := key.As16()
		w.b.bytes(unix.NFTA_DATA_VALUE, raw[:])
	}
	w.b.closeAttr(value)
	if timeout != 0 {
		w.b.uint64(unix.NFTA_SET_ELEM_TIMEOUT, uint64(timeout.Milliseconds()))
	}
	if timeout != 0 && w.renew {
		// The kernel takes no notice of a timeout that equals the one given before, however much of that is gone; of this it does.
		w.b.uint64(unix.NFTA_SET_ELEM_EXPIRATION, uint64(timeout.Milliseconds()))
	}
	w.b.closeAttr(elem)
}

// flush appends the removal of all elements of a set.
func (b *batch) flush(table string, set firewall.Set) {
	at := b.begin(subsystem|deleteElement, 0, unix.NFPROTO_INET, 0)
	b.labels = append(b.labels, label{seq: b.last, at: at, what: "flush", set: string(set)})
	b.text(unix.NFTA_SET_ELEM_LIST_TABLE, table)
	b.text(unix.NFTA_SET_ELEM_LIST_SET, string(set))
	b.end(at)
}

func verbFlags(verb uint16) uint16 {
	if verb == addElement {
		return unix.NLM_F_CREATE
	}
	return 0
}

func verbText(verb uint16) string {
	if verb == addElement {
		return "add elements to"
	}
	return "delete elements from"
}

// left is the timeout of an element: what remains until its end, in whole milliseconds rounded up, and at least minTimeout.
func left(until, now time.Time) time.Duration {
	d := until.Sub(now)
	if d < minTimeout {
		return minTimeout
	}
	return (d + time.Millisecond - 1).Truncate(time.Millisecond)
}

// behind is the first address behind a prefix; the zero address if that was the last.
func behind(p netip.Prefix) netip.Addr {
	if p.Addr().Is4() {
		raw := p.Addr().As4()
		next := uint64(binary.BigEndian.Uint32(raw[:])) + 1<<(32-p.Bits())
		binary.BigEndian.PutUint32(raw[:], uint32(next))
		return netip.AddrFrom4(raw)
	}
	raw := p.Addr().As16()
	hi, lo := binary.BigEndian.Uint64(raw[:8]), binary.BigEndian.Uint64(raw[8:])
	if p.Bits() > 64 {
		lo += 1 << (128 - p.Bits())
		if lo == 0 {
			hi++
		}
	} else {
		hi += 1 << (64 - p.Bits()) // for /0 the shift is out of range and gives 0: the space wraps to itself
	}
	binary.BigEndian.PutUint64(raw[:8], hi)
	binary.BigEndian.PutUint64(raw[8:], lo)
	return netip.AddrFrom16(raw)
}
