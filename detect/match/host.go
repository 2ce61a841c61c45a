package match

import "bytes"

// maxHost is the length of the longest host name (RFC 1035, 2.3.4).
const maxHost = 255

// hasHost reports whether host, as logged, is in names, which are in lower case.
func hasHost(names map[string]bool, host []byte) bool {
	host = bareHost(host)
	var lower [maxHost]byte
	if len(host) == 0 || len(host) > len(lower) {
		return false
	}
	for i, c := range host {
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		lower[i] = c
	}
	return names[string(lower[:len(host)])]
}

// bareHost takes the port and the root's dot off a host: "www.example.org.:8443" is "www.example.org", "[2001:db8::1]:80" is
// "[2001:db8::1]". An IPv6 address without brackets has no port.
func bareHost(host []byte) []byte {
	host = bytes.TrimSpace(host)
	i := bytes.LastIndexByte(host, ':')
	if i >= 0 && (bytes.IndexByte(host, ':') == i || host[i-1] == ']') {
		host = host[:i]
	}
	return bytes.TrimSuffix(host, []byte("."))
}
