package match

import (
	"math/bits"

	"cidrx/detect/parse"
)

// fields finds sets in the fields that they stand in alone: about half of a usual line, and of many lines by one call, so that none
// waits for the one before.
type fields struct {
	targets, agents *teddy // nil: there are no such sets
}

// newFields prepares the search for sets; nil if it would not be quick.
func newFields(sets []wanted) *fields {
	var targets, agents []wanted
	for _, set := range sets {
		switch {
		case len(set.literals) == 0: // never found
		case set.hidden.percent:
			targets = append(targets, set)
		default:
			agents = append(agents, set)
		}
	}
	if len(targets)+len(agents) == 0 || !teddyFits(targets) || !teddyFits(agents) {
		return nil
	}
	f := new(fields)
	if len(targets) > 0 {
		f.targets = newTeddy(targets)
	}
	if len(agents) > 0 {
		f.agents = newTeddy(agents)
	}
	return f
}

// InFields tells whether Briefs can be asked: it takes less time than Until, where there are Briefs that will do.
func (s *Sieve) InFields() bool { return s.fields != nil }

// Briefs fills found with the sets that may be in the lines of briefs, which were read from block: in usual lines in the two fields that
// filters look at, in others anywhere. The Target of each usual one must span the target, and may span more: the request line, say,
// that a parse.Completer leaves there; UserAgent the user agent. It needs no Start.
func (p *Pass) Briefs(block []byte, briefs []parse.Brief, found []Sets) {
	clear(found[:len(briefs)])
	f := p.sieve.fields
	const most = 64 // lines a call
	for len(briefs) > 0 {
		n := min(most, len(briefs))
		if f.targets != nil {
			hits := hitsIn(f.targets, block, briefs[:n], &briefs[0].Target)
			f.targets.mark(block, briefs, found, hits, func(b *parse.Brief) parse.Span { return b.Target })
		}
		if f.agents != nil {
			hits := hitsIn(f.agents, block, briefs[:n], &briefs[0].UserAgent)
			f.agents.mark(block, briefs, found, hits, func(b *parse.Brief) parse.Span { return b.UserAgent })
		}
		for k := range briefs[:n] {
			if b := &briefs[k]; !b.Usual {
				found[k] = p.sieve.line(block[:b.End], int(b.Begin))
			}
		}
		briefs, found = briefs[n:], found[n:]
	}
}

// mark adds to found what may be in a field of hits, a bit each. Where there is but one set, its filter tells as soon. Of lines that are
// not usual it may add anything.
func (t *teddy) mark(block []byte, briefs []parse.Brief, found []Sets, hits uint64, field func(*parse.Brief) parse.Span) {
	for ; hits != 0; hits &= hits - 1 {
		k := bits.TrailingZeros64(hits)
		if len(t.sets) == 1 {
			found[k] |= t.all
		} else if b := &briefs[k]; b.Usual {
			found[k] |= t.within(block, field(b))
		}
	}
}

// line returns the sets found anywhere in the line at from, which ends with block.
func (s *Sieve) line(block []byte, from int) (found Sets) {
	for _, scan := range s.scans {
		for at := from; at < len(block); at++ {
			var some Sets
			at, some = scan.next(block, at)
			found |= some
		}
	}
	return found
}

// within returns the sets found in a field.
func (t *teddy) within(block []byte, field parse.Span) (found Sets) {
	for i, to := int(field.From), int(field.To); i < to && found != t.all; i++ {
		if i = likelyWithin(&t.tables, block, i, to); i < to {
			found |= t.at(block[:to], i)
		}
	}
	return found
}
