package explore

import (
	"net/netip"

	tea "charm.land/bubbletea/v2"

	"cidrx/cmd/internal/term"
)

// mapPage is the IPv4 space as a picture. The cursor is an address, so that it stays where it is when the size or the zoom changes.
type mapPage struct {
	*session
	root   netip.Prefix // what is in view
	cursor uint32
	order  int // of the last drawing

	grid    *grid // what was drawn last, kept while it is the same
	section int   // that it is of
}

func newMapPage(s *session) *mapPage {
	p := &mapPage{session: s, root: netip.MustParsePrefix("0.0.0.0/0"), order: 4}
	p.cursor = p.busiest()
	return p
}

// busiest is the first address of the cell with the most requests.
func (p *mapPage) busiest() uint32 {
	var most uint64
	var at uint32
	for _, c := range p.report.Space.Cells {
		if c.Requests > most {
			most, at = c.Requests, c.First
		}
	}
	return at
}

func (p *mapPage) Title() string { return "Map" }

func (p *mapPage) Keys() []term.Key {
	return []term.Key{{Name: "q", Does: "quit"}, {Name: "?", Does: "help"}, {Name: "←↓↑→", Does: "move"}, {Name: "enter", Does: "zoom in"}, {Name: "-", Does: "out"}, {Name: "n", Does: "next range"},
		{Name: "o", Does: "hosts"}, {Name: "[ ]", Does: "section"}, {Name: "tab", Does: "summary"}}
}

func (p *mapPage) Press(key tea.KeyPressMsg) (bool, tea.Cmd) {
	switch k := key.String(); k {
	case "left", "h":
		p.move(-1, 0)
	case "right", "l":
		p.move(1, 0)
	case "up", "k":
		p.move(0, -1)
	case "down", "j":
		p.move(0, 1)
	case "enter", "+", "=":
		p.zoom()
	case "-":
		p.wide()
	case "esc", "backspace":
		return p.wide(), nil
	case "n":
		p.next(1)
	case "N":
		p.next(-1)
	case "o":
		p.show(p.cell())
	default:
		return false, nil
	}
	return true, nil
}

// window is what the last drawing showed.
func (p *mapPage) window() window { return window{p.root, p.order} }

// cell is the prefix of the cell under the cursor.
func (p *mapPage) cell() netip.Prefix {
	return netip.PrefixFrom(ip(p.cursor), p.window().bits()).Masked()
}

// move goes to a neighbouring cell, and stays inside.
func (p *mapPage) move(dx, dy int) {
	w := p.window()
	x, y := w.cell(p.cursor)
	last := 1<<w.order - 1
	p.cursor = number(w.prefix(max(0, min(last, x+dx)), max(0, min(last, y+dy))).Addr())
}

// zoom shows the part around the cursor: a sixteenth of the side, or what the counts are fine enough for. At the last level it opens the cell.
func (p *mapPage) zoom() {
	finest := p.finest()
	if p.window().bits() >= finest {
		p.show(p.cell())
		return
	}
	p.root = netip.PrefixFrom(ip(p.cursor), min(p.root.Bits()+4, finest-2*p.order)).Masked()
}

// finest is the length of the prefixes that are counted.
func (p *mapPage) finest() int { return max(8, p.report.Space.Bits) }

// wide zooms out; false: there is nothing more to see.
func (p *mapPage) wide() bool {
	if p.root.Bits() == 0 {
		return false
	}
	p.root = netip.PrefixFrom(p.root.Addr(), max(0, p.root.Bits()-4)).Masked()
	return true
}

// next moves to a detected range of the section that lies behind the cursor, or before it, and into view.
func (p *mapPage) next(step int) {
	list := p.addresses()
	if len(list) == 0 {
		p.Note = "No tier of this section found an IPv4 range."
		return
	}
	p.cursor = list[beside(list, p.cursor, p.cell(), step)]
	if !p.root.Contains(ip(p.cursor)) {
		p.root = netip.PrefixFrom(ip(p.cursor), p.root.Bits()).Masked()
	}
}

// addresses are the first ones of the detected IPv4 ranges, ascending.
func (p *mapPage) addresses() []uint32 {
	var list []uint32
	for _, f := range p.outcome(p.session.section).ranges {
		if f.Prefix.Addr().Is4() {
			list = append(list, number(f.Prefix.Addr()))
		}
	}
	return list
}

// beside is the index of the address that follows a cell, or comes before it, around the end.
func beside(list []uint32, cursor uint32, cell netip.Prefix, step int) int {
	last := cursor | uint32(uint64(1)<<(32-cell.Bits())-1)
	if step > 0 {
		for i, a := range list {
			if a > last {
				return i
			}
		}
		return 0
	}
	for i := len(list) - 1; i >= 0; i-- {
		if list[i] < number(cell.Addr()) {
			return i
		}
	}
	return len(list) - 1
}
