package explore

import (
	"strconv"
	"strings"

	tea "charm.land/bubbletea/v2"

	"cidrx/cmd/internal/term"
	"cidrx/detect/report"
)

// tiersPage shows the tiers of a section and what each found, or why it found nothing.
type tiersPage struct {
	*session
	list    *rangesPage // where a tier's ranges are listed
	table   term.Table
	section int // that the cursor is in
	preview rangeList
	of      *report.Tier // that the preview is of
}

func (p *tiersPage) Title() string { return "Tiers" }

func (p *tiersPage) Keys() []term.Key {
	return []term.Key{{Name: "q", Does: "quit"}, {Name: "?", Does: "help"}, {Name: "↑↓", Does: "tier"}, {Name: "enter", Does: "its ranges"}, {Name: "t", Does: "try others"},
		{Name: "[ ]", Does: "section"}, {Name: "tab", Does: "ranges"}, {Name: "m", Does: "map"}, {Name: "esc", Does: "back"}}
}

func (p *tiersPage) Press(key tea.KeyPressMsg) (bool, tea.Cmd) {
	p.sync()
	switch k := key.String(); k {
	case "enter", "right", "l":
		p.enter()
	case "t":
		t := newTryPage(p.session, p.table.Cursor())
		p.Open(t)
		return true, t.ask()
	default:
		return p.table.Press(k), nil
	}
	return true, nil
}

// enter goes to the ranges of the tier, or to its nearest miss.
func (p *tiersPage) enter() {
	t := p.chosen()
	switch {
	case t == nil:
	case len(t.Detected) > 0:
		p.list.only(p.table.Cursor())
		p.GoTo(rangesTab)
	case len(t.Missed) > 0:
		p.show(t.Missed[0].Prefix)
	default:
		p.Note = "This tier found nothing, and nothing came near."
	}
}

// sync shows the section that is looked at.
func (p *tiersPage) sync() {
	if p.section != p.session.section {
		p.section = p.session.section
		p.table.Select(0)
	}
	p.table.Rows = len(p.current().Tiers)
}

// chosen is the tier under the cursor; nil when the section has none.
func (p *tiersPage) chosen() *report.Tier {
	tiers := p.current().Tiers
	if len(tiers) == 0 {
		return nil
	}
	return &tiers[p.table.Cursor()]
}

func (p *tiersPage) Draw(width, height int) []string {
	p.sync()
	lines := append(p.heading(width), "")
	if p.chosen() == nil {
		return append(lines, " This section has no tier; t tries one.")
	}
	rows := min(len(p.current().Tiers), max(3, (height-len(lines))/2-2))
	lines = append(lines, indent(p.drawTiers(width-1, rows+1))...)
	lines = append(lines, "")
	return append(lines, p.outcomeLines(width, height-len(lines))...)
}

// heading says what the section counts.
func (p *tiersPage) heading(width int) []string {
	s := p.current()
	lines := []string{" " + term.Strong(p.sectionName(p.section)) + "  " + term.Plural(s.Requests, "request") + term.Faint(" in total, ") + term.Plural(s.Hosts, "host") + p.allowed(s)}
	for _, f := range [][2]string{{"user agent", s.UserAgent}, {"endpoint", s.Endpoint}} {
		if f[1] != "" {
			lines = append(lines, term.Cut(" "+term.Faint(f[0]+" matches ")+term.Printable(f[1]), width-1))
		}
	}
	for _, l := range s.Lists() {
		lines = append(lines, term.Cut(" "+term.Faint(l.Noun+" is ")+term.Printable(strings.Join(l.Values, " or ")), width-1))
	}
	if !s.Start.IsZero() || !s.End.IsZero() {
		lines = append(lines, " "+term.Faint("from ")+term.Stamp(s.Start)+term.Faint(" to ")+term.Stamp(s.End)+term.Faint(" UTC, both included"))
	}
	return lines
}

func (p *tiersPage) allowed(s *report.Section) string {
	if s.Allowed == 0 {
		return ""
	}
	return term.Faint(", ") + term.Count(s.Allowed) + term.Faint(" allowlisted")
}

func (p *tiersPage) drawTiers(width, height int) []string {
	share := "Share"
	if p.current().Balance {
		share = "Diff"
	}
	p.table.Columns = []term.Column{
		{Title: "#", Width: 2, Right: true},
		{Title: "minSize", Width: 10, Right: true},
		{Title: "Depths", Width: 6},
		{Title: share, Width: 6, Right: true},
		{Title: "T", Width: 10, Right: true},
		{Title: "Found", Width: 6, Right: true},
		{Title: "Requests", Width: 10, Right: true},
		{Title: "Conditions", Width: 10, Grows: true, Spare: 1},
	}
	p.table.Row = p.row
	return p.table.Draw(width, height)
}

func (p *tiersPage) row(i int) []string {
	t := &p.current().Tiers[i]
	var requests uint64
	for _, r := range t.Detected {
		requests += r.Requests
	}
	return []string{strconv.Itoa(i + 1), term.Count(t.MinSize), strconv.Itoa(t.MinDepth) + "-" + strconv.Itoa(t.MaxDepth), fraction(t.Threshold),
		term.Count(t.Needed), term.Count(len(t.Detected)), term.Count(requests), conditions(t.Tier)}
}

// outcomeLines is what the tier under the cursor found, or its nearest misses.
func (p *tiersPage) outcomeLines(width, height int) []string {
	t := p.chosen()
	name := "Tier " + strconv.Itoa(p.table.Cursor()+1)
	if len(t.Detected) == 0 {
		return append([]string{" " + term.Strong(name) + " found nothing." + nearestHeading(t.Missed)}, missLines(t.Missed, width)...)
	}
	heading := " " + term.Strong(name) + " found " + term.Plural(len(t.Detected), "range")
	if len(t.Merged) < len(t.Detected) {
		heading += term.Faint(", merged " + term.Count(len(t.Merged)))
	}
	if t.Took > 0 {
		heading += term.Faint(", in " + term.Span(t.Took))
	}
	return append([]string{heading}, indent(p.largest(t).draw(width-1, height-1))...)
}

// largest is the list of what a tier found, without a cursor.
func (p *tiersPage) largest(t *report.Tier) *rangeList {
	if p.of != t {
		p.of, p.preview = t, rangeList{last: "Tier"}
		p.preview.table.Quiet = true
		p.preview.set(collect(&report.Section{Tiers: []report.Tier{*t}}))
		for i := range p.preview.all {
			p.preview.all[i].mark = strconv.Itoa(p.table.Cursor() + 1)
		}
	}
	return &p.preview
}

func nearestHeading(missed []report.Miss) string {
	if len(missed) == 0 {
		return " No prefix came near."
	}
	return " The nearest:"
}

// missLines are the nearest misses and what each fell short of.
func missLines(missed []report.Miss, width int) []string {
	var lines []string
	for _, m := range missed {
		of := term.Count(m.Requests) + " of " + term.Plural(m.Needed, "request")
		lines = append(lines, "   "+term.Strong(m.Prefix.String())+"  "+of+term.Faint(" from ")+term.Plural(m.Hosts, "host"))
		for _, line := range term.Wrap(term.Printable(m.Why), width-6) {
			lines = append(lines, "     "+term.Faint(line))
		}
	}
	return lines
}
