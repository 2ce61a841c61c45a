package jail_test

import (
	"fmt"
	"net/netip"
	"time"

	"pgregory.net/rapid"

	"cidrx/agent/jail"
	"cidrx/detect"
)

// universe is a few addresses, the prefixes around them that things happen to, and how full it may get.
type universe struct {
	addresses []netip.Addr
	bits      func(netip.Addr) []int
	maxBans   []int
	steps     int // at most
	checks    int // how often rapid's number of checks is run
}

func v4(c, d int) netip.Addr { return netip.AddrFrom4([4]byte{198, 51, byte(c), byte(d)}) }

func v6(network, host int) netip.Addr {
	return netip.AddrFrom16([16]byte{0x20, 1, 0xd, 0xb8, 5: byte(network), 7: byte(host), 15: 1})
}

// wide has 10 bits of IPv4 in four /24, 64 /64 in each of two /48, some hosts behind NAT64 and some private ones.
func wide() *universe {
	u := &universe{maxBans: []int{4, 12, 70, 1000}, steps: 60, checks: 1}
	for i := range 1024 {
		u.addresses = append(u.addresses, v4(100+i/256, i))
	}
	for i := range 128 {
		u.addresses = append(u.addresses, v6(i/64, i%64))
	}
	for i := range 16 {
		u.addresses = append(u.addresses, netip.AddrFrom16([16]byte{0, 0x64, 0xff, 0x9b, 12: 198, 13: 51, 14: 100, 15: byte(i)}))
		u.addresses = append(u.addresses, netip.AddrFrom4([4]byte{10, 0, 0, byte(i)}))
	}
	u.bits = func(addr netip.Addr) []int {
		switch {
		case netip.MustParsePrefix("64:ff9b::/96").Contains(addr):
			return []int{128, 128, 126, 124}
		case addr.Is6():
			return []int{64, 64, 64, 63, 62, 61, 60, 58, 56, 48, 47, 46}
		}
		return []int{32, 32, 32, 31, 30, 29, 28, 27, 26, 25, 24, 24, 23, 22, 21}
	}
	return u
}

// narrow has four addresses, so that things happen to the same ones again and again.
func narrow() *universe {
	u := &universe{maxBans: []int{2, 3, 50}, steps: 60, checks: 10}
	for i := range 4 {
		u.addresses = append(u.addresses, v4(100, i))
	}
	u.bits = func(netip.Addr) []int { return []int{32, 32, 31, 30} }
	return u
}

// crowd has two /48 with so many banned /64 that there is hardly room for more.
func crowd() *universe {
	u := &universe{maxBans: []int{66, 68, 100, 133}, steps: 25, checks: 1}
	for i := range 160 {
		u.addresses = append(u.addresses, v6(i/80, i%80))
	}
	u.bits = func(netip.Addr) []int { return []int{64, 64, 64, 64, 63, 60, 48} }
	return u
}

func (u *universe) prefix(t *rapid.T) netip.Prefix {
	addr := rapid.SampledFrom(u.addresses).Draw(t, "addr")
	return netip.PrefixFrom(addr, rapid.SampledFrom(u.bits(addr)).Draw(t, "bits")).Masked()
}

func (u *universe) options(t *rapid.T) jail.Options {
	return jail.Options{
		Stages:      rapid.SampledFrom([][]time.Duration{{10 * time.Minute, time.Hour, 12 * time.Hour}, {time.Minute}, {5 * time.Minute, 30 * time.Minute}}).Draw(t, "stages"),
		ForgetAfter: rapid.SampledFrom([]time.Duration{20 * time.Minute, 6 * time.Hour, 30 * time.Hour}).Draw(t, "forgetAfter"),
		MaxPrefix4:  rapid.SampledFrom([]int{16, 16, 22, 23, 24}).Draw(t, "maxPrefix4"),
		MaxPrefix6:  rapid.SampledFrom([]int{32, 32, 47, 56}).Draw(t, "maxPrefix6"),
		MaxBans:     rapid.SampledFrom(u.maxBans).Draw(t, "maxBans"),
		BanPrivate:  rapid.Bool().Draw(t, "banPrivate"),
		Observe:     rapid.IntRange(0, 4).Draw(t, "observe") == 0,
	}
}

// time is mostly later, sometimes at an end, sometimes earlier than before.
func (x *world) time() time.Time {
	now := x.w.now
	switch rapid.IntRange(0, 9).Draw(x.t, "clock") {
	case 0:
		return now.Add(-rapid.SampledFrom([]time.Duration{time.Millisecond, 30 * time.Second, time.Hour, 9 * time.Hour}).Draw(x.t, "back"))
	case 1, 2:
		if next, ok := x.j.Next(); ok {
			return next.Add(rapid.SampledFrom([]time.Duration{-1, 0, 1}).Draw(x.t, "off"))
		}
	case 3:
		return now.Add(rapid.SampledFrom([]time.Duration{time.Hour, 7 * time.Hour, 40 * time.Hour, 100 * time.Hour}).Draw(x.t, "far"))
	}
	return now.Add(time.Duration(rapid.IntRange(0, 300).Draw(x.t, "s")) * time.Second)
}

func drawVerdict(t *rapid.T, p netip.Prefix) detect.Verdict {
	hosts := rapid.IntRange(0, 5).Draw(t, "hosts")
	return detect.Verdict{
		Prefix: p, Jail: rapid.IntRange(0, 19).Draw(t, "jail") > 0, Enforceable: rapid.IntRange(0, 5).Draw(t, "enforceable") > 0,
		Needed: 10, Reason: fmt.Sprintf("tier %d", hosts%3),
		Evidence: detect.Evidence{Requests: uint64(rapid.IntRange(40, 60).Draw(t, "requests")), Hosts: hosts},
	}
}

func drawGrace(t *rapid.T) time.Duration {
	return rapid.SampledFrom([]time.Duration{0, time.Minute, time.Hour, 50 * time.Hour}).Draw(t, "grace")
}

func (x *world) entries(now time.Time) []jail.AllowEntry {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) jail.AllowEntry {
		e := jail.AllowEntry{Prefix: x.prefix(t)}
		if rapid.Bool().Draw(t, "ends") {
			e.Until = now.Add(time.Duration(rapid.IntRange(-600, 6000).Draw(t, "until")) * time.Second)
		}
		return e
	}), 0, 4).Draw(x.t, "entries")
}
