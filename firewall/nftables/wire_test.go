//go:build linux

package nftables

import (
	"cmp"
	"math/big"
	"net/netip"
	"slices"
	"testing"
	"time"

	"cidrx/firewall"

	gocmp "github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
	"pgregory.net/rapid"
)

// drawPrefix draws a masked prefix of an address of so many bytes, with the ends of the spaces well represented.
func drawPrefix(t *rapid.T, size int) netip.Prefix {
	octet := rapid.SampledFrom([]byte{0, 1, 127, 128, 254, 255})
	addr, _ := netip.AddrFromSlice(rapid.SliceOfN(octet, size, size).Draw(t, "octets"))
	return netip.PrefixFrom(addr, rapid.IntRange(0, size*8).Draw(t, "bits")).Masked()
}

// TestBehindAgainstBigIntegers adds the size of the prefix to its first address.
func TestBehindAgainstBigIntegers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawPrefix(t, rapid.SampledFrom([]int{4, 16}).Draw(t, "size"))
		space := new(big.Int).Lsh(big.NewInt(1), uint(p.Addr().BitLen()))
		sum := new(big.Int).SetBytes(p.Addr().AsSlice())
		sum.Add(sum, new(big.Int).Lsh(big.NewInt(1), uint(p.Addr().BitLen()-p.Bits())))
		want := make([]byte, p.Addr().BitLen()/8)
		sum.Mod(sum, space).FillBytes(want)
		if got := behind(p).AsSlice(); !slices.Equal(got, want) {
			t.Fatalf("behind(%v) = %v, want %v", p, got, want)
		}
	})
}

// TestPairUndoesIntervals cuts disjoint prefixes into ends as the kernel gives them, in any order and with orphans, and puts them together.
func TestPairUndoesIntervals(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var want []netip.Prefix
		var ends []dumped
		size := rapid.SampledFrom([]int{4, 16}).Draw(t, "size")
		var all []netip.Prefix
		for range rapid.IntRange(0, 8).Draw(t, "n") {
			p := drawPrefix(t, size)
			if slices.ContainsFunc(all, p.Overlaps) {
				continue
			}
			all = append(all, p)
			ends = append(ends, dumped{key: behind(p), end: true})
			if rapid.Bool().Draw(t, "alive") { // otherwise its start is hidden, its end not yet
				want = append(want, p)
				ends = append(ends, dumped{key: p.Addr()})
			}
		}
		ends = rapid.Permutation(ends).Draw(t, "order")
		var got []netip.Prefix
		if err := pair(ends, func(p netip.Prefix, _ dumped) { got = append(got, p) }); err != nil {
			t.Fatal(err)
		}
		slices.SortFunc(want, netip.Prefix.Compare)
		if !slices.Equal(got, want) {
			t.Fatalf("got %v, want %v from %v", got, want, ends)
		}
	})
}

func TestLeft(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for until, want := range map[time.Duration]time.Duration{
		-time.Hour: time.Second, 0: time.Second, time.Millisecond: time.Second, time.Second: time.Second,
		time.Hour + time.Nanosecond: time.Hour + time.Millisecond, 10 * time.Hour: 10 * time.Hour,
	} {
		if got := left(now.Add(until), now); got != want {
			t.Errorf("left(%v) = %v, want %v", until, got, want)
		}
	}
}

func TestCut(t *testing.T) {
	group := func(sizes ...int) (ops []firewall.Op) {
		for _, n := range sizes {
			for i := range n {
				ops = append(ops, firewall.Op{Joined: i > 0})
			}
		}
		return ops
	}
	for name, tt := range map[string]struct {
		ops  []firewall.Op
		want int
	}{
		"nothing": {nil, 0}, "few": {group(1, 1), 2}, "singles": {group(1, 1, 1, 1, 1, 1), 4}, "group at the border": {group(1, 2, 3, 1), 3},
		"border between groups": {group(2, 2, 3), 4}, "group larger than a commit": {group(6, 1), 6}, "nothing but a large group": {group(9), 9},
	} {
		if got := cut(tt.ops, 4); got != tt.want {
			t.Errorf("%s: cut at %d, want %d", name, got, tt.want)
		}
	}
}

func TestWidest(t *testing.T) {
	parse := func(texts ...string) (out []netip.Prefix) {
		for _, s := range texts {
			out = append(out, netip.MustParsePrefix(s))
		}
		return out
	}
	got := widest(parse("10.1.2.3/32", "2001:db8::1/128", "10.0.0.0/8", "10.0.0.1/8", "2001:db8::/64", "11.0.0.0/8"))
	want := parse("10.0.0.0/8", "11.0.0.0/8", "2001:db8::/64")
	if diff := gocmp.Diff(want, got, gocmp.Comparer(func(a, b netip.Prefix) bool { return cmp.Compare(a.String(), b.String()) == 0 })); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// FuzzMessages reads rubbish as the kernel's messages: nothing may panic.
func FuzzMessages(f *testing.F) {
	s := &socket{}
	b := s.newBatch(nil)
	w := elementWriter{b: b, table: "cidrx", set: firewall.Net4, verb: addElement, renew: true}
	w.write(netip.MustParsePrefix("192.0.2.0/24"), time.Hour)
	w.close()
	f.Add(b.buf)
	f.Add(b.buf[:len(b.buf)-3])
	f.Add([]byte{16, 0, 0, 0, 2, 0, 0, 0})
	f.Fuzz(func(t *testing.T, in []byte) {
		m := &monitor{socket: s}
		m.own.Store(&[]uint32{})
		_, _ = eachMessage(in, func(msg message) (bool, error) {
			changeOf(msg, "cidrx")
			m.commit(msg, func(heard) {})
			readSet(msg.nfAttributes(), "cidrx")
			readChain(msg.nfAttributes(), "cidrx")
			for _, attrs := range attributes(find(msg.nfAttributes(), unix.NFTA_SET_ELEM_LIST_ELEMENTS)) {
				readDumped(attrs)
			}
			return false, msg.errno()
		})
	})
}
