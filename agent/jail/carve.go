package jail

import (
	"math/bits"
	"net/netip"
	"slices"
	"sort"
	"time"
)

// claim says that all of a prefix is banned until a time; zero is for ever.
type claim struct {
	prefix netip.Prefix
	until  time.Time
}

// maxPieces bounds what one ban and those inside it may become. 1,000 allowed hosts scattered in a /16 need about 5,000 pieces; beyond
// the bound the narrowest pieces, which lie next to what is cut out, stay open and are counted.
const maxPieces = 8192

// carve cuts network into the disjoint pieces that the claims cover and the cuts do not, each until the last of its claims ends, and
// appends them to out. So at every instant the pieces that have not ended are what the claims that have not ended cover, even if nobody
// ever calls again. A claim inside another is a piece of its own only when it ends later; if that needs too many pieces the inner ones
// wait until the outer one has ended (the jail carves anew then), and if that is still too many, open says how many pieces were left out.
//
// Claims and cuts must be sorted and lie in network; cuts must be disjoint. Each level of the address tree is one step, so the cost is
// O((claims + cuts) x address length) at worst.
func carve(network netip.Prefix, claims []claim, cuts []netip.Prefix, out []Hold) (pieces []Hold, open int) {
	c := carver{longest: network.Addr().BitLen(), out: out, limit: len(out) + maxPieces}
	if c.run(network, claims, cuts) {
		return c.out, 0
	}
	c.flat = true
	if c.run(network, claims, cuts) {
		return c.out, 0
	}
	c.longest = sort.Search(c.longest, func(n int) bool {
		c.longest = n
		return !c.run(network, claims, cuts)
	}) - 1
	c.run(network, claims, cuts)
	return c.out, c.open
}

// carver is one walk through the address tree.
type carver struct {
	flat    bool // claims inside another are left out, whenever they end
	longest int  // nothing longer than this is written
	limit   int  // of len(out)
	out     []Hold
	open    int // pieces left out
}

// run walks, from the state of out that carve was given, and says whether the result is within the limit.
func (c *carver) run(network netip.Prefix, claims []claim, cuts []netip.Prefix) bool {
	c.out, c.open = c.out[:c.limit-maxPieces], 0
	c.walk(network, claim{}, claims, cuts)
	return len(c.out) <= c.limit
}

// walk writes the pieces of x. over is the claim that covers all of x, if it is valid.
func (c *carver) walk(x netip.Prefix, over claim, claims []claim, cuts []netip.Prefix) {
	if len(c.out) > c.limit || len(cuts) > 0 && cuts[0].Bits() <= x.Bits() {
		return
	}
	over, claims = c.settle(x, over, claims)
	if !over.prefix.IsValid() {
		if len(claims) == 0 {
			return
		}
		if y := common(claims); y != x { // nothing to write around it
			c.walk(y, over, claims, within(cuts, y))
			return
		}
	}
	if len(claims) == 0 && len(cuts) == 0 {
		c.out = append(c.out, Hold{Prefix: x, Until: over.until})
		return
	}
	if x.Bits() >= c.longest {
		c.open++
		return
	}
	low, high := halves(x)
	i := sort.Search(len(claims), func(i int) bool { return !claims[i].prefix.Addr().Less(high.Addr()) })
	k := sort.Search(len(cuts), func(k int) bool { return !cuts[k].Addr().Less(high.Addr()) })
	c.walk(low, over, claims[:i], cuts[:k])
	c.walk(high, over, claims[i:], cuts[k:])
}

// settle takes the claims of x itself off the list, and those inside that make no difference.
func (c *carver) settle(x netip.Prefix, over claim, claims []claim) (claim, []claim) {
	settled := false
	for len(claims) > 0 && claims[0].prefix.Bits() <= x.Bits() {
		if !over.prefix.IsValid() || outlives(claims[0].until, over.until) {
			over, settled = claims[0], true
		}
		claims = claims[1:]
	}
	if !settled {
		return over, claims
	}
	if c.flat {
		return over, nil
	}
	return over, slices.DeleteFunc(slices.Clone(claims), func(in claim) bool { return !outlives(in.until, over.until) })
}

// outlives says whether a comes after b, where zero is for ever.
func outlives(a, b time.Time) bool {
	return !b.IsZero() && (a.IsZero() || a.After(b))
}

// common is the narrowest network around sorted claims. The first is also the widest of those that begin where it does, so nothing
// between it and the last can be wider than what the two have in common.
func common(claims []claim) netip.Prefix {
	first, last := claims[0].prefix, claims[len(claims)-1].prefix
	n := min(first.Bits(), last.Bits(), sharedBits(first.Addr(), last.Addr()))
	return netip.PrefixFrom(first.Addr(), n).Masked()
}

// sharedBits is how many leading bits two addresses of a family have in common.
func sharedBits(a, b netip.Addr) int {
	x, y := a.AsSlice(), b.AsSlice()
	for i := range x {
		if d := x[i] ^ y[i]; d != 0 {
			return 8*i + bits.LeadingZeros8(d)
		}
	}
	return 8 * len(x)
}

// within are those of the sorted, disjoint cuts that overlap x.
func within(cuts []netip.Prefix, x netip.Prefix) []netip.Prefix {
	for len(cuts) > 0 && !cuts[0].Overlaps(x) {
		cuts = cuts[1:]
	}
	for len(cuts) > 0 && !cuts[len(cuts)-1].Overlaps(x) {
		cuts = cuts[:len(cuts)-1]
	}
	return cuts
}
