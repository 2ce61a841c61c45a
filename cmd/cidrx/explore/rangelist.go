package explore

import (
	"net/netip"
	"slices"

	"cidrx/cmd/internal/term"
)

// rangeList is a table of ranges that can be sorted and narrowed down.
type rangeList struct {
	all    []found // sorted by address
	shown  []int   // indices into all: those that pass, in order
	order  order
	filter filter
	table  term.Table
	last   string // heading of the last column
}

// set gives the list other ranges; order and filter stay.
func (l *rangeList) set(all []found) {
	l.all = all
	l.arrange()
}

// arrange filters and sorts anew, and goes to the top.
func (l *rangeList) arrange() {
	l.shown = l.shown[:0]
	for i := range l.all {
		if l.filter.passes(l.all[i].Prefix) {
			l.shown = append(l.shown, i)
		}
	}
	slices.SortFunc(l.shown, func(a, b int) int { return l.order.compare(&l.all[a], &l.all[b]) })
	l.table.Rows, l.table.Row = len(l.shown), l.row
	l.table.Select(0)
}

// sort goes to the next order.
func (l *rangeList) sort() {
	l.order = (l.order + 1) % orders
	l.arrange()
}

// chosen is the range under the cursor.
func (l *rangeList) chosen() (p netip.Prefix, ok bool) {
	if len(l.shown) == 0 {
		return netip.Prefix{}, false
	}
	return l.all[l.shown[l.table.Cursor()]].Prefix, true
}

func (l *rangeList) draw(width, height int) []string {
	mark := func(o order, title string) string {
		if o == l.order {
			return "▾" + title
		}
		return title
	}
	l.table.Columns = []term.Column{
		{Title: mark(byAddress, "Range"), Width: 24, Grows: true},
		{Title: mark(byRequests, "Requests"), Width: 10, Right: true},
		{Title: "Share", Width: 7, Right: true},
		{Title: mark(byHosts, "Hosts"), Width: 7, Right: true},
		{Title: mark(byLast, "Last seen UTC"), Width: 16, Spare: 2},
		{Title: l.last, Width: 4, Spare: 1},
	}
	return l.table.Draw(width, height)
}

func (l *rangeList) row(i int) []string {
	f := &l.all[l.shown[i]]
	last := f.mark
	if last == "" {
		last = f.names()
	}
	return []string{f.Prefix.String(), term.Count(f.Requests), term.Percent(f.Share), term.Count(f.Hosts), minute(f.Last), last}
}
