package static

import (
	"net/netip"

	"cidrx/detect/cidr"
	"cidrx/detect/report"
)

// space lays the IPv4 hosts out in cells.
func space(hosts *cidr.Sorted) report.Space {
	cells, bits := hosts.Lengths4(), 24
	for bits > 8 && cells[bits] > report.MaxCells {
		bits -= 4
	}
	s := report.Space{Bits: bits, Cells: make([]report.Cell, 0, cells[bits])}
	hosts.Cells4(bits, func(first uint32, requests uint64, hosts int) {
		s.Cells = append(s.Cells, report.Cell{First: first, Requests: requests, Hosts: uint32(hosts)})
	})
	return s
}

// privateNets are addresses that no client on the internet has: RFC 1918, RFC 6598, loopback, RFC 4193, link-local.
var privateNets = []netip.Prefix{
	netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("172.16.0.0/12"), netip.MustParsePrefix("192.168.0.0/16"),
	netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("169.254.0.0/16"),
	netip.MustParsePrefix("fc00::/7"), netip.MustParsePrefix("fe80::/10"), netip.MustParsePrefix("::1/128"),
}
