package explore

import (
	"net/netip"
	"strconv"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"cidrx/cmd/internal/term"
	"cidrx/detect/report"
)

// mostHosts is how many hosts of a range are listed.
const mostHosts = 1000

// rangePage is everything known of one range of a section.
type rangePage struct {
	*session
	section  int
	prefix   netip.Prefix
	requests uint64
	count    int // hosts
	finding  finding
	hosts    []report.Host
	part     part
	tables   [parts]term.Table
	lines    []string // the sample lines as they are shown
	broken   int      // the width that lines are broken for
}

// part is what of a range is listed.
type part int

const (
	hostPart part = iota
	agentPart
	endpointPart
	statusPart
	linePart
	parts
)

func (p part) String() string {
	return [...]string{"Hosts", "User agents", "Endpoints", "Statuses", "Lines"}[p]
}

func newRangePage(s *session, section int, prefix netip.Prefix) *rangePage {
	p := &rangePage{session: s, section: section, prefix: prefix, hosts: s.analysis.Hosts(section, prefix, mostHosts)}
	p.requests, p.count = s.analysis.Count(section, prefix)
	p.finding = findingOf(s.ranges(section), prefix)
	return p
}

func (p *rangePage) Title() string { return p.prefix.String() }

func (p *rangePage) Keys() []term.Key {
	return []term.Key{{Name: "q", Does: "quit"}, {Name: "?", Does: "help"}, {Name: "esc", Does: "back"}, {Name: "tab ←→", Does: "agents, endpoints, lines"}, {Name: "↑↓", Does: "move"},
		{Name: "m", Does: "map"}}
}

func (p *rangePage) Press(key tea.KeyPressMsg) (bool, tea.Cmd) {
	switch k := key.String(); k {
	case "tab", "right", "l":
		p.part = (p.part + 1) % parts
	case "shift+tab", "left", "h":
		p.part = (p.part + parts - 1) % parts
	case "enter":
		p.enter()
	default:
		return p.tables[p.part].Press(k), nil
	}
	return true, nil
}

// enter opens the host under the cursor.
func (p *rangePage) enter() {
	if p.part == hostPart && len(p.hosts) > 0 {
		if host := p.hosts[p.tables[hostPart].Cursor()].Prefix; host != p.prefix {
			p.Open(newRangePage(p.session, p.section, host))
		}
	}
}

func (p *rangePage) Draw(width, height int) []string {
	d := p.look.of(p.section, p.prefix)
	lines := append(p.heading(d), p.timeline(d, width, height)...)
	lines = append(lines, p.tabs(d), "")
	room := height - len(lines)
	if p.part != hostPart && d == nil {
		return append(lines, indent(term.Wrap(p.absent(), width-2))...)
	}
	switch p.part {
	case hostPart:
		return append(lines, indent(p.drawHosts(width-1, room))...)
	case linePart:
		return append(lines, indent(p.drawLines(d, width-1, room))...)
	}
	return append(lines, indent(p.drawTops(d, p.tops(d), width-1, room))...)
}

// heading is the range in figures.
func (p *rangePage) heading(d *report.RangeDetail) []string {
	s := p.at(p.section)
	share := 0.0
	if s.Requests > 0 {
		share = float64(p.requests) / float64(s.Requests)
	}
	first := " " + term.Strong(p.prefix.String()) + "  " + term.Bad(term.Plural(p.requests, "request")) + "  " + term.Percent(share) + term.Faint(" of all  ") + term.Plural(p.count, "host")
	when := term.Faint(period(p.span()))
	if d != nil && d.Requests > 0 {
		first += "  " + term.Percent(float64(d.Ordinary)/float64(d.Requests)) + term.Faint(" ordinary")
	}
	if around := p.finding.inside(); around != "" {
		return []string{first, " " + around, " " + when}
	}
	return []string{first, " " + p.finding.line() + "  " + when}
}

// span is the time from the first to the last request.
func (p *rangePage) span() (first, last time.Time) {
	for _, f := range p.ranges(p.section) {
		if f.Prefix == p.prefix {
			return f.First, f.Last
		}
	}
	for _, h := range p.hosts {
		if first.IsZero() || h.First.Before(first) {
			first = h.First
		}
		if h.Last.After(last) {
			last = h.Last
		}
	}
	return first, last
}

// timeline draws the range's requests over time.
func (p *rangePage) timeline(d *report.RangeDetail, width, height int) []string {
	if d == nil || p.look.detail.Bucket == 0 || len(d.Times) == 0 {
		return nil
	}
	room := 1
	if height >= 16 {
		room = 3
	}
	if height >= 30 {
		room = 6
	}
	return chart(p.look.detail, d.Times, width, room)
}

// tabs names the parts, the one in view marked.
func (p *rangePage) tabs(d *report.RangeDetail) string {
	var b strings.Builder
	for i := range parts {
		label := " " + i.String() + " "
		if i == p.part {
			label = term.Chosen(label)
		}
		b.WriteString(" " + label)
	}
	return b.String() + "  " + p.accuracy(d)
}

// accuracy says how far what is in view can be trusted, where that is not to the last digit.
func (p *rangePage) accuracy(d *report.RangeDetail) string {
	switch whole := p.look.detail; {
	case d == nil || p.part == hostPart || p.part == linePart:
		return ""
	case whole.Approximate:
		return term.Warn("estimates, " + term.Short(whole.Sampled) + " lines")
	}
	return ""
}

// absent says why there is no more about the range than its hosts.
func (p *rangePage) absent() string {
	switch {
	case p.look.pending:
		return "The log is being read again for this."
	case p.look.err != nil:
		return "The log could not be read again: " + term.Printable(p.look.err.Error())
	case p.look.detail == nil:
		return "The log was not read a second time."
	case p.finding.by != "":
		return "Kept for the " + strconv.Itoa(report.MaxDetailed) + " ranges with the most requests only, of which this is none."
	}
	if p.finding.around.IsValid() {
		return "Kept for the ranges that a tier of the analysis found only, " + p.finding.around.String() + " around this one among them."
	}
	return "Kept for the ranges that a tier of the analysis found only. Run it with a tier that finds this one to see more."
}

func (p *rangePage) drawHosts(width, height int) []string {
	t := &p.tables[hostPart]
	t.Columns = []term.Column{
		{Title: "Host", Width: 24, Grows: true},
		{Title: "Requests", Width: 10, Right: true},
		{Title: "First seen UTC", Width: 16, Spare: 1},
		{Title: "Last seen UTC", Width: 16},
	}
	t.Rows = len(p.hosts)
	t.Row = func(i int) []string {
		h := p.hosts[i]
		return []string{hostName(h.Prefix), term.Count(h.Requests), minute(h.First), minute(h.Last)}
	}
	lines := t.Draw(width, height)
	if len(lines) > 0 && p.count > len(p.hosts) {
		lines[len(lines)-1] = term.Faint("the " + term.Count(len(p.hosts)) + " hosts with the most requests, of " + term.Count(p.count))
	}
	return lines
}

// hostName is an address for a host that is one.
func hostName(p netip.Prefix) string {
	if p.IsSingleIP() {
		return p.Addr().String()
	}
	return p.String()
}

// drawLines shows the sample lines, broken where they are too long.
func (p *rangePage) drawLines(d *report.RangeDetail, width, height int) []string {
	if p.broken != width {
		p.lines, p.broken = nil, width
		for _, s := range d.Samples {
			p.lines = append(p.lines, append(term.Wrap(term.Printable(s), width-2), "")...)
		}
	}
	t := &p.tables[linePart]
	t.Columns = []term.Column{{Title: "As logged", Width: 20, Grows: true}}
	t.Rows = max(0, len(p.lines)-1)
	t.Row = func(i int) []string { return p.lines[i : i+1] }
	return t.Draw(width, height)
}
