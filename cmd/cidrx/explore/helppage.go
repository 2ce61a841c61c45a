package explore

import (
	tea "charm.land/bubbletea/v2"

	"cidrx/cmd/internal/term"
)

// helpPage lists the keys and the words.
type helpPage struct{ table term.Table }

func (p *helpPage) title() string { return "help" }

func (p *helpPage) keys() []term.Key {
	return []term.Key{{Name: "q", Does: "quit"}, {Name: "esc", Does: "back"}, {Name: "↑↓", Does: "scroll"}}
}

func (p *helpPage) press(key tea.KeyPressMsg) (bool, tea.Cmd) {
	switch k := key.String(); k {
	case "?":
		return true, nil
	default:
		return p.table.Press(k), nil
	}
}

func (p *helpPage) draw(width, height int) []string {
	lines := term.HelpLines(helpText, width)
	p.table.Columns = []term.Column{{Width: 40, Grows: true}}
	p.table.Rows, p.table.Row = len(lines), func(i int) []string { return lines[i : i+1] }
	return indent(p.table.Scroll(width-1, height))
}

// helpText has a heading where the first is empty, and a blank line where the second is.
var helpText = [][2]string{
	{"", "Everywhere"},
	{"tab, 1-4", "summary, tiers, ranges, map"},
	{"arrows, hjkl", "move; pgup, pgdn, home, end for more at once"},
	{"enter", "open what is under the cursor"},
	{"esc, backspace", "back"},
	{"[ and ]", "the section before, the section after"},
	{"t", "try other numbers for a tier: what it would find is there at once"},
	{"m", "the map of the IPv4 space"},
	{"q, ctrl-c", "quit"},
	{" ", ""},
	{"", "Ranges"},
	{"/", "narrow down to what you type: an address (ranges that hold it), a prefix (ranges that touch it), or how one begins. Enter keeps it, escape ends it"},
	{"s", "sort by requests, hosts, last seen, address"},
	{"tab in a range", "its hosts, user agents, endpoints, statuses, and lines as logged"},
	{" ", ""},
	{"", "Map"},
	{"arrows, hjkl", "move; the cell's prefix and counts stand beside the map"},
	{"enter, +", "zoom in on the cell; at the last level, its hosts"},
	{"-, esc", "zoom out"},
	{"n, N", "the next detected range, the one before"},
	{" ", ""},
	{"", "Words"},
	{"tier", "minSize, minDepth, maxDepth, threshold: a range from /minDepth to /maxDepth is found when it has T requests of its own"},
	{"T", "the largest of 1, minSize and threshold x all requests of the section (sizeAlone, if it is smaller)"},
	{"share", "of the requests that passed the section's filters"},
	{"host", "an IPv4 address or an IPv6 /64"},
	{"ordinary", "looks like a person: a browser's user agent, a status below 400, not a target that scanners ask for"},
	{"balance", "the other meaning of the fourth number (--thresholdMode balance): how uneven the halves of a range may be"},
	{"about", "an estimate, from a sample of the lines: the log could be read only once"},
}
