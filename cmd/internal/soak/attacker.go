package main

import (
	"net/netip"
	"sync"
	"time"

	"go4.org/netipx"

	"cidrx/cmd/internal/rig"
)

// attacker sends exactly as many lines as ban it, or one fewer. No address attacks twice.
type attacker struct {
	prefix netip.Prefix
	name   string // its user agent; "": a scanner's
	needs  int    // lines to be banned
	sends  int    // lines in all
	begin  time.Time
	over   time.Duration // spread evenly over so long; 0: all at once
	marker bool          // sent to see when all before it has been counted

	sent    int
	crossed time.Time // just before the write(2) of the line that is one too many; zero: there is none yet
	inForce time.Time // when the kernel said so; zero: it has not
}

// guilty says that it will be banned.
func (a *attacker) guilty() bool { return a.sends >= a.needs }

// client is who sends line i: the addresses of the prefix in turn.
func (a *attacker) client(i int) netip.Addr {
	b := a.prefix.Addr().AsSlice()
	if free := a.prefix.Addr().BitLen() - a.prefix.Bits(); free > 0 {
		b[len(b)-1] |= byte(i) & byte(1<<min(free, 8)-1)
	}
	addr, _ := netip.AddrFromSlice(b) // as many bytes as it came with
	return addr
}

// due appends the lines to be sent until now.
func (a *attacker) due(text []byte, now time.Time) []byte {
	n := a.sends
	if age := now.Sub(a.begin); age < a.over {
		n = int(float64(a.sends) * age.Seconds() / a.over.Seconds())
	}
	for ; a.sent < n; a.sent++ {
		if a.name == "" {
			text = rig.Attack(text, a.client(a.sent), now.UTC())
		} else {
			text = rig.AttackAs(text, a.client(a.sent), now.UTC(), a.name)
		}
	}
	return text
}

// cast are all attackers of the soak.
type cast struct {
	mu     sync.Mutex
	active []*attacker              // that have lines to send
	byKey  map[netip.Addr]*attacker // by the address that its element in the kernel begins with
	ends   map[netip.Addr]bool      // addresses after the last one of a network: the other half of an interval
	born   int
}

func newCast() *cast { return &cast{byKey: map[netip.Addr]*attacker{}, ends: map[netip.Addr]bool{}} }

// spreads are how attackers go about it, in parts of the time between rotations: in one write, in some, over longer. All of it lies well
// within what is read again after a kill.
var spreads = [...]float64{0, 0.03, 0.3}

// pair brings in two attackers, one that will be banned and one that just is not.
func (c *cast) pair(begin time.Time, rotate time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	over := time.Duration(spreads[(c.born/2+c.born/24)%len(spreads)] * float64(rotate))
	c.add(begin, over, true)
	c.add(begin, over, false)
}

// one brings in one that will be banned and sends all of it at once, as a marker.
func (c *cast) one(begin time.Time) *attacker {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.born += c.born % 2
	a := c.add(begin, 0, true)
	a.marker = true
	c.born++
	return a
}

// add brings in the next attacker, of every kind in turn: of 12 pairs one attacks by IPv6 and one is a network. The caller holds mu.
func (c *cast) add(begin time.Time, over time.Duration, guilty bool) *attacker {
	n := c.born
	c.born++
	a := &attacker{begin: begin, over: over, needs: hostNeeds}
	switch n / 2 % 12 {
	case 10:
		a.prefix = netip.PrefixFrom(scattered6(n), 64)
	case 11:
		a.prefix, a.name, a.needs = netip.PrefixFrom(scatteredNetwork(n), 26), "soak-botnet/1.0", networkNeeds
		c.ends[netipx.PrefixLastIP(a.prefix).Next()] = true
	default:
		a.prefix = netip.PrefixFrom(scattered(n), 32)
	}
	a.sends = a.needs
	if !guilty {
		a.sends--
	}
	c.active = append(c.active, a)
	c.byKey[a.prefix.Addr()] = a
	return a
}

// Where attackers come from. Neighbours in n are far from each other there, so that no wider network is conspicuous.
var (
	attackSpace        = netip.MustParsePrefix("100.0.0.0/10")
	attackNetworkSpace = netip.MustParsePrefix("101.0.0.0/8")
)

// scramble takes numbers below 1<<bits to other such numbers: the factor is odd.
func scramble(n, bits int) uint32 { return uint32(n) * 0x9E3779B1 & (1<<bits - 1) }

// scattered is address n of attackSpace.
func scattered(n int) netip.Addr {
	v := scramble(n, 22)
	return netip.AddrFrom4([4]byte{100, byte(v >> 16), byte(v >> 8), byte(v)})
}

// scatteredNetwork is /26 n of attackNetworkSpace. No two of them touch.
func scatteredNetwork(n int) netip.Addr {
	v := scramble(n/24*2+n%2, 17) << 7
	return netip.AddrFrom4([4]byte{101, byte(v >> 16), byte(v >> 8), byte(v)})
}

// scattered6 is /64 n of 2001:db8::/32.
func scattered6(n int) netip.Addr {
	v := scramble(n, 32)
	return netip.AddrFrom16([16]byte{0x20, 0x01, 0x0d, 0xb8, byte(v >> 24), byte(v >> 16), byte(v >> 8), byte(v)})
}

// lines appends what all attackers send until now, and returns those who cross with it.
func (c *cast) lines(text []byte, now time.Time) (out []byte, crossing []*attacker, n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	kept := c.active[:0]
	for _, a := range c.active {
		before := a.sent
		text = a.due(text, now)
		n += a.sent - before
		switch {
		case a.sent < a.sends:
			kept = append(kept, a)
		case a.guilty():
			crossing = append(crossing, a)
		}
	}
	clear(c.active[len(kept):])
	c.active = kept
	return text, crossing, n
}

// crossed notes when they crossed: before the lines are written.
func (c *cast) crossed(list []*attacker, at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, a := range list {
		a.crossed = at
	}
}

// pending lists attackers that have lines to send, or should be banned and are not.
func (c *cast) pending() (f faults) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, a := range c.byKey {
		switch {
		case a.sent < a.sends:
			f.add("%v has sent %d of %d lines", a.prefix, a.sent, a.sends)
		case a.guilty() && a.inForce.IsZero():
			f.add("%v has sent %d lines from %s to %s and is not banned", a.prefix, a.sent, a.begin.Format(time.StampMilli), a.crossed.Format(time.StampMilli))
		}
	}
	return f
}

// has says that a prefix is one that attackers come from.
func (c *cast) has(p netip.Prefix) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	a := c.byKey[p.Addr()]
	return a != nil && a.prefix == p
}

// all are all attackers as they stand.
func (c *cast) all() []attacker {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := make([]attacker, 0, len(c.byKey))
	for _, a := range c.byKey {
		out = append(out, *a)
	}
	return out
}
