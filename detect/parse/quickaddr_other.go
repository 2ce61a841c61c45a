//go:build !amd64

package parse

// quickIPv4 is scanIPv4 for addresses of the usual shape. b holds quickLen bytes at least. n is 0 also for some addresses that scanIPv4
// knows; it has the last word.
func quickIPv4(b []byte) (ip uint32, n int) { return swarIPv4(b) }

// quickAddrs reads the IPv4 addresses of up to 64 usual Briefs, each of which is block[Hi:Lo], as quickIPv4 does. It returns which of them
// it has read, a bit each, the first the lowest.
func quickAddrs(block []byte, briefs []Brief) (read uint64) { return swarAddrs(block, briefs) }
