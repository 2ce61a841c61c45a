package static

import (
	"context"
	"net/netip"

	"cidrx/detect/cidr"
	"cidrx/detect/parse"
)

// kindCount counts the requests of a host by what they look like; the rest of its requests look like nothing in particular.
type kindCount struct{ ordinary, crawler, mute uint64 }

func (c kindCount) plus(d kindCount) kindCount {
	return kindCount{c.ordinary + d.ordinary, c.crawler + d.crawler, c.mute + d.mute}
}

// hostIn is a host of a population.
type hostIn struct {
	who int
	key cidr.Key
}

// kindView looks at what the requests of all hosts look like.
type kindView struct {
	a      *Analysis
	judge  *onlooker
	weight uint64
	now    kindPiece
}

// kindPiece is what a block adds.
type kindPiece struct {
	counts map[hostIn]kindCount
	agents bool // a request had a user agent
}

// brief wants the whole of every line.
func (v *kindView) brief(*parse.Brief) bool { return true }

func (v *kindView) see(ev *parse.Event, _ bool) {
	n := v.weight * uint64(max(1, ev.Repeat))
	v.now.agents = v.now.agents || ev.UserAgent != nil || ev.Outcome != parse.NoOutcome
	var c kindCount
	switch v.judge.kind(ev) {
	case ordinary:
		c.ordinary = n
	case crawler:
		c.crawler = n
	case mute:
		c.mute = n
	default:
		return
	}
	if holdsAny(ev.UserAgent, v.a.options.AllowAgents) {
		return
	}
	host := hostIn{key: cidr.KeyOf(ev.Client)}
	for i, s := range v.a.sections {
		if v.first(i) && v.judge.passes(v.a, i, ev) {
			host.who = s.who
			v.now.counts[host] = v.now.counts[host].plus(c)
		}
	}
}

// first tells whether no section before i has the same population.
func (v *kindView) first(i int) bool {
	for _, s := range v.a.sections[:i] {
		if s.who == v.a.sections[i].who {
			return false
		}
	}
	return true
}

func (v *kindView) piece() any {
	p := v.now
	v.now = kindPiece{counts: map[hostIn]kindCount{}}
	return p
}

// readKinds reads the logs again for what the hosts' requests look like.
func (a *Analysis) readKinds(ctx context.Context) (all kindPiece, sampled uint64, err error) {
	all.counts = map[hostIn]kindCount{}
	var views []view
	var mine []*kindView
	for range a.workers() {
		judge, err := newOnlooker()
		if err != nil {
			return all, 0, err
		}
		v := &kindView{a: a, judge: judge, weight: 1, now: kindPiece{counts: map[hostIn]kindCount{}}}
		views, mine = append(views, v), append(mine, v)
	}
	join := func(piece any) {
		p := piece.(kindPiece)
		all.agents = all.agents || p.agents
		for k, c := range p.counts {
			all.counts[k] = all.counts[k].plus(c)
		}
	}
	weigh := func(n uint64) {
		for _, v := range mine {
			v.weight = n
		}
	}
	sampled, err = a.readAgain(ctx, views, join, weigh)
	return all, sampled, err
}

// bothSpaces are the two address spaces.
var bothSpaces = [...]netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")}
