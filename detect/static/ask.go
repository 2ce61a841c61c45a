package static

import (
	"cmp"
	"container/heap"
	"net/netip"
	"slices"

	"cidrx/detect/cidr"
	"cidrx/detect/report"
)

// Count returns the requests and the hosts of a section inside p.
func (a *Analysis) Count(section int, p netip.Prefix) (requests uint64, hosts int) {
	return a.counts.populations[a.sections[section].who].hosts.Count(p)
}

// Hosts returns the hosts of a section inside p, at most most: those with the most requests first, then by address.
func (a *Analysis) Hosts(section int, p netip.Prefix, most int) []report.Host {
	var top fewest
	a.counts.populations[a.sections[section].who].hosts.Walk(p, func(h cidr.HostCount) bool {
		switch {
		case len(top) < most:
			heap.Push(&top, ranked{h, h.Key.Host()})
		case most > 0 && h.Requests >= top[0].Requests && before(ranked{h, h.Key.Host()}, top[0]):
			top[0] = ranked{h, h.Key.Host()}
			heap.Fix(&top, 0)
		}
		return true
	})
	slices.SortFunc(top, rank)
	out := make([]report.Host, len(top))
	for i, h := range top {
		out[i] = report.Host{Prefix: h.prefix, Requests: h.Requests, First: timeOf(h.First), Last: timeOf(h.Last)}
	}
	return out
}

// ranked is a host in the order of Hosts.
type ranked struct {
	cidr.HostCount
	prefix netip.Prefix
}

func rank(a, b ranked) int {
	return cmp.Or(cmp.Compare(b.Requests, a.Requests), cidr.Compare(a.prefix, b.prefix))
}

func before(a, b ranked) bool { return rank(a, b) < 0 }

// fewest is a heap whose first element comes last in the order of Hosts.
type fewest []ranked

func (f fewest) Len() int           { return len(f) }
func (f fewest) Less(i, j int) bool { return before(f[j], f[i]) }
func (f fewest) Swap(i, j int)      { f[i], f[j] = f[j], f[i] }
func (f *fewest) Push(x any)        { *f = append(*f, x.(ranked)) }
func (f *fewest) Pop() any {
	last := (*f)[len(*f)-1]
	*f = (*f)[:len(*f)-1]
	return last
}
