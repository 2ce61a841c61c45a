package firewall_test

import (
	"maps"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"cidrx/firewall"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

var t0 = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func element(prefix string, left time.Duration) firewall.Element {
	return firewall.Element{Prefix: netip.MustParsePrefix(prefix), Until: t0.Add(left)}
}

// elements makes a list of prefixes that all have an hour left.
func elements(prefixes ...string) []firewall.Element {
	var out []firewall.Element
	for _, p := range prefixes {
		out = append(out, element(p, time.Hour))
	}
	return out
}

// text shows Ops as "+ 10.0.0.0/8 & - 10.1.0.0/16" (joined), "; " between groups.
func text(ops []firewall.Op) string {
	var b strings.Builder
	for i, op := range ops {
		if i > 0 {
			b.WriteString(map[bool]string{true: " & ", false: "; "}[op.Joined])
		}
		b.WriteString([]string{"- ", "+ ", "~ "}[op.Kind] + op.Element.Prefix.String())
	}
	return b.String()
}

func TestAppendDiff(t *testing.T) {
	tests := []struct {
		name       string
		have, want []firewall.Element
		ops        string
	}{
		{"nothing", nil, nil, ""},
		{"first", nil, elements("192.0.2.1/32"), "+ 192.0.2.1/32"},
		{"last", elements("192.0.2.1/32"), nil, "- 192.0.2.1/32"},
		{"unchanged", elements("192.0.2.1/32"), elements("192.0.2.1/32"), ""},
		{"longer", elements("192.0.2.1/32"), []firewall.Element{element("192.0.2.1/32", 2*time.Hour)}, "~ 192.0.2.1/32"},
		{"already over", nil, []firewall.Element{element("192.0.2.1/32", 0)}, ""},
		{"held and over", elements("192.0.2.1/32"), []firewall.Element{element("192.0.2.1/32", 0)}, "- 192.0.2.1/32"},
		{"between", elements("10.0.0.0/8", "12.0.0.0/8"), elements("10.0.0.0/8", "11.0.0.0/8", "12.0.0.0/8"), "+ 11.0.0.0/8"},
		{"parent takes children", elements("10.1.0.0/16", "10.2.0.0/16", "11.0.0.0/8"), elements("10.0.0.0/8", "11.0.0.0/8"),
			"+ 10.0.0.0/8 & - 10.1.0.0/16 & - 10.2.0.0/16"},
		{"parent takes its first child", elements("10.0.0.0/16"), elements("10.0.0.0/8"), "+ 10.0.0.0/8 & - 10.0.0.0/16"},
		{"carved", elements("10.0.0.0/30"), elements("10.0.0.0/31", "10.0.0.3/32"), "- 10.0.0.0/30 & + 10.0.0.0/31 & + 10.0.0.3/32"},
		{"carved, one piece over", elements("10.0.0.0/30"), []firewall.Element{element("10.0.0.0/31", 0), element("10.0.0.2/32", time.Hour)},
			"- 10.0.0.0/30 & + 10.0.0.2/32"},
		{"both families", elements("10.0.0.0/8"), elements("2001:db8::/64"), "- 10.0.0.0/8; + 2001:db8::/64"},
		{"everything", elements("0.0.0.0/1", "255.255.255.255/32"), elements("0.0.0.0/0", "::/0"),
			"+ 0.0.0.0/0 & - 0.0.0.0/1 & - 255.255.255.255/32; + ::/0"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			ops, err := firewall.AppendDiff(nil, tt.have, tt.want, t0)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.ops, text(ops)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestAppendDiffRefusesWhatNoKernelHolds(t *testing.T) {
	tests := []struct {
		name       string
		have, want []firewall.Element
	}{
		{"unsorted", nil, elements("11.0.0.0/8", "10.0.0.0/8")},
		{"overlap", nil, elements("10.0.0.0/8", "10.1.0.0/16")},
		{"overlap with a held one", elements("10.0.0.0/8"), elements("10.0.0.0/8", "10.1.0.0/16")},
		{"overlap before a held one", elements("10.1.0.0/16"), elements("10.0.0.0/8", "10.1.0.0/16")},
		{"overlap inside a carved one", elements("10.0.0.0/8"), elements("10.1.0.0/16", "10.1.1.0/24")},
		{"twice", nil, elements("10.0.0.0/8", "10.0.0.0/8")},
		{"IPv6 first", nil, elements("2001:db8::/64", "10.0.0.0/8")},
		{"not masked", nil, elements("10.0.0.1/8")},
		{"mapped", nil, elements("::ffff:10.0.0.0/104")},
		{"zero", nil, []firewall.Element{{Until: t0.Add(1)}}},
	}
	for _, tt := range tests {
		if ops, err := firewall.AppendDiff(nil, tt.have, tt.want, t0); err == nil {
			t.Errorf("%s: no error, but %s", tt.name, text(ops))
		}
		if live, err := firewall.AppendLive(nil, tt.want, t0); err == nil {
			t.Errorf("%s: AppendLive has no error, but %v", tt.name, live)
		}
	}
}

// disjoint draws a sorted list of disjoint prefixes from a small space, so that two lists often overlap.
func disjoint(t *rapid.T, label string) []firewall.Element {
	var out []firewall.Element
	add := func(p netip.Prefix) {
		p = p.Masked()
		if !slices.ContainsFunc(out, func(e firewall.Element) bool { return e.Prefix.Overlaps(p) }) {
			out = append(out, firewall.Element{Prefix: p, Until: t0.Add(time.Duration(rapid.IntRange(-1, 3).Draw(t, "left")) * time.Hour)})
		}
	}
	for range rapid.IntRange(0, 12).Draw(t, label) {
		low := byte(rapid.IntRange(0, 31).Draw(t, "low"))
		if rapid.Bool().Draw(t, "v6") {
			add(netip.PrefixFrom(netip.AddrFrom16([16]byte{0x20, 1, 15: low}), rapid.IntRange(122, 128).Draw(t, "bits")))
		} else {
			add(netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, 0, low}), rapid.IntRange(26, 32).Draw(t, "bits")))
		}
	}
	slices.SortFunc(out, func(a, b firewall.Element) int { return a.Prefix.Addr().Compare(b.Prefix.Addr()) })
	return out
}

// TestAppendDiffAgainstMaps compares the merge with what maps say, and checks that what overlaps is in one group.
func TestAppendDiffAgainstMaps(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		have, want := disjoint(t, "have"), disjoint(t, "want")
		ops, err := firewall.AppendDiff(nil, have, want, t0)
		if err != nil {
			t.Fatal(err)
		}
		got, wanted, held := map[netip.Prefix]time.Time{}, map[netip.Prefix]time.Time{}, map[netip.Prefix]time.Time{}
		for _, e := range have {
			got[e.Prefix], held[e.Prefix] = e.Until, e.Until
		}
		for _, e := range want {
			if e.Until.After(t0) {
				wanted[e.Prefix] = e.Until
			}
		}
		for _, op := range ops {
			_, isHeld := held[op.Element.Prefix]
			switch {
			case op.Kind == firewall.Remove && isHeld:
				delete(got, op.Element.Prefix)
			case op.Kind == firewall.Add && !isHeld, op.Kind == firewall.Refresh && isHeld && !op.Element.Until.Equal(held[op.Element.Prefix]):
				got[op.Element.Prefix] = op.Element.Until
			default:
				t.Fatalf("wrong kind: %s", text(ops))
			}
		}
		if !maps.EqualFunc(got, wanted, time.Time.Equal) {
			t.Fatalf("have %v, want %v, ops %s lead to %v", have, want, text(ops), got)
		}
		checkGroups(t, ops)
	})
}

func checkGroups(t *rapid.T, ops []firewall.Op) {
	group := 0
	groups := map[netip.Prefix]int{}
	for _, op := range ops {
		if !op.Joined {
			group++
		}
		for p, g := range groups {
			if p.Overlaps(op.Element.Prefix) && g != group {
				t.Fatalf("%v and %v overlap and are in different groups: %s", p, op.Element.Prefix, text(ops))
			}
		}
		groups[op.Element.Prefix] = group
	}
}

// many makes n disjoint elements: nine hosts to one /24.
func many(n int) []firewall.Element {
	r := rand.New(rand.NewPCG(1, 2))
	out := make([]firewall.Element, 0, n)
	for i := range n {
		a := uint32(i+1)<<13 | uint32(r.IntN(1<<13))
		addr := netip.AddrFrom4([4]byte{byte(a >> 24), byte(a >> 16), byte(a >> 8), byte(a)})
		bits := 32
		if i%10 == 0 {
			bits = 24
		}
		out = append(out, firewall.Element{Prefix: netip.PrefixFrom(addr, bits).Masked(), Until: t0.Add(time.Hour)})
	}
	return out
}

// BenchmarkAppendDiff is one more ban where 100,000 are held.
func BenchmarkAppendDiff(b *testing.B) {
	want := many(100_000)
	have := slices.Delete(slices.Clone(want), 50_000, 50_001)
	var ops []firewall.Op
	for b.Loop() {
		var err error
		if ops, err = firewall.AppendDiff(ops[:0], have, want, t0); err != nil || len(ops) != 1 {
			b.Fatal(len(ops), err)
		}
	}
}
