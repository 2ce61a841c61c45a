package static

import (
	"net/netip"

	"cidrx/detect/cidr"
	"cidrx/detect/report"
)

// space lays the IPv4 hosts out in cells.
func space(hosts *cidr.Sorted) report.Space {
	for _, bits := range []int{24, 20, 16, 12} {
		if cells := cellsOf(hosts, bits); len(cells) <= report.MaxCells {
			return report.Space{Bits: bits, Cells: cells}
		}
	}
	return report.Space{Bits: 8, Cells: cellsOf(hosts, 8)}
}

// cellsOf are the cells of one size, one more than MaxCells if there are more.
func cellsOf(hosts *cidr.Sorted, bits int) []report.Cell {
	var cells []report.Cell
	mask := ^uint32(0) << (32 - bits)
	hosts.Walk(netip.PrefixFrom(netip.IPv4Unspecified(), 0), func(h cidr.HostCount) bool {
		raw := h.Key.Host().Addr().As4()
		at := (uint32(raw[0])<<24 | uint32(raw[1])<<16 | uint32(raw[2])<<8 | uint32(raw[3])) & mask
		if n := len(cells); n == 0 || cells[n-1].First != at {
			cells = append(cells, report.Cell{First: at})
		}
		cell := &cells[len(cells)-1]
		cell.Hosts++
		cell.Requests += h.Requests
		return len(cells) <= report.MaxCells
	})
	return cells
}

// families are the spaces that hosts are counted in.
var families = []netip.Prefix{netip.PrefixFrom(netip.IPv4Unspecified(), 0), netip.PrefixFrom(netip.IPv6Unspecified(), 0)}

// privateNets are addresses that no client on the internet has: RFC 1918, RFC 6598, loopback, RFC 4193, link-local.
var privateNets = []netip.Prefix{
	netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("172.16.0.0/12"), netip.MustParsePrefix("192.168.0.0/16"),
	netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("169.254.0.0/16"),
	netip.MustParsePrefix("fc00::/7"), netip.MustParsePrefix("fe80::/10"), netip.MustParsePrefix("::1/128"),
}
