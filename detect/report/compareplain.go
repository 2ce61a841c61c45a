package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// PlainComparison writes c for reading, in 80 columns: what each side found in all, what only one of them found, and what both did, with
// the sets that found it.
func PlainComparison(w io.Writer, c *Comparison) error {
	p := &plainPage{out: bufio.NewWriter(w), width: usualWidth}
	p.text("", fmt.Sprintf("cidrx: what %s (A) and %s (B) find", c.A.Name, c.B.Name))
	p.line("%s", strings.Repeat("=", p.width))
	p.side("A", &c.A)
	p.side("B", &c.B)
	p.value("Both", "%s", extent(c.Both))
	p.value("Only A", "%s", extent(c.OnlyA))
	p.value("Only B", "%s", extent(c.OnlyB))
	if c.A.Requests != c.B.Requests {
		p.line("")
		p.text("", fmt.Sprintf("A counted %s and B %s: they did not read the same log.",
			counted(c.A.Requests, "request"), Grouped(c.B.Requests)))
	}
	p.compared("Only A finds", c.OnlyA)
	p.compared("Only B finds", c.OnlyB)
	p.compared("Both find", c.Both)
	return p.out.Flush()
}

func (p *plainPage) side(letter string, s *Side) {
	p.value(letter, "%s: %s, %s", s.Name, counted(s.Ranges, "range"), s.Addresses)
}

// extent is the number of ranges and what they cover.
func extent(list []Compared) string {
	return counted(len(list), "range") + ", " + covers(list).String()
}

// covers adds up ranges.
func covers(list []Compared) (sum Addresses) {
	for i := range list {
		sum.add(list[i].Prefix)
	}
	return sum
}

// String is such as "512 addresses", "2 IPv6 /64s", or both.
func (a Addresses) String() string {
	v6 := counted(a.IPv6, "IPv6 /64")
	switch {
	case a.IPv6 == 0 && a.IPv4 == 1:
		return "1 address"
	case a.IPv6 == 0:
		return Grouped(a.IPv4) + " addresses"
	case a.IPv4 == 0:
		return v6
	}
	return Grouped(a.IPv4) + " IPv4 addresses, " + v6
}

// compared lists ranges, or says that there are none. Of a range without the part of it that the other side has found too, many pieces
// can be left in which nobody is: they are only counted.
func (p *plainPage) compared(title string, list []Compared) {
	p.heading(title)
	if len(list) == 0 {
		p.line("  nothing")
	}
	var used, empty []Compared
	prefix, requests := 0, 0
	for _, c := range list {
		if c.Requests == 0 {
			empty = append(empty, c)
			continue
		}
		used = append(used, c)
		prefix = max(prefix, len(c.Prefix.String()))
		requests = max(requests, len(Grouped(c.Requests)))
	}
	for i := range used {
		c := &used[i]
		counts := fmt.Sprintf("%*s requests  %s", requests, Grouped(c.Requests), hostsColumn(c.Hosts))
		p.line("%s", strings.TrimRight(fmt.Sprintf("  %-*s  %s", prefix, c.Prefix, counts), " "))
		p.finders("A", c.A)
		p.finders("B", c.B)
	}
	if len(empty) > 0 {
		p.text("  ", "and "+counted(len(empty), "piece")+" of wider ranges with no requests: "+covers(empty).String())
	}
}

// finders says which sets of one side found a range, and as what.
func (p *plainPage) finders(letter string, list []Finder) {
	var names []string
	for _, f := range list {
		name := fmt.Sprintf("%s set %d as %s", f.Section, f.Tier, f.Prefix)
		if f.Pieces > 1 {
			name += fmt.Sprintf(" and %s more", Grouped(f.Pieces-1))
		}
		names = append(names, name)
	}
	if len(names) > 0 {
		p.text("      "+letter+": ", strings.Join(names, ", "))
	}
}
