//go:build linux

package ipset_test

import (
	"testing"
	"time"

	"cidrx/firewall/ipset"
)

func TestParseSaved(t *testing.T) {
	tests := []struct {
		line, prefix string
		timeout      time.Duration
		packets      uint64
		network, ok  bool
	}{
		{"add cidrx4 203.0.113.0/24 timeout 3599 nomatch packets 7 bytes 420", "203.0.113.0/24", 3599 * time.Second, 7, true, true},
		{"add cidrx4 203.0.113.7 timeout 1 packets 0 bytes 0", "203.0.113.7/32", time.Second, 0, false, true},
		{"add cidrx6 2001:db8::/64 packets 3 bytes 1", "2001:db8::/64", 0, 3, false, true},
		{"add cidrx6-allow 2001:db8::5", "2001:db8::5/128", 0, 0, false, true},
		{"create cidrx4 hash:net family inet", "invalid Prefix", 0, 0, false, false},
		{"", "invalid Prefix", 0, 0, false, false},
	}
	for _, tt := range tests {
		prefix, timeout, packets, network, ok, err := ipset.ParseSaved(tt.line)
		if err != nil || prefix != tt.prefix || timeout != tt.timeout || packets != tt.packets || network != tt.network || ok != tt.ok {
			t.Errorf("%q: %s %v %d %v %v %v", tt.line, prefix, timeout, packets, network, ok, err)
		}
	}
	for _, line := range []string{"add cidrx4 203.0.113.0/33", "add cidrx4 nobody timeout 3", "add cidrx4 203.0.113.7 timeout", "add cidrx4 203.0.113.7 timeout -1"} {
		if _, _, _, _, _, err := ipset.ParseSaved(line); err == nil {
			t.Errorf("%q is read", line)
		}
	}
}

func FuzzParseSaved(f *testing.F) {
	f.Add("add cidrx4 203.0.113.0/24 timeout 3599 nomatch packets 7 bytes 420")
	f.Add("add cidrx6 2001:db8::/64 timeout 99999999999999999999")
	f.Fuzz(func(t *testing.T, line string) {
		prefix, timeout, _, _, ok, err := ipset.ParseSaved(line)
		if ok && err == nil && (prefix == "invalid Prefix" || timeout < 0 || timeout > ipset.MaxTimeout) {
			t.Errorf("%q: %s %v", line, prefix, timeout)
		}
	})
}

// TestTimeouts: never 0, which is for ever, and never more than the kernel can count.
func TestTimeouts(t *testing.T) {
	now := time.Now()
	for d, want := range map[time.Duration]time.Duration{
		-time.Hour: time.Second, 0: time.Second, time.Millisecond: time.Second, time.Second: time.Second, 1001 * time.Millisecond: 2 * time.Second,
		ipset.MaxTimeout - time.Millisecond: ipset.MaxTimeout, ipset.MaxTimeout: ipset.MaxTimeout, 1 << 62: ipset.MaxTimeout,
	} {
		if got := ipset.Left(now.Add(d), now); got != want {
			t.Errorf("%v left: timeout %v, want %v", d, got, want)
		}
	}
}
