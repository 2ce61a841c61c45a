package cidr_test

import (
	"math/rand/v2"
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go4.org/netipx"

	"cidrx/detect/cidr"
)

var prefixText = cmp.Transformer("text", func(p netip.Prefix) string { return p.String() })

func prefixes(texts ...string) []netip.Prefix {
	ps := []netip.Prefix{}
	for _, s := range texts {
		ps = append(ps, netip.MustParsePrefix(s))
	}
	return ps
}

// universe is a network small enough to look at every address.
type universe struct{ root netip.Prefix }

// cover returns the smallest set of prefixes for the addresses that in accepts.
func (u universe) cover(in func(netip.Addr) bool) []netip.Prefix {
	return smallest([]netip.Prefix{}, u.root, in)
}

func smallest(out []netip.Prefix, p netip.Prefix, in func(netip.Addr) bool) []netip.Prefix {
	some, all := false, true
	for a := p.Addr(); p.Contains(a); a = a.Next() {
		some, all = some || in(a), all && in(a)
	}
	if all {
		return append(out, p)
	}
	if !some {
		return out
	}
	low, high := halves(p)
	return smallest(smallest(out, low, in), high, in)
}

func (u universe) random(r *rand.Rand) []netip.Prefix {
	var ps []netip.Prefix
	for range r.IntN(8) {
		a := u.root.Addr().AsSlice()
		a[len(a)-1] |= byte(r.IntN(32))
		addr, _ := netip.AddrFromSlice(a)
		ps = append(ps, netip.PrefixFrom(addr, u.root.Bits()+r.IntN(6)))
	}
	return ps
}

func contains(ps []netip.Prefix, a netip.Addr) bool {
	for _, p := range ps {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

func TestPrefixArithmeticAddressByAddress(t *testing.T) {
	for _, root := range prefixes("192.0.2.32/27", "2001:db8::20/123", "0.0.0.0/27") {
		u, r := universe{root}, rand.New(rand.NewPCG(1, 9))
		for range 600 {
			ps, holes := u.random(r), u.random(r)
			want := u.cover(func(a netip.Addr) bool { return contains(ps, a) })
			if diff := cmp.Diff(want, cidr.Merge(ps), prefixText); diff != "" {
				t.Fatalf("Merge(%v) (-want +got):\n%s", ps, diff)
			}
			want = u.cover(func(a netip.Addr) bool { return contains(ps, a) && !contains(holes, a) })
			if diff := cmp.Diff(want, cidr.Exclude(ps, holes), prefixText); diff != "" {
				t.Fatalf("Exclude(%v, %v) (-want +got):\n%s", ps, holes, diff)
			}
			want = u.cover(func(a netip.Addr) bool { return !contains(holes, a) })
			if diff := cmp.Diff(want, cidr.Subtract(root, holes), prefixText); diff != "" {
				t.Fatalf("Subtract(%v, %v) (-want +got):\n%s", root, holes, diff)
			}
		}
	}
}

// netipx does the same by ranges.
func TestPrefixArithmeticAgainstNetipx(t *testing.T) {
	g := traffic{rand.New(rand.NewPCG(2, 9))}
	random := func(n int) (ps []netip.Prefix) {
		for _, a := range g.hosts(n) {
			ps = append(ps, netip.PrefixFrom(a, max(0, a.BitLen()-g.r.IntN(20))).Masked())
		}
		return ps
	}
	for range 40 {
		ps, holes := random(300), random(100)
		var set netipx.IPSetBuilder
		for _, p := range ps {
			set.AddPrefix(p)
		}
		compareSet(t, "Merge", &set, cidr.Merge(ps))
		for _, p := range holes {
			set.RemovePrefix(p)
		}
		compareSet(t, "Exclude", &set, cidr.Exclude(ps, holes))
	}
}

func compareSet(t *testing.T, name string, want *netipx.IPSetBuilder, got []netip.Prefix) {
	t.Helper()
	set, err := want.IPSet()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(set.Prefixes(), got, prefixText); diff != "" {
		t.Fatalf("%s (-want +got):\n%s", name, diff)
	}
}

func TestMergeExamples(t *testing.T) {
	tests := []struct {
		name     string
		in, want []netip.Prefix
	}{
		{"nothing", nil, prefixes()},
		{"both families, IPv4 first", prefixes("2001:db8::/32", "192.0.2.0/24"), prefixes("192.0.2.0/24", "2001:db8::/32")},
		{"siblings up to the root", prefixes("0.0.0.0/1", "128.0.0.0/2", "192.0.0.0/2"), prefixes("0.0.0.0/0")},
		{"bits outside the prefix", prefixes("192.0.2.77/24"), prefixes("192.0.2.0/24")},
		{"invalid ones", []netip.Prefix{{}}, prefixes()},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, cidr.Merge(tt.in), prefixText); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestHost(t *testing.T) {
	for in, want := range map[string]string{
		"192.0.2.1":         "192.0.2.1/32",
		"::ffff:192.0.2.1":  "192.0.2.1/32",
		"2001:db8::1:2:3:4": "2001:db8::/64",
		"64:ff9b::c000:201": "64:ff9b::c000:201/128",
		"64:ff9b:0:0:1::1":  "64:ff9b::/64",
		"::1":               "::/64",
	} {
		if got := cidr.Host(netip.MustParseAddr(in)).String(); got != want {
			t.Errorf("Host(%s) = %s, want %s", in, got, want)
		}
	}
}

func TestNets(t *testing.T) {
	for in, want := range map[string][]netip.Prefix{
		"192.0.2.77/24":         prefixes("192.0.2.0/24"),
		"::ffff:192.0.2.77/120": prefixes("192.0.2.0/24"),
		"2001:db8::/32":         prefixes("2001:db8::/32"),
		"2001:db8::1/128":       prefixes("2001:db8::/64"),
		"64:ff9b::c000:201/128": prefixes("64:ff9b::c000:201/128"),
		"64:ff9b::c000:200/120": prefixes("64:ff9b::c000:200/120"),
		"64:ff9b::/96":          prefixes("64:ff9b::/96"),
		"::/0":                  prefixes("::/0", "64:ff9b::/96"),
		"64:ff9b::/64":          prefixes("64:ff9b::/64", "64:ff9b::/96"),
		"64:ff9b:0:0:1::/80":    prefixes("64:ff9b::/64"),
		"64:ff9b::/80":          prefixes("64:ff9b::/64", "64:ff9b::/96"),
	} {
		got := []netip.Prefix{}
		for _, n := range cidr.Nets(netip.MustParsePrefix(in)) {
			got = append(got, n.Prefix())
		}
		if diff := cmp.Diff(want, got, prefixText); diff != "" {
			t.Errorf("Nets(%s) (-want +got):\n%s", in, diff)
		}
	}
}
