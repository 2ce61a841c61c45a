package explore

import (
	"strings"

	tea "charm.land/bubbletea/v2"

	"cidrx/cmd/internal/term"
)

// summaryPage says what was read and what came out.
type summaryPage struct {
	*session
	table term.Table // of sections
	top   int        // first line in view
	room  int        // lines of the last drawing
}

func (p *summaryPage) Title() string { return "Summary" }

func (p *summaryPage) Keys() []term.Key {
	return []term.Key{{Name: "q", Does: "quit"}, {Name: "?", Does: "help"}, {Name: "tab", Does: "tiers"}, {Name: "↑↓", Does: "section"}, {Name: "enter", Does: "open"},
		{Name: "t", Does: "try"}, {Name: "m", Does: "map"}, {Name: "pgdn", Does: "more"}}
}

func (p *summaryPage) Press(key tea.KeyPressMsg) (bool, tea.Cmd) {
	switch k := key.String(); k {
	case "up", "k", "down", "j", "home", "g", "end", "G":
		p.table.Press(k)
		p.section = p.table.Cursor()
	case "enter", "right", "l":
		p.GoTo(tiersTab)
	case "pgdown", "space", "ctrl+d", "ctrl+f":
		p.top += max(1, p.room-1)
	case "pgup", "ctrl+u", "ctrl+b":
		p.top -= max(1, p.room-1)
	default:
		return false, nil
	}
	return true, nil
}

// Draw cuts the page out of all of its lines.
func (p *summaryPage) Draw(width, height int) []string {
	lines := p.verdictLines(width)
	lines = append(lines, p.facts(width)...)
	rest := append(p.sections(width), p.warnings(width)...)
	lines = append(lines, p.timeline(width, height-len(lines)-len(rest))...)
	lines = append(lines, rest...)
	p.room = height
	p.top = max(0, min(p.top, len(lines)-height))
	lines = lines[p.top:]
	if len(lines) > height {
		lines = append(lines[:height-1], " "+term.Faint("↓ pgdn for more"))
	}
	return lines
}

func (p *summaryPage) verdictLines(width int) []string {
	text, guilty := p.verdict()
	ink := term.Good
	if guilty {
		ink = term.Bad
	}
	var lines []string
	for _, line := range term.Wrap(text, width-2) {
		lines = append(lines, " "+ink(line))
	}
	return append(lines, "")
}

// facts is what was read.
func (p *summaryPage) facts(width int) []string {
	r := p.report
	read := term.Count(r.Requests) + " in " + term.Plural(r.Lines, "line")
	if r.Lines > 0 {
		read += "; " + joined(", ", lost(r.Skipped, r.Lines, "not understood"), lost(r.Ignored, r.Lines, "of other programs"))
	}
	logs := make([]string, len(r.Logs))
	for i, l := range r.Logs {
		logs[i] = term.Printable(l)
	}
	facts := [][2]string{
		{"Log", strings.Join(logs, ", ")},
		{"Format", term.Printable(r.Format)},
		{"Requests", strings.TrimSuffix(read, "; ")},
		{"Hosts", term.Count(r.Hosts) + term.Faint(" (IPv4 addresses and IPv6 /64s)")},
		{"Period", period(r.First, r.Last)},
	}
	if r.ReadTook > 0 {
		rate := uint64(float64(r.Lines) / r.ReadTook.Seconds())
		facts = append(facts, [2]string{"Read in", term.Span(r.ReadTook) + term.Faint(", "+term.Short(rate)+" lines a second")})
	}
	lines := make([]string, 0, len(facts)+1)
	for _, f := range facts {
		lines = append(lines, term.Cut(" "+term.Faint(term.Fit(f[0], 10))+f[1], width-1))
	}
	return append(lines, "")
}

// lost is a share of the lines in words; empty when there are none.
func lost(n, lines uint64, why string) string {
	if n == 0 {
		return ""
	}
	return term.Count(n) + " " + why + " (" + term.Percent(float64(n)/float64(lines)) + ")"
}

// timeline draws all requests over time, in what room is left.
func (p *summaryPage) timeline(width, room int) []string {
	d := p.look.detail
	if d == nil || d.Bucket == 0 || room < 3 {
		return nil
	}
	return append(chart(d, d.Requests, width, min(5, room-2)), "")
}

// sections is the table of what each section found.
func (p *summaryPage) sections(width int) []string {
	p.table.Columns = []term.Column{
		{Title: "Section", Width: 14, Grows: true},
		{Title: "Requests", Width: 11, Right: true},
		{Title: "Hosts", Width: 9, Right: true, Spare: 1},
		{Title: "Tiers", Width: 5, Right: true, Spare: 2},
		{Title: "Ranges", Width: 7, Right: true},
		{Title: "of requests", Width: 11, Right: true},
	}
	p.table.Rows = len(p.report.Sections)
	p.table.Row = func(i int) []string {
		s, o := p.at(i), p.outcome(i)
		return []string{p.sectionName(i), term.Count(s.Requests), term.Count(s.Hosts), term.Count(len(s.Tiers)), term.Count(len(o.ranges)), term.Percent(o.share)}
	}
	p.table.Select(p.section)
	return append(indent(p.table.Draw(width-1, min(8, p.table.Rows)+1)), "")
}

// warnings are what a reader must know, in full.
func (p *summaryPage) warnings(width int) []string {
	var lines []string
	for _, w := range p.report.Warnings {
		for i, line := range term.Wrap(term.Printable(w.Message), width-4) {
			mark := "! "
			if i > 0 {
				mark = "  "
			}
			lines = append(lines, " "+term.Warn(mark)+line)
		}
	}
	return lines
}

// indent moves lines a column to the right.
func indent(lines []string) []string {
	for i := range lines {
		lines[i] = " " + lines[i]
	}
	return lines
}
