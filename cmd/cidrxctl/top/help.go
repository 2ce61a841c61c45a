package top

import (
	tea "charm.land/bubbletea/v2"

	"cidrx/cmd/internal/term"
)

// helpPage lists the keys and the words.
type helpPage struct {
	*session
	table term.Table
}

func (p *helpPage) title() string { return "help" }

func (p *helpPage) keys() []term.Key {
	return []term.Key{{Name: "q", Does: "quit"}, {Name: "esc", Does: "back"}, {Name: "↑↓", Does: "scroll"}}
}

func (p *helpPage) press(key tea.KeyPressMsg) (bool, tea.Cmd) {
	switch k := key.String(); k {
	case "?", "b", "w":
		return true, nil
	default:
		return p.table.Press(k), nil
	}
}

func (p *helpPage) draw(width, height int) []string {
	lines := term.HelpLines(helpText, width)
	p.table.Columns = []term.Column{{Width: 40, Grows: true}}
	p.table.Rows, p.table.Row = len(lines), func(i int) []string { return lines[i : i+1] }
	return p.table.Scroll(width, height)
}

// helpText has a heading where the first is empty.
var helpText = [][2]string{
	{"", "Keys"},
	{"tab, 1-4", "overview, hottest, bans, events"},
	{"arrows, jk", "choose; pgup, pgdn, home, end for more at once"},
	{"enter", "explain what is chosen: its first address, as cidrxctl why does"},
	{"w", "explain an address that you type"},
	{"u", "unblock what is chosen; it asks first"},
	{"b", "ban what is chosen, or what you type; it asks first"},
	{"s", "on bans: sort newest, most dropped, ending, by address"},
	{"esc, backspace", "back"},
	{"read only", "group cidrx-read may look; root and group cidrx may ban and unblock as well"},
	{"q, ctrl-c", "quit; the agent goes on"},
	{"", "Words"},
	{"lag", "how long the newest line of a source waited before it was counted"},
	{"reached", "of what the nearest tier of a strategy asks for in requests and in hosts, the part that is there, whichever is less: at 100 % a ban follows, unless the tier may not ban or another condition refuses it"},
	{"requests, hosts", "what the network has within the strategy's window, of what the tier asks for; an estimate where very many are equally hot"},
	{"dropped", "packets that the kernel dropped, read every five seconds"},
	{"drift", "elements by which the kernel differs from what it should hold"},
	{"observed", "a ban that is noted only: its packets pass"},
}
