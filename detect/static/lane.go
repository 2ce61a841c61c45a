package static

import (
	"cidrx/detect/cidr"
	"cidrx/detect/match"
	"cidrx/detect/parse"
)

// lane is where a worker counts for one population.
type lane struct {
	*population
	multiplier     uint64
	total, allowed uint64

	waiting *[shards * batch]seen // for the tables, by shard; nil: none yet
	filled  [shards]uint16

	waiting6 *[shards * batch6]seen6
	filled6  [shards]uint16
}

// How many requests wait for one table.
const (
	batch  = 512
	batch6 = 64
)

func newLane(p *population) *lane { return &lane{population: p, multiplier: p.tally.multiplier} }

// putBrief counts a request with a time, sooner or later.
func (l *lane) putBrief(b *parse.Brief) {
	if at := stamp(b.Unix, true); b.Is6 {
		l.putWide(cidr.Key6(b.Hi, b.Lo), at)
	} else {
		l.put(seen{b.V4, at})
	}
}

// open makes room for what waits, if there is none yet.
func (l *lane) open() {
	if l.waiting == nil {
		l.waiting = new([shards * batch]seen)
	}
}

// put counts a request of an IPv4 address, sooner or later.
func (l *lane) put(one seen) {
	shard := spread(one.addr, l.multiplier) >> (64 - shardBits)
	n := l.filled[shard]
	l.waiting[shard*batch|uint64(n)] = one
	if n++; n == batch {
		l.tally.addAll(shard, l.waiting[shard*batch:][:batch])
		n = 0
	}
	l.filled[shard] = n
}

// putWide counts a request of another address, sooner or later.
func (l *lane) putWide(k cidr.Key, at uint32) {
	bits, is6 := bits6(k)
	if !is6 {
		l.tally.addWide(k, at, 1)
		return
	}
	if l.waiting6 == nil {
		l.waiting6 = new([shards * batch6]seen6)
	}
	shard := bits * l.multiplier >> (64 - shardBits)
	n := l.filled6[shard]
	l.waiting6[shard*batch6|uint64(n)] = seen6{bits, at}
	if n++; n == batch6 {
		l.tally.addAll6(shard, l.waiting6[shard*batch6:][:batch6])
		n = 0
	}
	l.filled6[shard] = n
}

// flush counts what waits.
func (l *lane) flush() {
	for i := range shards {
		if n := l.filled[i]; n > 0 {
			l.tally.addAll(uint64(i), l.waiting[i*batch:][:n])
		}
		if n := l.filled6[i]; n > 0 {
			l.tally.addAll6(uint64(i), l.waiting6[i*batch6:][:n])
		}
	}
	clear(l.filled[:])
	clear(l.filled6[:])
}

// add counts what an entry stands for.
func (l *lane) add(e *entry) {
	l.total += e.n
	if e.allowed && !l.anyone {
		l.allowed += e.n
		return
	}
	switch {
	case !e.four && e.n == 1:
		l.putWide(e.key, e.at)
	case !e.four:
		l.tally.addWide(e.key, e.at, e.n)
	case e.n == 1:
		l.open()
		l.put(seen{e.addr, e.at})
	default:
		l.tally.add4(seen{e.addr, e.at}, e.n)
	}
	if e.spent {
		l.addUsed(e)
	}
}

// addUsed counts what earlier bans have used up.
func (l *lane) addUsed(e *entry) {
	if e.four {
		l.used.add4(seen{e.addr, e.at}, e.n)
	} else {
		l.used.addWide(e.key, e.at, e.n)
	}
}

// may tells whether a line in which those sets were found may pass the filter.
func (l *lane) may(found match.Sets) bool { return found&l.sets == l.sets }

// entry is what a line, or a login attempt that several lines told of, counts.
type entry struct {
	four    bool
	allowed bool // the user agent is
	spent   bool
	known   bool   // it has a time
	addr    uint32 // if four
	at      uint32 // see stamp
	unix    int64
	n       uint64
	key     cidr.Key
}
