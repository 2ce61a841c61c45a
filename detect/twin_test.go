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

// slowEngine keeps every event and counts them all again for each new one.
type slowEngine struct {
	strategies []detect.Strategy
	exempt     netip.Prefix
	sec        int64
	events     []slowEvent
	told       map[slowTold]uint64
}

type slowEvent struct {
	client    netip.Addr
	sec       int64
	n         uint64
	mask      detect.Mask
	forgotten bool
}

type slowTold struct {
	strategy, tier int
	prefix         netip.Prefix
}

// raised is what both engines must agree on.
type raised struct {
	Strategy string
	Tier     int
	Prefix   string
	Requests uint64
	Hosts    int
	Share    float64
	Needed   uint64
	First    int64
	Last     int64
}

func (e *slowEngine) advance(sec int64) {
	if sec > e.sec {
		e.sec, e.told = sec, map[slowTold]uint64{}
	}
}

func (e *slowEngine) forget(p netip.Prefix) {
	for i, ev := range e.events {
		if p.Contains(ev.client) {
			e.events[i].forgotten = true
		}
	}
	e.told = map[slowTold]uint64{}
}

// observe counts an event and returns what each strategy says.
func (e *slowEngine) observe(ev slowEvent) (vs []raised) {
	ev.sec = min(ev.sec, e.sec)
	e.events = append(e.events, ev)
	for i, s := range e.strategies {
		length := int64(s.Window / time.Second)
		if ev.mask&(1<<i) == 0 || ev.sec+length <= e.sec || e.exempt.Contains(ev.client) {
			continue
		}
		seen := e.look(length, 1<<i)
		all := e.look(length, ^detect.Mask(0))
		for j := range s.Tiers {
			vs = append(vs, e.judge(i, j, ev, seen, all)...)
		}
	}
	return vs
}

// sight is what is in a window.
type sight struct {
	trie  cidr.Trie
	total uint64
	first map[netip.Prefix]int64
	last  map[netip.Prefix]int64
}

func (e *slowEngine) look(length int64, mask detect.Mask) *sight {
	s := &sight{first: map[netip.Prefix]int64{}, last: map[netip.Prefix]int64{}}
	for _, ev := range e.events {
		if ev.sec+length <= e.sec || ev.mask&mask == 0 && mask != ^detect.Mask(0) {
			continue
		}
		s.total += ev.n
		if ev.forgotten || e.exempt.Contains(ev.client) {
			continue
		}
		s.trie.Add(cidr.KeyOf(ev.client), ev.n)
		h := cidr.Host(ev.client)
		if s.first[h] == 0 || ev.sec < s.first[h] {
			s.first[h] = ev.sec
		}
		s.last[h] = max(s.last[h], ev.sec)
	}
	return s
}

// judge evaluates the whole tier and keeps what concerns the event.
func (e *slowEngine) judge(i, j int, ev slowEvent, seen, all *sight) (vs []raised) {
	t := e.strategies[i].Tiers[j]
	lo, _, ok := t.Depths(cidr.KeyOf(ev.client))
	if !ok {
		return nil
	}
	around := cidr.KeyOf(ev.client).Net(lo).Prefix()
	need := t.Needed(seen.total)
	for _, h := range seen.trie.Heavy(cidr.Query{Tier: &t, Need: need, All: &all.trie}) {
		p := h.Prefix()
		id := slowTold{i, j, p}
		if before, ok := e.told[id]; !around.Overlaps(p) || ok && h.Requests < 2*before {
			continue
		}
		e.told[id] = h.Requests
		v := raised{e.strategies[i].Name, j, p.String(), h.Requests, h.Hosts, float64(h.Requests) / float64(seen.total), need, 0, 0}
		for host, first := range seen.first {
			if p.Overlaps(host) && (v.First == 0 || first < v.First) {
				v.First = first
			}
			if p.Overlaps(host) {
				v.Last = max(v.Last, seen.last[host])
			}
		}
		vs = append(vs, v)
	}
	return vs
}

// randomClient returns an address of a few networks; some hosts are much louder than others.
func randomClient(r *rand.Rand) netip.Addr {
	quiet := byte(r.IntN(40))
	loud := byte(r.IntN(1 + r.IntN(8)))
	switch r.IntN(8) {
	case 0:
		return netip.AddrFrom16([16]byte{0x20, 0x01, 0x0d, 0xb8, 6: loud, 7: quiet, 15: quiet})
	case 1:
		return netip.AddrFrom16([16]byte{0, 0x64, 0xff, 0x9b, 12: 192, 14: 2, 15: loud})
	case 2, 3:
		return netip.AddrFrom4([4]byte{198, 51, 100, loud})
	}
	return netip.AddrFrom4([4]byte{192, 0, 2 + loud&1, quiet})
}

func randomStrategies(r *rand.Rand) []detect.Strategy {
	var ss []detect.Strategy
	for i := range 1 + r.IntN(3) {
		s := detect.Strategy{Name: string(rune('a' + i)), Window: time.Duration(1+r.IntN(20)) * time.Second}
		for range 1 + r.IntN(3) {
			hi := 20 + r.IntN(13)
			t := tier(1+r.Uint64N(30), r.IntN(hi+1), hi, r.Float64()*r.Float64())
			t.HostsByLength = r.IntN(2) == 0
			t.Balance = r.IntN(5) == 0
			if r.IntN(3) == 0 {
				t.MaxCollateral = r.Uint32N(1_000_000)
			}
			if r.IntN(3) == 0 {
				t.SizeAlone = 1 + r.Uint64N(40)
			}
			s.Tiers = append(s.Tiers, t)
		}
		ss = append(ss, s)
	}
	return ss
}

func TestEngineAgainstTwin(t *testing.T) {
	verdicts := 0
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 11))
		slow := &slowEngine{strategies: randomStrategies(r), exempt: netip.MustParsePrefix("192.0.2.8/30")}
		e := engine(t, slow.strategies...)
		e.Exempt(slow.exempt.Contains)
		now := start
		for step := range 250 {
			if r.IntN(6) == 0 {
				now = now.Add(time.Duration(r.IntN(3)) * time.Second)
			}
			slow.advance(now.Unix())
			if r.IntN(40) == 0 {
				p := netip.PrefixFrom(randomClient(r), 24).Masked()
				e.Forget(p)
				slow.forget(p)
			}
			ev := slowEvent{client: randomClient(r), sec: now.Unix() + int64(r.IntN(3)) - int64(r.IntN(2)*r.IntN(25)), n: 1 + r.Uint64N(4), mask: detect.Mask(r.Uint64N(8))}
			want, got := slow.observe(ev), fast(e, now, ev)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("seed %d, step %d, %+v (-want +got):\n%s", seed, step, ev, diff)
			}
			verdicts += len(want)
		}
	}
	if verdicts < 1000 {
		t.Errorf("%d verdicts prove little", verdicts)
	}
}

func fast(e *detect.Engine, now time.Time, ev slowEvent) (vs []raised) {
	fed := &parse.Event{Time: time.Unix(ev.sec, 0), Client: ev.client, Repeat: int(ev.n)}
	e.Observe(now, fed, ev.mask, func(v detect.Verdict) {
		vs = append(vs, raised{
			v.Strategy, v.Tier, v.Prefix.String(), v.Evidence.Requests, v.Evidence.Hosts, v.Evidence.Share, v.Needed,
			v.Evidence.First.Unix(), v.Evidence.Last.Unix(),
		})
	})
	return vs
}
