package window_test

import (
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cidrx/detect/cidr"
	"cidrx/detect/internal/cputime"
	"cidrx/detect/window"
)

// request is what the slow twin remembers of an Add.
type request struct {
	host    netip.Prefix
	sec     int64
	n       uint64
	removed bool // its host was removed since: it counts in the total only
}

// twin keeps every request and looks at all of them for every answer.
type twin struct {
	length, now int64
	requests    []request
}

func (tw *twin) live() (rs []request) {
	for _, r := range tw.requests {
		if r.sec+tw.length > tw.now {
			rs = append(rs, r)
		}
	}
	return rs
}

func (tw *twin) total() (n uint64) {
	for _, r := range tw.live() {
		n += r.n
	}
	return n
}

// state is what one can ask a window about a prefix.
type state struct {
	Requests    uint64
	Hosts       int
	First, Last int64
}

func (tw *twin) ask(p netip.Prefix) (s state) {
	hosts := map[netip.Prefix]bool{}
	for _, r := range tw.live() {
		if r.removed || !p.Overlaps(r.host) {
			continue
		}
		s.Requests += r.n
		hosts[r.host] = true
		if s.First == 0 || r.sec < s.First {
			s.First = r.sec
		}
		s.Last = max(s.Last, r.sec)
	}
	s.Hosts = len(hosts)
	return s
}

func (tw *twin) remove(p netip.Prefix) {
	for i, r := range tw.requests {
		if p.Overlaps(r.host) {
			tw.requests[i].removed = true
		}
	}
}

func ask(w *window.Window, p netip.Prefix) (s state) {
	n := cidr.Nets(p)[0]
	s.Requests, s.Hosts = w.Trie().CountNet(n)
	s.First, s.Last = w.Span(n)
	return s
}

// randomHost returns one of some hundred hosts in a few networks of both families.
func randomHost(r *rand.Rand) netip.Addr {
	if r.IntN(4) == 0 {
		return netip.AddrFrom16([16]byte{0x20, 0x01, 0x0d, 0xb8, 6: byte(r.IntN(3)), 7: byte(r.IntN(9)), 15: byte(r.IntN(9))})
	}
	return netip.AddrFrom4([4]byte{192, 0, byte(2 + r.IntN(2)), byte(r.IntN(60))})
}

func randomPrefix(r *rand.Rand) netip.Prefix {
	a := randomHost(r)
	if a.Is4() {
		return netip.PrefixFrom(a, r.IntN(33)).Masked()
	}
	return netip.PrefixFrom(a, 17+r.IntN(48)).Masked()
}

func TestWindowAgainstTwin(t *testing.T) {
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 1))
		length := int64(1 + r.IntN(20))
		now := int64(1_700_000_000)
		if seed%2 == 0 {
			now = 1<<32 - 200 // where 32 bits of a second end
		}
		w, tw := window.New(time.Duration(length)*time.Second, 1<<20), &twin{length: length, now: now}
		w.Advance(now)
		for step := range 600 {
			randomStep(w, tw, r)
			if w.Total() != tw.total() {
				t.Fatalf("seed %d, step %d: Total() = %d, want %d", seed, step, w.Total(), tw.total())
			}
			p := randomPrefix(r)
			if diff := cmp.Diff(tw.ask(p), ask(w, p)); diff != "" {
				t.Fatalf("seed %d, step %d: %v (-want +got):\n%s", seed, step, p, diff)
			}
		}
	}
}

// randomStep does the same to both: mostly requests, some of them late or early, sometimes too late.
func randomStep(w *window.Window, tw *twin, r *rand.Rand) {
	switch r.IntN(20) {
	case 0:
		p := randomPrefix(r)
		w.Remove(p)
		tw.remove(p)
	case 1, 2, 3:
		tw.now += int64(r.IntN(4))
		if r.IntN(10) == 0 {
			tw.now += int64(r.IntN(60))
		}
		w.Advance(tw.now)
	case 4:
		sec := tw.now - int64(r.IntN(int(tw.length)+2))
		w.AddTotal(sec, 2)
		tw.requests = append(tw.requests, request{cidr.Host(randomHost(r)), sec, 2, true})
	default:
		a, n, sec := randomHost(r), 1+r.Uint32N(3), tw.now
		if r.IntN(3) == 0 {
			sec -= int64(r.IntN(int(tw.length) + 2))
		}
		ahead := int64(r.IntN(2) * r.IntN(2) * r.IntN(9))
		if sec < tw.now {
			ahead = 0
		}
		w.Add(cidr.KeyOf(a), sec+ahead, n)
		tw.requests = append(tw.requests, request{host: cidr.Host(a), sec: sec, n: uint64(n)})
	}
}

// pair is an entry: a host in a second.
type pair struct {
	host netip.Prefix
	sec  int64
}

// evicting keeps the entries of requests that come in order, the oldest first.
type evicting struct {
	entries []pair
	counts  map[pair]uint64
}

func (e *evicting) add(p pair, most int) {
	for len(e.entries) > most {
		delete(e.counts, e.entries[0])
		e.entries = e.entries[1:]
	}
	if e.counts[p] == 0 {
		e.entries = append(e.entries, p)
	}
	e.counts[p]++
}

func TestOldestEntriesLeaveFirst(t *testing.T) {
	const most = 50
	r := rand.New(rand.NewPCG(5, 5))
	w, e, now := window.New(time.Hour, most), evicting{counts: map[pair]uint64{}}, int64(1_700_000_000)
	w.Advance(now)
	for step := range 5000 {
		if r.IntN(30) == 0 {
			now++
			w.Advance(now)
		}
		a := randomHost(r)
		w.Add(cidr.KeyOf(a), now, 1)
		e.add(pair{cidr.Host(a), now}, most)
		var total uint64
		want := map[netip.Prefix]uint64{}
		for p, n := range e.counts {
			want[p.host] += n
			total += n
		}
		for host, n := range want {
			if got, _ := w.Trie().Count(host); got != n {
				t.Fatalf("step %d: %v has %d, want %d", step, host, got, n)
			}
		}
		if w.Total() != total || w.Addresses() != len(want) {
			t.Fatalf("step %d: %d of %d hosts, want %d of %d", step, w.Total(), w.Addresses(), total, len(want))
		}
		if covered := int64(w.Effective() / time.Second); covered > now-e.entries[0].sec+1 && w.Evicted() > 0 {
			t.Fatalf("step %d: covers %d s, but the oldest entry is %d s old", step, covered, now-e.entries[0].sec)
		}
	}
	if w.Evicted() == 0 || w.Effective() == time.Hour {
		t.Errorf("evicted %d, covers %v: nothing was tested", w.Evicted(), w.Effective())
	}
}

// Whatever is removed, comes late or is evicted, totals and counts stay together and everything ends.
func TestEvictionWithLateLinesAndRemovals(t *testing.T) {
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 6))
		now := int64(1_700_000_000)
		w := window.New(20*time.Second, 30)
		w.Advance(now)
		for step := range 5000 {
			switch r.IntN(40) {
			case 0:
				w.Remove(randomPrefix(r))
			case 1:
				now++
				w.Advance(now)
			default:
				w.Add(cidr.KeyOf(randomHost(r)), now-int64(r.IntN(22)), 1)
			}
			all, _ := w.Trie().Count(netip.MustParsePrefix("0.0.0.0/0"))
			six, _ := w.Trie().Count(netip.MustParsePrefix("::/0"))
			if all+six > w.Total() {
				t.Fatalf("seed %d, step %d: counts %d, total %d", seed, step, all+six, w.Total())
			}
		}
		w.Advance(now + 20)
		if w.Total() != 0 || w.Addresses() != 0 {
			t.Fatalf("seed %d: %d requests of %d hosts never left", seed, w.Total(), w.Addresses())
		}
	}
}

func TestLateLinesAreCounted(t *testing.T) {
	w := window.New(10*time.Second, 100)
	w.Advance(1000)
	k := cidr.KeyOf(netip.MustParseAddr("192.0.2.1"))
	for sec, want := range map[int64]bool{990: false, 991: true, 1000: true, 1009: true} {
		if got := w.Add(k, sec, 1); got != want {
			t.Errorf("Add at %d = %v, want %v", sec, got, want)
		}
	}
	if w.Total() != 3 {
		t.Errorf("total %d, want 3", w.Total())
	}
	w.Advance(1009) // what claimed to be of 1009 counted at 1000
	if w.Total() != 2 {
		t.Errorf("total %d when 991 has left, want 2", w.Total())
	}
	w.Advance(1010)
	if w.Total() != 0 {
		t.Errorf("total %d when 1000 has left, want 0", w.Total())
	}
}

func TestResetMayGoBack(t *testing.T) {
	w := window.New(10*time.Second, 100)
	if w.Effective() != 10*time.Second {
		t.Errorf("a new window covers %v, want all of its length", w.Effective())
	}
	w.Advance(1000)
	k := cidr.KeyOf(netip.MustParseAddr("192.0.2.1"))
	w.Add(k, 1000, 1)
	w.Reset(500)
	if w.Total() != 0 || !w.Add(k, 495, 1) || w.Total() != 1 {
		t.Errorf("total %d after a reset, want 1", w.Total())
	}
}

// Hosts that share no bucket must not take more memory than the limit promises. Along a path of forks each has one host on its side, and
// at its end there are enough to keep all the forks.
func TestSparseHostsAreEvicted(t *testing.T) {
	const most = 4000
	w := window.New(time.Hour, most)
	w.Advance(1000)
	r := rand.New(rand.NewPCG(3, 3))
	buckets := 0
	for range 300 {
		comb := r.Uint64()>>8 | 0x20<<56
		for fork := range 40 {
			add(w, comb^1<<(55-fork))
		}
		for low := range uint64(6) {
			add(w, comb^low)
		}
		buckets = max(buckets, w.Trie().Buckets())
	}
	if buckets > most/4+300 || w.Evicted() == 0 {
		t.Errorf("%d buckets for at most %d entries, %d evicted", buckets, most, w.Evicted())
	}
	if held := w.Total(); held > most/2 {
		t.Errorf("%d hosts are kept: their buckets were not what limits them", held)
	}
}

// add counts a request of the IPv6 host with these 64 bits.
func add(w *window.Window, top uint64) {
	var raw [16]byte
	binary.BigEndian.PutUint64(raw[:], top)
	w.Add(cidr.KeyOf(netip.AddrFrom16(raw)), 1000, 1)
}

func BenchmarkWindowTurnover(b *testing.B) {
	const hosts = 200_000
	r := rand.New(rand.NewPCG(1, 2))
	keys := make([]cidr.Key, hosts)
	for i := range keys {
		v := r.Uint32()
		keys[i] = cidr.KeyOf(netip.AddrFrom4([4]byte{byte(v >> 24), byte(v >> 16), byte(v >> 8), byte(v)}))
	}
	picks := make([]uint32, 1<<20)
	for i := range picks {
		picks[i] = r.Uint32N(hosts)
	}
	w := window.New(10*time.Minute, 1_000_000)
	i := 0
	add := func() {
		w.Advance(int64(1_700_000_000 + i/500_000)) // 500,000 lines a second
		w.Add(keys[picks[i&(len(picks)-1)]], int64(1_700_000_000+i/500_000), 1)
		i++
	}
	for w.Evicted() == 0 {
		add()
	}
	b.ReportAllocs()
	cputime.Report(b, func() {
		for b.Loop() {
			add()
		}
	})
	b.ReportMetric(w.Effective().Seconds(), "window_s")
}
