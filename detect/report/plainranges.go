package report

import (
	"fmt"
	"strings"
)

// rangeColumns are the widths of the columns of a list of ranges, 0 for those that have no room.
type rangeColumns struct{ prefix, requests, hosts, times int }

// rangeIndent stands in front of every range.
const rangeIndent = 4

// ranges writes one line a range and, if there is one, the line of their total.
func (p *plainPage) ranges(list []Range, total ...Range) {
	c := p.fit(list, total)
	for i := range list {
		p.line("%s", strings.TrimRight(c.row(list[i].Prefix.String(), &list[i]), " "))
	}
	for i := range total {
		p.line("%s [TOTAL]", c.row(strings.Repeat("-", c.prefix), &total[i]))
	}
}

// fit finds the columns that have room: prefix, requests and percentage always, hosts if possible, then the times.
func (p *plainPage) fit(list, total []Range) rangeColumns {
	var c rangeColumns
	for _, ranges := range [2][]Range{list, total} {
		for i := range ranges {
			g := &ranges[i]
			c.requests = max(c.requests, len(Grouped(g.Requests)))
			c.hosts = max(c.hosts, len(hostsColumn(g.Hosts)))
		}
	}
	for i := range list {
		c.prefix = max(c.prefix, len(list[i].Prefix.String()))
		if s := seen(&list[i]); s != "" {
			c.times = max(c.times, columns(s))
		}
	}
	left := p.width - rangeIndent - c.prefix - 2 - c.requests - len(" requests  (100.00%)")
	if len(total) > 0 {
		left -= len(" [TOTAL]")
	}
	if left -= 2 + c.hosts; left < 0 {
		return rangeColumns{prefix: c.prefix, requests: c.requests}
	}
	if left+c.reserve(total) < 2+c.times {
		c.times = 0
	}
	return c
}

// reserve is the room that only the line of the total takes behind the hosts, where others have their times.
func (c rangeColumns) reserve(total []Range) int {
	if len(total) > 0 {
		return len(" [TOTAL]")
	}
	return 0
}

func (c rangeColumns) row(name string, g *Range) string {
	row := fmt.Sprintf("%*s%-*s  %*s requests  (%6.2f%%)", rangeIndent, "", c.prefix, name, c.requests, Grouped(g.Requests), percentage(g.Share))
	if c.hosts > 0 {
		row += fmt.Sprintf("  %*s", c.hosts, hostsColumn(g.Hosts))
	}
	if s := seen(g); c.times > 0 && s != "" {
		row += "  " + s
	}
	return row
}

// hostsColumn keeps the numbers of a column in line where one of them is 1.
func hostsColumn(n int) string {
	if n == 1 {
		return "1 host "
	}
	return counted(n, "host")
}

// seen is when a range was first and last seen, empty if no line of it has a time.
func seen(g *Range) string {
	first, last := rfc3339(g.First), rfc3339(g.Last)
	if first == "" || last == "" || first == last {
		return first
	}
	return first + " to " + last
}
