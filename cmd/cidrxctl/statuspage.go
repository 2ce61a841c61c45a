package main

import (
	"cmp"
	"fmt"
	"strings"

	"cidrx/agent/control"
)

func (p *page) status(s control.Status) {
	why := ""
	if s.Why != "" {
		why = " (" + s.Why + ")"
	}
	p.headed(0, cmp.Or(stateColor[s.State], bold), strings.ToUpper(s.State), why)
	p.text(0, fmt.Sprintf("cidrx %s, mode %s, backend %s, up %s", s.Version, s.Mode, s.Backend, short(s.UptimeS)))
	if s.ConfirmBy != nil {
		p.text(0, trial(s.ConfirmBy))
	}
	if s.State == "observing" && s.ConfirmBy == nil {
		p.text(0, "Nothing is blocked. What enforcing would do: cidrxctl mode enforce --preview")
	}
	p.sources(s.Sources)
	p.strategies(s.Strategies)
	p.totals(s)
	p.protected(s.Protected)
}

func (p *page) sources(sources []control.Source) {
	p.blank()
	if len(sources) == 0 {
		p.text(0, "No sources: nothing is read. Add a [source.NAME] section and: cidrxctl reload")
		return
	}
	var rows [][]string
	for _, s := range sources {
		rows = append(rows, []string{s.Name, count(s.Lines), count(s.Failed), count(s.Ignored), behind(s.LagS), trust(s.Trusted), s.Path})
	}
	p.table([]column{{name: "SOURCE"}, {name: "LINES", right: true}, {name: "FAILED", right: true}, {name: "IGNORED", right: true, spare: 2},
		{name: "LAG", right: true}, {name: "TRUSTED", spare: 1}, {name: "FOLLOWS", rest: true}}, rows)
	for _, s := range sources {
		p.sourceNotes(s)
	}
}

func trust(trusted bool) string {
	if trusted {
		return "yes"
	}
	return "no"
}

// sourceNotes says what is not well with a source.
func (p *page) sourceNotes(s control.Source) {
	note := func(c color, text string) { p.headed(2, c, s.Name+":", " "+text) }
	if s.Error != "" {
		note(red, s.Error)
	}
	if s.Note != "" {
		note(yellow, s.Note)
	}
	if !s.Trusted && !strings.Contains(s.Error, control.OnlyObserved) {
		note(yellow, "only observes: others could write its log (trust = true in its section if none can)")
	}
	if s.OffsetS != 0 {
		note(yellow, fmt.Sprintf("its stamps are %s off, which is corrected; is its timezone right?", short(max(s.OffsetS, -s.OffsetS))))
	}
	if s.Cut > 0 {
		note(yellow, plural(s.Cut, "line")+" over 1 MiB cut")
	}
	if len(s.Unparsable) > 0 {
		note(yellow, "lines that did not parse, such as")
	}
	for _, line := range s.Unparsable {
		p.raw(4, line)
	}
}

func (p *page) strategies(strategies []control.Strategy) {
	var rows [][]string
	for _, s := range strategies {
		rows = append(rows, []string{s.Name, count(s.Requests), count(s.Addresses), short(int64(s.WindowS)), count(s.Verdicts)})
	}
	p.section([]column{{name: "STRATEGY"}, {name: "REQUESTS", right: true}, {name: "ADDRESSES", right: true, spare: 2}, {name: "WINDOW", right: true},
		{name: "VERDICTS", right: true, spare: 1}}, rows)
}

// section is a table with a blank line before it, or nothing.
func (p *page) section(columns []column, rows [][]string) {
	if len(rows) > 0 {
		p.blank()
		p.table(columns, rows)
	}
}

func (p *page) totals(s control.Status) {
	p.blank()
	p.text(0, fmt.Sprintf("Bans: %s IPv4, %s IPv6", count(s.Bans.IPv4), count(s.Bans.IPv6)))
	p.text(0, fmt.Sprintf("Kernel: %s, drift %s, %s dropped, %s", plural(s.Kernel.Elements, "element"), count(s.Kernel.Drift),
		plural(s.Kernel.DroppedPackets, "packet"), plural(s.Kernel.Repairs, "repair")))
	p.limits(s.Limits)
	for _, e := range s.Evictions {
		p.text(0, fmt.Sprintf("Refused or dropped: %s %s", count(e.N), e.What))
	}
}

// limits says on one line how much is used of what is bounded.
func (p *page) limits(list []control.Limit) {
	var texts []string
	for _, l := range list {
		write := count[uint64]
		if l.Bytes {
			write = size
		}
		most := "(no limit)"
		if l.Most > 0 {
			most = "of " + write(l.Most)
		}
		texts = append(texts, fmt.Sprintf("%s %s %s", l.What, write(l.Now), most))
	}
	if len(texts) > 0 {
		p.text(0, "Limits: "+strings.Join(texts, ", "))
	}
}

func (p *page) protected(list []control.Protected) {
	var rows [][]string
	for _, e := range list {
		rows = append(rows, []string{e.Prefix.String(), stampOr(e.Until, "always"), e.Why})
	}
	p.section([]column{{name: "PROTECTED"}, {name: "UNTIL"}, {name: "WHY", rest: true}}, rows)
}
