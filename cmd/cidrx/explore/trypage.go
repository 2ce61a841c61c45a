package explore

import (
	"strconv"
	"strings"

	tea "charm.land/bubbletea/v2"

	"cidrx/cmd/internal/term"
	"cidrx/detect/cidr"
	"cidrx/detect/report"
)

// tryPage holds other numbers against what is counted, as they are typed.
type tryPage struct {
	*session
	section int
	from    int        // index of the tier that it began with; -1: the section has none
	tier    cidr.Tier  // that is asked for
	texts   texts      // its numbers as typed
	at      field      // the number being edited; fields: the list
	wrong   error      // what is wrong with the texts
	answers *cidr.Tier // the tier that result is of; nil: none yet
	asking  bool
	result  report.Tier
	list    rangeList
	fresh   int // ranges that the tier of the report did not find
	gone    int // ranges of the report's tier that are no more
}

// tried is the answer for a tier.
type tried struct {
	page   *tryPage
	tier   cidr.Tier
	result report.Tier
}

func newTryPage(s *session, from int) *tryPage {
	p := &tryPage{session: s, section: s.section, from: from, list: rangeList{last: "New"}}
	p.reset()
	return p
}

// reset goes back to the numbers of the report.
func (p *tryPage) reset() {
	tiers := p.session.at(p.section).Tiers
	if p.from < 0 || p.from >= len(tiers) {
		p.from = -1
		p.tier = cidr.Tier{MinSize: 1000, MinDepth: 24, MaxDepth: 32, Threshold: million / 10, MaxCollateral: cidr.NoCollateralLimit, Balance: p.session.at(p.section).Balance}
	} else {
		p.tier = tiers[p.from].Tier
	}
	p.texts, p.wrong = write(p.tier), nil
}

func (p *tryPage) Title() string {
	if p.from < 0 {
		return "try a tier"
	}
	return "try tier " + strconv.Itoa(p.from+1)
}

// Digits are numbers here, not tabs.
func (p *tryPage) Typing() bool { return p.at < fields }

func (p *tryPage) Keys() []term.Key {
	if p.at < fields {
		return []term.Key{{Name: "q", Does: "quit"}, {Name: "?", Does: "help"}, {Name: "tab ←→", Does: "number"}, {Name: "0-9", Does: "type"}, {Name: "↑↓", Does: "change"}, {Name: "enter", Does: "to the list"},
			{Name: "b", Does: "mode"}, {Name: "r", Does: "reset"}, {Name: "esc", Does: "back"}}
	}
	return []term.Key{{Name: "q", Does: "quit"}, {Name: "?", Does: "help"}, {Name: "tab", Does: "numbers"}, {Name: "↑↓", Does: "move"}, {Name: "enter", Does: "open"}, {Name: "s", Does: "sort"},
		{Name: "b", Does: "mode"}, {Name: "r", Does: "reset"}, {Name: "esc", Does: "back"}}
}

func (p *tryPage) Press(key tea.KeyPressMsg) (bool, tea.Cmd) {
	switch k := key.String(); k {
	case "tab":
		p.at = (p.at + 1) % (fields + 1)
	case "shift+tab":
		p.at = (p.at + fields) % (fields + 1)
	case "b":
		p.tier.Balance = !p.tier.Balance
		return true, p.ask()
	case "r":
		p.reset()
		return true, p.ask()
	case "s":
		p.list.sort()
	case "t":
	default:
		if p.at == fields {
			return p.pressList(k), nil
		}
		return p.edit(key)
	}
	return true, nil
}

// pressList moves through what was found.
func (p *tryPage) pressList(key string) bool {
	if key != "enter" && key != "right" && key != "l" {
		return p.list.table.Press(key)
	}
	if chosen, ok := p.list.chosen(); ok {
		p.show(chosen)
	}
	return true
}

// edit changes the number in hand.
func (p *tryPage) edit(key tea.KeyPressMsg) (bool, tea.Cmd) {
	text := &p.texts[p.at]
	switch k := key.String(); k {
	case "right", "l":
		p.at = (p.at + 1) % fields
	case "left", "h":
		p.at = (p.at + fields - 1) % fields
	case "up", "k", "down", "j", "+", "-":
		p.at.step(&p.tier, k == "up" || k == "k" || k == "+")
		p.texts = write(p.tier)
		return true, p.ask()
	case "enter":
		p.at = fields
	case "pgup", "pgdown":
		p.list.table.Press(k)
	case "backspace":
		*text = (*text)[:max(0, len(*text)-1)]
		return true, p.ask()
	case "ctrl+u", "delete":
		*text = ""
		return true, p.ask()
	default:
		if key.Text == "" || strings.Trim(key.Text, "0123456789.") != "" {
			return false, nil
		}
		p.Paste(key.Text)
		return true, p.ask()
	}
	return true, nil
}

// Paste appends digits to the number in hand.
func (p *tryPage) Paste(text string) {
	for _, r := range text {
		digit := r >= '0' && r <= '9' || r == '.' && p.at == thresholdField
		if digit && p.at < fields && len(p.texts[p.at]) < longestNumber {
			p.texts[p.at] += string(r)
		}
	}
}

// ask sends the tier off, unless its numbers are wrong or an answer is on its way: then that asks again.
func (p *tryPage) ask() tea.Cmd {
	tier := p.tier
	if p.wrong = p.texts.read(&tier); p.wrong != nil {
		return nil
	}
	p.tier = tier
	if p.asking || p.answers != nil && *p.answers == tier {
		return nil
	}
	p.asking = true
	analysis, section := p.analysis, p.section
	return func() tea.Msg { return tried{p, tier, analysis.Try(section, tier)} }
}

// answer shows what the tier found, and asks on if the numbers have changed meanwhile.
func (p *tryPage) answer(t tried) tea.Cmd {
	p.asking, p.answers, p.result = false, &t.tier, t.result
	p.compare()
	return p.ask()
}

// compare marks what the tier of the report did not find, and counts what is gone.
func (p *tryPage) compare() {
	list := collect(&report.Section{Tiers: []report.Tier{p.result}})
	p.fresh, p.gone = 0, 0
	before := map[string]bool{}
	if p.from >= 0 {
		for _, r := range p.session.at(p.section).Tiers[p.from].Detected {
			before[r.Prefix.String()] = true
		}
	}
	p.gone = len(before)
	for i := range list {
		list[i].mark = " "
		switch {
		case before[list[i].Prefix.String()]:
			p.gone--
		case p.from >= 0:
			list[i].mark = "new"
			p.fresh++
		}
	}
	p.list.set(list)
}
