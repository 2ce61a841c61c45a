package explore

import (
	"strings"

	"charm.land/lipgloss/v2"

	"cidrx/cmd/internal/term"
)

// Draw sets the map at the left, and what the cursor is on beside it.
func (p *mapPage) Draw(width, height int) []string {
	g := p.fit(width, height)
	x, y := g.cell(p.cursor)
	lines := g.rows(x, y, p.coloured)
	aside := p.aside(g, width-1<<g.order-4, height)
	for i := range max(len(lines), len(aside)) {
		if i >= len(lines) {
			lines = append(lines, strings.Repeat(" ", 1<<g.order))
		}
		if i < len(aside) {
			lines[i] += "  " + aside[i]
		}
		lines[i] = " " + lines[i]
	}
	return lines
}

// fit fills the largest window that fits beside some text.
func (p *mapPage) fit(width, height int) *grid {
	p.order = 3
	for o := 4; o <= 8 && 1<<o <= min(2*height, width-38) && p.root.Bits()+2*o <= p.finest(); o++ {
		p.order = o
	}
	if rest := p.root.Bits() + 2*p.order - p.finest(); rest > 0 {
		p.order = max(1, p.order-rest/2)
	}
	w := p.window()
	if p.grid == nil || p.grid.window != w || p.section != p.session.section {
		p.section = p.session.section
		p.grid = fill(w, &p.report.Space, p.outcome(p.section).ranges)
	}
	return p.grid
}

// aside is the text beside the map.
func (p *mapPage) aside(g *grid, width, height int) []string {
	cell := p.cell()
	t := g.at(g.cell(p.cursor))
	lines := []string{
		term.Strong(cell.String()) + p.level(g),
		term.Plural(t.requests, "request") + term.Faint(" of ") + term.Plural(t.hosts, "host"),
		"",
	}
	lines = append(lines, p.here(width, height-len(lines)-5)...)
	lines = append(lines, "")
	lines = append(lines, p.legend(g)...)
	for i := range lines {
		lines[i] = term.Cut(lines[i], width)
	}
	return lines
}

// level says what is in view.
func (p *mapPage) level(g *grid) string {
	if g.root.Bits() == 0 {
		return term.Faint("  of all IPv4")
	}
	return term.Faint("  of " + g.root.String())
}

// here lists the detected ranges that touch the cell under the cursor.
func (p *mapPage) here(width, most int) []string {
	var lines []string
	cell := p.cell()
	ranges := p.ranges(p.session.section)
	for i := range ranges {
		if f := &ranges[i]; f.Prefix.Overlaps(cell) {
			if len(lines) == max(1, most) {
				lines[len(lines)-1] = term.Faint("and more: o opens the cell")
				break
			}
			lines = append(lines, term.Ends(term.Bad(f.Prefix.String()), " "+term.Count(f.Requests), min(width, 34)))
		}
	}
	if len(lines) == 0 {
		return []string{term.Faint("no range found here")}
	}
	return lines
}

// legend explains the colours.
func (p *mapPage) legend(g *grid) []string {
	if !p.coloured {
		return []string{"· none ░▒▓█ to " + term.Short(g.peak), "X range found  ▀▄ cursor"}
	}
	var few, many strings.Builder
	for i := range usual {
		few.WriteString(lipgloss.NewStyle().Foreground(usual[i]).Render("██"))
		many.WriteString(lipgloss.NewStyle().Foreground(guilty[i]).Render("██"))
	}
	scale := term.Faint(" 1 to " + term.Short(g.peak) + " requests")
	return []string{few.String() + scale, many.String() + term.Faint(" with a range found"), term.Faint(p.absent())}
}

// absent says what the map does not show.
func (p *mapPage) absent() string {
	six := 0
	for _, f := range p.outcome(p.session.section).ranges {
		if !f.Prefix.Addr().Is4() {
			six++
		}
	}
	if six == 0 {
		return ""
	}
	return "and " + term.Plural(six, "IPv6 range") + ", see Ranges"
}
