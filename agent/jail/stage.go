package jail

import (
	"encoding/binary"
	"hash/fnv"
	"math/bits"
	"net/netip"
	"time"
)

// repeatedBans are as many ended bans in one neighbourhood as raise the next one there by a stage.
const repeatedBans = 3

// stageOf is the stage of a new ban: one above that of an ended ban which covered the prefix, one more where bans add up. While only
// observing nothing escalates.
func (j *Jail) stageOf(p netip.Prefix) int {
	if j.o.Observe {
		return 0
	}
	stage := 0
	for _, b := range j.past.Supernets(p) {
		stage = max(stage, j.nextAt(b, j.now))
	}
	if j.repeated(p) {
		stage++
	}
	return min(stage, len(j.o.Stages)-1)
}

// repeated says whether bans of three prefixes in p's neighbourhood have ended and are not forgotten.
func (j *Jail) repeated(p netip.Prefix) bool {
	around, ok := neighbourhood(p)
	if !ok {
		return false
	}
	n := 0
	for _, b := range j.past.Subnets(around) {
		if b.Origin == Detected && !b.Observed && !b.Leaked && j.nextAt(b, j.now) > 0 {
			n++
		}
		if n == repeatedBans {
			return true
		}
	}
	return false
}

// takeOver looks at the active bans inside p: the stage of the highest, if together they hold at least half of the hosts that a verdict
// on p counts. Where they lie inside each other only the outer one's hosts count.
func (j *Jail) takeOver(p netip.Prefix, hosts int) (stage int, took bool) {
	held, outer := 0, netip.Prefix{}
	for q, b := range j.bans.Subnets(p) {
		stage = max(stage, b.Stage)
		if !outer.IsValid() || !covers(outer, q) {
			outer = q
			held += max(1, b.Evidence.Hosts)
		}
	}
	if held == 0 || 2*held < hosts {
		return 0, false
	}
	return min(stage, len(j.o.Stages)-1), true
}

// until is when a new ban of p ends: when its stage is over, and some time later, up to a tenth. Detected bans inside it that end within
// the tenth end no later than it: else chance would make them outlive it by seconds, and the firewall would have to hold it in pieces
// around each of them.
func (j *Jail) until(p netip.Prefix, stage int) time.Time {
	until := j.now.Add(j.length(p, j.now, stage))
	latest := j.now.Add(j.o.Stages[stage] + j.o.Stages[stage]/10)
	for _, b := range j.bans.Subnets(p) {
		if b.Origin == Detected && b.Until.After(until) && !b.Until.After(latest) {
			until = b.Until
		}
	}
	return until
}

// length is how long a detected ban lasts: its stage, and up to a tenth that depends on prefix and start, so that bans do not all end
// at once and a replay comes to the same.
func (j *Jail) length(p netip.Prefix, start time.Time, stage int) time.Duration {
	d := j.o.Stages[stage]
	extra, _ := bits.Mul64(spread(p, start), uint64(d/10)+1)
	return d + time.Duration(extra)
}

// spread is a number that is evenly distributed over prefixes and times: FNV-1a, and the finalizer of SplitMix64 because the upper bits
// of FNV differ little between inputs that differ at the end (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014).
func spread(p netip.Prefix, start time.Time) uint64 {
	var in [25]byte
	addr := p.Addr().As16()
	copy(in[:], addr[:])
	in[16] = byte(p.Bits())
	binary.BigEndian.PutUint64(in[17:], uint64(start.UnixNano()))
	h := fnv.New64a()
	h.Write(in[:])
	x := h.Sum64()
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
