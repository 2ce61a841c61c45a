package static

import (
	"cidrx/detect/cidr"
	"cidrx/detect/match"
)

// lane is where a worker counts for one population.
type lane struct {
	*population
	multiplier     uint64
	total, allowed uint64

	waiting *[shards * batch]seen // for the tables, by shard; nil: none yet
	filled  [shards]uint16
}

// batch is how many requests wait for one table.
const batch = 256

func newLane(p *population) *lane { return &lane{population: p, multiplier: p.tally.multiplier} }

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

// flush counts what waits.
func (l *lane) flush() {
	if l.waiting == nil {
		return
	}
	for i, n := range l.filled {
		l.tally.addAll(uint64(i), l.waiting[i*batch:][:n])
	}
	clear(l.filled[:])
}

// add counts what an entry stands for.
func (l *lane) add(e *entry) {
	l.total += e.n
	if e.allowed && !l.anyone {
		l.allowed += e.n
		return
	}
	switch {
	case !e.four:
		l.tally.addWide(e.key, e.at, e.n)
	case e.n == 1:
		if l.waiting == nil {
			l.waiting = new([shards * batch]seen)
		}
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
