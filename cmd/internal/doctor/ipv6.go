package doctor

import (
	"net/netip"
	"strings"

	"cidrx/detect/cidr"
)

// ipv6 compares what the host has with what the strategies look at.
func (x *examination) ipv6() {
	text, err := x.sys.read("/proc/net/if_inet6") // address, index, length, scope, flags, device; see proc(5)
	global := false
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		global = global || len(f) > 3 && f[3] == "00"
	}
	blind := x.blindToIPv6()
	switch {
	case err != nil || !global:
		x.ok("IPv6", "the host has no global address")
	case len(x.cfg.Live) == 0:
		x.ok("IPv6", "the host has it, and there are no strategies to look at it")
	case len(blind) == 0:
		x.ok("IPv6", "the host has it, and all strategies look at it: a /64 counts as one host")
	case len(blind) == len(x.cfg.Live):
		x.add(Warning, "IPv6", "see minDepth, maxDepth and depth6 of the tiers", "the host has it, but no strategy looks at it: attackers come in through it")
	default:
		x.add(Warning, "IPv6", "see minDepth, maxDepth and depth6 of their tiers", "the host has it, but these strategies do not look at it: %s", strings.Join(blind, ", "))
	}
}

// blindToIPv6 names the strategies of which no tier looks at IPv6.
func (x *examination) blindToIPv6() []string {
	k := cidr.KeyOf(netip.MustParseAddr("2001:db8::1"))
	var blind []string
	for _, s := range x.cfg.Live {
		sees := false
		for i := range s.Tiers {
			_, _, ok := s.Tiers[i].Depths(k)
			sees = sees || ok
		}
		if !sees {
			blind = append(blind, s.Name)
		}
	}
	return blind
}
