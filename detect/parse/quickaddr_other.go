//go:build !amd64

package parse

// quickIPv4 is scanIPv4 for addresses of the usual shape. b holds quickLen bytes at least. n is 0 also for some addresses that scanIPv4
// knows; it has the last word.
func quickIPv4(b []byte) (ip uint32, n int) { return swarIPv4(b) }
