package control_test

import (
	"errors"
	"net/netip"
	"strings"
	"testing"

	"cidrx/agent/control"
)

func TestParseNetwork(t *testing.T) {
	tests := []struct{ text, want string }{
		{"192.0.2.7", "192.0.2.7/32"},
		{"192.0.2.0/24", "192.0.2.0/24"},
		{"0.0.0.0/0", "0.0.0.0/0"},
		{"2001:db8::7", "2001:db8::/64"},
		{"2001:db8::7/128", "2001:db8::7/128"},
		{"2001:DB8:0::/48", "2001:db8::/48"},
		{"64:ff9b::c000:207", "64:ff9b::c000:207/128"},
		{"::ffff:192.0.2.7", "192.0.2.7/32"},
		{"::ffff:192.0.2.0/120", "192.0.2.0/24"},
		{"::ffff:192.0.2.0/95", "error: write IPv4 networks as IPv4"},
		{"192.0.2.7/24", "error: did you mean 192.0.2.0/24 or 192.0.2.7/32?"},
		{"2001:db8::7/48", "error: did you mean 2001:db8::/48 or 2001:db8::/64?"},
		{"fe80::1%eth0", "error: without the part from %"},
		{"fe80::%eth0/64", "error: neither an address nor a network"},
		{"192.0.2.0/33", "error: neither an address nor a network"},
		{"192.0.2.0/-1", "error: neither an address nor a network"},
		{"192.0.2", "error: is not an address"},
		{"010.0.0.1", "error: is not an address"},
		{"192.0.2.7:80", "error: is not an address"},
		{"example.net", "error: is not an address"},
		{"\x1b[2J", `error: "\x1b[2J" is not an address`},
		{"", "error: is not an address"},
		{"/", "error: neither"},
	}
	for _, tt := range tests {
		t.Run(tt.text, func(t *testing.T) {
			p, err := control.ParseNetwork(tt.text)
			want, wantErr := strings.CutPrefix(tt.want, "error: ")
			if !wantErr && (err != nil || p.String() != want) {
				t.Errorf("got %v, %v; want %s", p, err, want)
			}
			if wantErr && (!errors.Is(err, control.ErrInvalid) || !strings.Contains(err.Error(), want)) {
				t.Errorf("got %v, %v; want error %s", p, err, want)
			}
		})
	}
}

// What is read prints as something that reads the same, and is a network in normal form.
func FuzzParseNetwork(f *testing.F) {
	for _, s := range []string{"192.0.2.7", "192.0.2.0/24", "::ffff:192.0.2.0/120", "fe80::1%eth0", "64:ff9b::1", "2001:db8::/32", "1.2.3.4/08"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := control.ParseNetwork(text)
		if err != nil {
			return
		}
		if !p.IsValid() || p != p.Masked() || p.Addr().Is4In6() || p.Addr().Zone() != "" {
			t.Errorf("%q gives %v", text, p)
		}
		if again, err := control.ParseNetwork(p.String()); err != nil || again != p {
			t.Errorf("%v reads as %v, %v", p, again, err)
		}
		if addr, err := netip.ParseAddr(text); err == nil && !p.Contains(addr.Unmap()) {
			t.Errorf("%v is not in %v", addr, p)
		}
	})
}
