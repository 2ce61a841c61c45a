//go:build linux

package nftables

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"cidrx/firewall"

	"go4.org/netipx"
	"golang.org/x/sys/unix"
)

// dumped is one element as the kernel stores it: a host, or one end of an interval.
type dumped struct {
	key     netip.Addr
	end     bool          // the first address behind an interval
	expires time.Duration // what is left of its timeout
	packets uint64        // counted by the element itself
}

// errInterrupted says that the set was changed while it was read, so that elements may be missing or there twice.
var errInterrupted = errors.New("the set changed while it was read")

// dump reads a set. It returns errInterrupted after all elements were given.
func (s *socket) dump(table string, set firewall.Set, each func(dumped)) error {
	return s.dumpAttributes(table, string(set), func(attrs []byte) { each(readDumped(attrs)) })
}

// dumpAttributes gives the attributes of each element of a set.
func (s *socket) dumpAttributes(table, set string, each func([]byte)) error {
	b := s.newRequest()
	at := b.begin(subsystem|unix.NFT_MSG_GETSETELEM, unix.NLM_F_DUMP, unix.NFPROTO_INET, 0)
	b.text(unix.NFTA_SET_ELEM_LIST_TABLE, table)
	b.text(unix.NFTA_SET_ELEM_LIST_SET, set)
	b.end(at)
	interrupted := false
	err := s.request(b, func(m message) error {
		interrupted = interrupted || m.flags&unix.NLM_F_DUMP_INTR != 0
		for _, attrs := range attributes(find(m.nfAttributes(), unix.NFTA_SET_ELEM_LIST_ELEMENTS)) {
			each(attrs)
		}
		return nil
	})
	if err == nil && interrupted {
		return errInterrupted
	}
	return err
}

func readDumped(attrs []byte) dumped {
	var d dumped
	for kind, v := range attributes(attrs) {
		switch kind {
		case unix.NFTA_SET_ELEM_KEY:
			d.key, _ = netip.AddrFromSlice(find(v, unix.NFTA_DATA_VALUE))
		case unix.NFTA_SET_ELEM_FLAGS:
			d.end = be32(v)&unix.NFT_SET_ELEM_INTERVAL_END != 0
		case unix.NFTA_SET_ELEM_EXPIRATION:
			d.expires = time.Duration(be64(v)) * time.Millisecond
		case unix.NFTA_SET_ELEM_EXPR:
			d.packets = be64(find(find(v, unix.NFTA_EXPR_DATA), unix.NFTA_COUNTER_PACKETS))
		}
	}
	return d
}

// eachPrefix reads a set of ours and gives its elements as prefixes, in no order. It fails if somebody put something else into it.
func (s *socket) eachPrefix(table string, set firewall.Set, each func(netip.Prefix, dumped)) error {
	switch set {
	case firewall.Host4:
		return s.dump(table, set, func(d dumped) { each(netip.PrefixFrom(d.key, 32), d) })
	case firewall.Host6:
		return s.dump(table, set, func(d dumped) { each(netip.PrefixFrom(d.key, 64), d) })
	}
	var ends []dumped
	if err := s.dump(table, set, func(d dumped) { ends = append(ends, d) }); err != nil {
		return err
	}
	return pair(ends, each)
}

// pair makes prefixes of the ends of intervals. The kernel gives them in no useful order; the end of an interval whose start has expired stays for
// a while, and one that ends with the address space has its end at the first address, or none.
func pair(ends []dumped, each func(netip.Prefix, dumped)) error {
	slices.SortFunc(ends, func(a, b dumped) int {
		return cmp.Or(a.key.Compare(b.key), cmp.Compare(rank(a), rank(b)))
	})
	for i, start := range ends {
		if start.end {
			continue
		}
		last := lastAddress(start.key)
		if i+1 < len(ends) {
			last = ends[i+1].key.Prev()
		}
		p, ok := netipx.IPRangeFrom(start.key, last).Prefix()
		if !ok {
			return fmt.Errorf("an interval from %v to %v, which is no prefix", start.key, last)
		}
		each(p, start)
	}
	return nil
}

// rank puts the end of an interval before the start of the next at the same address.
func rank(d dumped) int {
	if d.end {
		return 0
	}
	return 1
}

func lastAddress(like netip.Addr) netip.Addr {
	return netipx.PrefixLastIP(netip.PrefixFrom(like, 0))
}
