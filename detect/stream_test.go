package detect_test

import (
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cidrx/detect"
	"cidrx/detect/cidr"
	"cidrx/detect/parse"
)

// hit is one line of traffic.
type hit struct {
	client netip.Addr
	sec    int
	mask   detect.Mask
}

const (
	everyone = 1 << iota
	scanning
)

// realTraffic returns three minutes: visitors of all kinds; from the second minute on a loud host, a /26 of quiet hosts, and scanners
// that share nothing but their tool.
func realTraffic(r *rand.Rand) (hits []hit) {
	visitors := rand.NewZipf(r, 1.2, 8, 3000)
	for sec := range 180 {
		for range 60 + r.IntN(40) {
			v := visitors.Uint64()
			a := netip.AddrFrom4([4]byte{byte(60 + v%90), byte(v * 7), byte(v >> 3), byte(v * 13)})
			hits = append(hits, hit{a, sec, everyone})
		}
		if sec < 60 {
			continue
		}
		for range 15 {
			hits = append(hits, hit{netip.MustParseAddr("203.0.113.77"), sec, everyone})
		}
		for range 12 {
			hits = append(hits, hit{netip.AddrFrom4([4]byte{198, 51, 100, byte(64 + r.IntN(64))}), sec, everyone})
		}
		for range 8 {
			s := byte(r.IntN(40))
			hits = append(hits, hit{netip.AddrFrom4([4]byte{160 + s, s, 3 * s, s}), sec, everyone | scanning})
		}
	}
	return hits
}

func realStrategies() []detect.Strategy {
	return []detect.Strategy{
		strategyOf("volume", time.Minute, tier(400, 24, 32, 0.05), tier(3000, 16, 24, 0.2)),
		strategyOf("scanners", time.Minute, tier(8, 29, 32, 0)),
	}
}

// covered feeds batches of lines that each arrive when their last line was written, and returns the addresses of all verdicts.
func covered(t *testing.T, hits []hit, batch func() int) []string {
	e := engine(t, realStrategies()...)
	var found []netip.Prefix
	for len(hits) > 0 {
		n := min(len(hits), batch())
		now := at(hits[n-1].sec)
		for _, h := range hits[:n] {
			ev := &parse.Event{Time: at(h.sec), Client: h.client, Repeat: 1}
			e.Observe(now, ev, h.mask, func(v detect.Verdict) { found = append(found, v.Prefix) })
		}
		hits = hits[n:]
	}
	texts := []string{}
	for _, p := range cidr.Merge(found) {
		texts = append(texts, p.String())
	}
	return texts
}

func TestBatchesDoNotMatter(t *testing.T) {
	for seed := range uint64(5) {
		r := rand.New(rand.NewPCG(seed, 21))
		hits := realTraffic(r)
		want := covered(t, hits, func() int { return 1 })
		if len(want) != 42 {
			t.Fatalf("seed %d: %d prefixes, want 40 scanners, the loud host and the network: %v", seed, len(want), want)
		}
		for name, batch := range map[string]func() int{
			"small":  func() int { return 1 + r.IntN(20) },
			"large":  func() int { return 1 + r.IntN(3000) },
			"a file": func() int { return len(hits) },
		} {
			if diff := cmp.Diff(want, covered(t, hits, batch)); diff != "" && name != "a file" {
				t.Errorf("seed %d, %s batches (-want +got):\n%s", seed, name, diff)
			}
		}
		r.Shuffle(len(hits), func(i, j int) {
			if hits[i].sec == hits[j].sec {
				hits[i], hits[j] = hits[j], hits[i]
			}
		})
		if diff := cmp.Diff(want, covered(t, hits, func() int { return 1 })); diff != "" {
			t.Errorf("seed %d, shuffled within seconds (-want +got):\n%s", seed, diff)
		}
	}
}

// crowdedNetwork feeds a /16 of which every host is over T, and returns what was raised. It must be found host by host at once and whole
// soon, however many hosts it has.
func crowdedNetwork(t testing.TB, hosts, rounds int, refuse bool) (e *detect.Engine, raised []detect.Verdict) {
	all := tier(5, 16, 32, 0)
	if refuse {
		all.MinHosts = 1 << 30
	}
	e = engine(t, strategyOf("all", 10*time.Minute, all))
	for round := range rounds {
		for h := range hosts {
			ev := &parse.Event{Time: at(round), Client: netip.AddrFrom4([4]byte{198, 18, byte(h >> 8), byte(h)}), Repeat: 1}
			e.Observe(at(round), ev, 1, func(v detect.Verdict) { raised = append(raised, v) })
		}
	}
	e.Advance(at(rounds), func(v detect.Verdict) { raised = append(raised, v) })
	return e, raised
}

func TestCrowdedNetworkIsFoundWhole(t *testing.T) {
	const hosts = 60_000
	_, raised := crowdedNetwork(t, hosts, 7, false)
	cover := []netip.Prefix{}
	for _, v := range raised {
		cover = append(cover, v.Prefix)
	}
	want := []netip.Prefix{netip.MustParsePrefix("198.18.0.0/16")}
	if diff := cmp.Diff(want, cidr.Merge(cover), cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	last := raised[len(raised)-1]
	if last.Prefix != want[0] || last.Evidence.Hosts != hosts {
		t.Errorf("in the end %v with %d hosts", last.Prefix, last.Evidence.Hosts)
	}
}

func TestSameEventsSameVerdicts(t *testing.T) {
	_, first := crowdedNetwork(t, 4000, 7, false)
	_, second := crowdedNetwork(t, 4000, 7, false)
	if diff := cmp.Diff(first, second, cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })); diff != "" {
		t.Errorf("(-first +second):\n%s", diff)
	}
}

// In a crowd that is looked at seldom, a host that reaches T is still raised by that very request.
func TestCrowdDoesNotHideAHost(t *testing.T) {
	e := engine(t, strategyOf("all", 10*time.Minute, tier(50, 16, 32, 0)))
	for h := range 300_000 {
		a := netip.AddrFrom4([4]byte{198, 18, byte(h % 6000 >> 8), byte(h % 6000)})
		e.Observe(at(0), &parse.Event{Time: at(0), Client: a, Repeat: 1}, 1, func(detect.Verdict) {})
	}
	var got []string
	for range 50 {
		got = append(got, prefixesOf(observe(e, "198.18.255.255", 0, 1))...)
	}
	if diff := cmp.Diff([]string{"198.18.255.255/32"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func BenchmarkCrowdedNetwork(b *testing.B) {
	for name, refuse := range map[string]bool{"reported": false, "refused": true} {
		b.Run(name, func(b *testing.B) {
			e, _ := crowdedNetwork(b, 60_000, 6, refuse)
			benchmark(b, e, func(i int) netip.Addr {
				h := uint32(i) * 2654435761 % 60_000
				return netip.AddrFrom4([4]byte{198, 18, byte(h >> 8), byte(h)})
			})
		})
	}
}
