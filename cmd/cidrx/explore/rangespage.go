package explore

import (
	"strconv"

	tea "charm.land/bubbletea/v2"

	"cidrx/cmd/internal/term"
)

// rangesPage lists the ranges that the tiers of a section found.
type rangesPage struct {
	*session
	list    rangeList
	section int // that the list is of
	tier    int // -1: all
	entry   entry
}

func newRangesPage(s *session) *rangesPage {
	p := &rangesPage{session: s, section: -1, tier: -1, list: rangeList{last: "Tier"}}
	return p
}

func (p *rangesPage) Title() string { return "Ranges" }
func (p *rangesPage) Typing() bool  { return p.entry.open }

func (p *rangesPage) Keys() []term.Key {
	if p.entry.open {
		return []term.Key{{Name: "enter", Does: "keep"}, {Name: "esc", Does: "clear"}, {Name: "0-9 . : /", Does: "an address, a prefix, or its beginning"}}
	}
	return []term.Key{{Name: "q", Does: "quit"}, {Name: "?", Does: "help"}, {Name: "↑↓", Does: "move"}, {Name: "enter", Does: "open"}, {Name: "/", Does: "filter"},
		{Name: "s", Does: "sort"}, {Name: "t", Does: "try"}, {Name: "[ ]", Does: "section"}, {Name: "tab", Does: "map"}, {Name: "esc", Does: "back"}}
}

// only shows what one tier found.
func (p *rangesPage) only(tier int) {
	p.section, p.tier = p.session.section, tier
	p.list.filter, p.entry = filter{}, entry{}
	p.fill()
}

func (p *rangesPage) fill() {
	all := p.ranges(p.section)
	if p.tier >= 0 {
		var some []found
		for _, f := range all {
			for _, t := range f.tiers {
				if t == p.tier {
					some = append(some, f)
				}
			}
		}
		all = some
	}
	p.list.set(all)
}

// sync shows the section that is looked at.
func (p *rangesPage) sync() {
	if p.section != p.session.section {
		p.section, p.tier = p.session.section, -1
		p.fill()
	}
}

func (p *rangesPage) Press(key tea.KeyPressMsg) (bool, tea.Cmd) {
	p.sync()
	if p.entry.open {
		p.entry.press(key)
		p.narrow()
		return true, nil
	}
	switch k := key.String(); k {
	case "/":
		p.entry.open = true
	case "s":
		p.list.sort()
		p.Note = "Sorted by " + p.list.order.String() + "."
	case "enter", "right", "l":
		p.enter()
	case "esc", "backspace":
		return p.widen(), nil
	default:
		return p.list.table.Press(k), nil
	}
	return true, nil
}

// enter opens the range under the cursor, or else the prefix that was typed.
func (p *rangesPage) enter() {
	if chosen, ok := p.list.chosen(); ok {
		p.show(chosen)
	} else if p.list.filter.around.IsValid() {
		p.show(p.list.filter.around)
	}
}

// widen takes back the filter, then the tier; false: there was neither.
func (p *rangesPage) widen() bool {
	switch {
	case p.list.filter.text != "":
		p.entry.text = ""
		p.narrow()
	case p.tier >= 0:
		p.tier = -1
		p.fill()
	default:
		return false
	}
	return true
}

// narrow filters the list by what was typed.
func (p *rangesPage) narrow() {
	if p.entry.text != p.list.filter.text {
		p.list.filter = parseFilter(p.entry.text)
		p.list.filter.text = p.entry.text
		p.list.arrange()
	}
}

func (p *rangesPage) Paste(text string) {
	p.entry.paste(text)
	p.narrow()
}

func (p *rangesPage) Draw(width, height int) []string {
	p.sync()
	lines := []string{" " + p.heading(), ""}
	if len(p.list.shown) == 0 {
		return append(lines, p.nothing(width)...)
	}
	return append(lines, indent(p.list.draw(width-1, height-len(lines)))...)
}

// heading says which ranges these are.
func (p *rangesPage) heading() string {
	of := "all tiers"
	if p.tier >= 0 {
		of = "tier " + strconv.Itoa(p.tier+1) + " (" + numbers(p.current().Tiers[p.tier].Tier) + ")"
	}
	text := term.Strong(term.Plural(len(p.list.all), "range")) + term.Faint(" of "+of+", by "+p.list.order.String())
	if p.entry.open || p.list.filter.text != "" {
		text += "   " + p.entry.line("filter: ") + term.Faint("  "+term.Count(len(p.list.shown))+" shown")
	}
	return text
}

// nothing explains an empty list.
func (p *rangesPage) nothing(width int) []string {
	around := p.list.filter.around
	switch {
	case len(p.list.all) == 0:
		return indent(term.Wrap("No tier of this section found a range. The tiers page (2) shows the nearest misses; t tries other numbers.", width-2))
	case !around.IsValid():
		return []string{" No range begins with that."}
	}
	requests, hosts := p.analysis.Count(p.section, around)
	text := "No range touches " + around.String() + ", which has " + term.Plural(requests, "request") + " of " + term.Plural(hosts, "host") + " in this section."
	if requests > 0 && !p.entry.open {
		text += " Enter shows them."
	}
	return indent(term.Wrap(text, width-2))
}
