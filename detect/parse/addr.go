package parse

import (
	"bytes"
	"net/netip"
)

// parseClient reads an address field as web servers write it: IPv4, IPv6, either with a port (then IPv6 in brackets), which is dropped.
func parseClient(b []byte) (netip.Addr, bool) {
	if addr, n := scanIPv4(b); n > 0 {
		return addr, n == len(b) || isPort(b[n:])
	}
	if len(b) > 0 && b[0] == '[' {
		end := bytes.IndexByte(b, ']')
		if end < 0 || end+1 < len(b) && !isPort(b[end+1:]) {
			return netip.Addr{}, false
		}
		b = b[1:end]
	}
	return parseZoned(b)
}

// parseBare reads an address without port. An IPv6 zone is dropped and an IPv4-mapped address unmapped. Leading zeros, missing octets
// and names are refused: they mean different addresses to different programs.
func parseBare(b []byte) (netip.Addr, bool) {
	if addr, n := scanIPv4(b); n > 0 {
		return addr, n == len(b)
	}
	return parseZoned(b)
}

// parseZoned reads an IPv6 address with or without a zone.
func parseZoned(b []byte) (netip.Addr, bool) {
	if i := bytes.IndexByte(b, '%'); i >= 0 && i < len(b)-1 {
		b = b[:i]
	}
	addr, ok := parseIPv6(b)
	return addr.Unmap(), ok
}

// isPort tells whether b is a colon and a port number.
func isPort(b []byte) bool {
	if len(b) < 2 || b[0] != ':' {
		return false
	}
	port, n := scanNumber(b[1:])
	return n == len(b)-1 && n <= 5 && port <= 65535
}

// scanIPv4 reads the dotted address that b starts with. n is its length, 0 if there is none; what comes after it is the caller's
// affair, save a further digit or dot.
func scanIPv4(b []byte) (addr netip.Addr, n int) {
	var ip, octet uint32
	dots, digits := 0, 0
	for n < len(b) {
		if d := uint32(b[n]) - '0'; d <= 9 {
			if digits > 0 && octet == 0 {
				return netip.Addr{}, 0
			}
			octet = octet*10 + d
			digits++
			if octet > 255 {
				return netip.Addr{}, 0
			}
		} else if b[n] != '.' {
			break
		} else {
			if digits == 0 || dots == 3 {
				return netip.Addr{}, 0
			}
			ip = ip<<8 | octet
			octet, digits = 0, 0
			dots++
		}
		n++
	}
	if dots < 3 || digits == 0 {
		return netip.Addr{}, 0
	}
	ip = ip<<8 | octet
	return netip.AddrFrom4([4]byte{byte(ip >> 24), byte(ip >> 16), byte(ip >> 8), byte(ip)}), n
}

// parseIPv6 reads an address in one of the forms of RFC 4291, section 2.2, that fills b. It accepts what netip.ParseAddr accepts
// without a zone, which it does not use because that allocates for what it refuses.
func parseIPv6(b []byte) (netip.Addr, bool) {
	var ip [16]byte
	n, gap, i := 0, -1, 0
	if len(b) >= 2 && b[0] == ':' && b[1] == ':' {
		gap, i = 0, 2
	}
	for i < len(b) {
		if n == 16 {
			return netip.Addr{}, false
		}
		v, digits := scanHex(b[i:])
		if digits == 0 || digits > 4 {
			return netip.Addr{}, false
		}
		if i+digits < len(b) && b[i+digits] == '.' {
			v4, k := scanIPv4(b[i:])
			if k == 0 || i+k != len(b) || n > 12 {
				return netip.Addr{}, false
			}
			tail := v4.As4()
			n += copy(ip[n:], tail[:])
			break
		}
		ip[n], ip[n+1] = byte(v>>8), byte(v)
		n, i = n+2, i+digits
		if i == len(b) {
			break
		}
		if b[i] != ':' || i+1 == len(b) {
			return netip.Addr{}, false
		}
		i++
		if b[i] == ':' {
			if gap >= 0 {
				return netip.Addr{}, false
			}
			gap, i = n, i+1
		}
	}
	if gap < 0 {
		return netip.AddrFrom16(ip), n == 16
	}
	if n == 16 {
		return netip.Addr{}, false
	}
	tail := ip[gap:n]
	copy(ip[16-len(tail):], tail)
	clear(ip[gap : 16-len(tail)])
	return netip.AddrFrom16(ip), true
}

// scanHex reads the hexadecimal number that b starts with, of at most five digits.
func scanHex(b []byte) (v uint, digits int) {
	for digits < len(b) && digits < 5 && hexValue[b[digits]] < 16 {
		v = v<<4 | uint(hexValue[b[digits]])
		digits++
	}
	return v, digits
}

// scanNumber reads the decimal number that b starts with, of at most 18 digits; n is its length.
func scanNumber(b []byte) (v int64, n int) {
	for n < len(b) && n < 18 && b[n]-'0' <= 9 {
		v = v*10 + int64(b[n]-'0')
		n++
	}
	return v, n
}

// trusts tells whether addr is a proxy whose forwarded list is believed.
func (o *Options) trusts(addr netip.Addr) bool {
	for _, p := range o.TrustedProxies {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}

// forward replaces a trusted client of ev by the right-most address of a forwarded list that is not trusted itself: each proxy
// appends the peer it saw, so what stands further left is hearsay. A list of trusted addresses only came from the left-most of them.
func (o *Options) forward(ev *Event, list []byte) error {
	for len(list) > 0 && o.trusts(ev.Client) {
		i := bytes.LastIndexByte(list, ',')
		addr, ok := parseClient(bytes.Trim(list[i+1:], " \t"))
		if !ok {
			return errForwarded
		}
		ev.Client, ev.Forwarded = addr, true
		list = list[:max(i, 0)]
	}
	return nil
}
