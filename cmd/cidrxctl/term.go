package main

import (
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"cidrx/agent/control"
)

// Exit codes.
const (
	exitDone        = 0
	exitFailed      = 1
	exitUsage       = 2
	exitUnreachable = 3
	exitNothing     = 4
)

var (
	errUsage   = errors.New("usage")
	errNothing = errors.New("nothing to do")
)

func exitCode(err error) int {
	switch {
	case err == nil:
		return exitDone
	case errors.Is(err, errUsage):
		return exitUsage
	case errors.Is(err, control.ErrUnreachable):
		return exitUnreachable
	case errors.Is(err, errNothing):
		return exitNothing
	}
	return exitFailed
}

// fail says what went wrong, on one line, with the next step.
func (t *term) fail(err error) {
	if err != nil {
		t.say(err.Error())
	}
}

// usage makes err the fault of the command line. Its own advice goes before next. Suggestions of cobra on further lines are dropped.
func usage(err error, next string) error {
	if err == nil {
		return nil
	}
	message, own := control.Advice(err)
	message, _, _ = strings.Cut(message, "\n")
	return &control.Error{Message: message, Next: cmp.Or(own, next), Err: errUsage}
}

func usagef(next, format string, args ...any) error { return usage(fmt.Errorf(format, args...), next) }

func failure(message, next string) error { return &control.Error{Message: message, Next: next} }

// network reads an argument.
func network(arg string) (netip.Prefix, error) {
	p, err := control.ParseNetwork(arg)
	return p, usage(err, "")
}

// nothing is for when there was nothing to do; the answer is printed for programs all the same.
func (a *app) nothing(answer any, message, next string) error {
	err := error(&control.Error{Message: message, Next: next, Err: errNothing})
	if a.json {
		return cmp.Or(a.term.document(answer), err)
	}
	return err
}

// deed is what a command does to networks, in words.
type deed struct {
	did, carved string
	instead     bool   // what is carved out is said once, not as done too
	until       string // what ends at the time given
	idle        string // there was nothing to do
	none        string // … and no network was named
	next        string
}

var (
	banned = deed{did: "banned", carved: "%s is left out of the ban on %s: it is allowed",
		idle: "%s: nothing to ban, it is banned already or allowed", next: "cidrxctl why ADDRESS says which"}
	unblocked = deed{did: "unblocked", carved: "unblocked %s: carved out of %s, the rest of which stays banned", instead: true, until: ", with grace",
		idle: "%s is not banned", none: "nothing is banned", next: "cidrxctl why ADDRESS tells what is known"}
	allowed = deed{did: "allowed", carved: "%s is carved out of the ban on %s",
		idle: "%s is on the allowlist already", next: "cidrxctl allow list shows it"}
	disallowed = deed{did: "no longer allowed:", carved: "%s is no longer carved out of %s",
		idle: "%s is not on the run-time allowlist", next: "cidrxctl allow list shows what is, and what the configuration says"}
)

// done prints what a command did; it is an error of its own if that is nothing.
func (a *app) done(d control.Done, err error, w deed) error {
	if err != nil {
		return err
	}
	if len(d.Done)+len(d.Carved) == 0 {
		return a.nothing(d, w.nothing(d.Nothing), w.next)
	}
	for _, p := range d.Nothing {
		a.term.say(fmt.Sprintf(w.idle, p))
	}
	return show(a, d, func(p *page, d control.Done) { p.done(d, w) })
}

func (w deed) nothing(idle []netip.Prefix) string {
	if len(idle) == 0 {
		return cmp.Or(w.none, "nothing to do")
	}
	return fmt.Sprintf(w.idle, joined(idle))
}

func (p *page) done(d control.Done, w deed) {
	carved := map[netip.Prefix]bool{}
	for _, c := range d.Carved {
		carved[c.Out] = true
	}
	for _, prefix := range d.Done {
		if w.instead && carved[prefix] {
			continue
		}
		line := w.did + " " + prefix.String()
		if d.Until != nil {
			line += w.until + " until " + stamp(*d.Until)
		}
		p.text(0, line)
	}
	for _, c := range d.Carved {
		p.text(0, fmt.Sprintf(w.carved, c.Out, c.From))
	}
	p.lifted(d.Listed)
	if note := stateNote[d.State]; note != "" && d.State != "in_force" {
		p.text(0, note)
	}
}

// stateNote says what a ban's state means.
var stateNote = map[string]string{
	"in_force": "in force: the kernel drops its packets",
	"pending":  "pending: wanted, not yet confirmed by the kernel",
	"observed": "observed only: the mode is observe, its packets pass; cidrxctl mode enforce",
	"exported": "not enforceable in kernel: its packets come through a proxy, so it goes to the exporters",
	"ended":    "ended",
}

var stateColor = map[string]color{"enforcing": green, "observing": yellow, "broken": red, "in_force": red, "pending": yellow, "observed": yellow}

// state is a state in words, coloured.
func (p *page) state(s string) string {
	return p.paint(cmp.Or(stateColor[s], bold), strings.ReplaceAll(s, "_", " "))
}

func (p *page) bans(bans []control.Ban) {
	var rows [][]string
	for _, b := range bans {
		rows = append(rows, []string{carvedNetwork(b), p.state(b.State), stage(b.Stage), left(b), dropped(b), count(b.Requests), count(b.Hosts), reason(b.Reasons)})
	}
	p.table([]column{{name: "NETWORK"}, {name: "STATE"}, {name: "STAGE", right: true, spare: 2}, {name: "LEFT"}, {name: "DROPPED", right: true, spare: 1},
		{name: "REQUESTS", right: true, extra: true}, {name: "HOSTS", right: true, extra: true}, {name: "REASON", rest: true}}, rows)
}

func (p *page) why(w control.Why) {
	holding := holding(w)
	switch {
	case w.Allowed != "":
		p.headed(0, green, w.Address.String()+" is allowed", ": it is never banned")
	case len(holding) > 0:
		p.headed(0, red, w.Address.String()+" is banned", verdict(holding))
	case len(w.Bans) > 0:
		p.headed(0, green, w.Address.String()+" is not banned", ": it is carved out of the ban around it")
	default:
		p.headed(0, green, w.Address.String()+" is not banned", "")
	}
	if w.Allowed != "" {
		p.text(0, "Allowed by: "+w.Allowed)
	}
	if w.Protected != "" {
		p.text(0, "Protected: "+w.Protected)
	}
	for _, b := range w.Bans {
		p.ban(b)
	}
	p.lastLines(w)
	p.standings(w.Strategies)
	p.history(w.History)
}

// holding are the bans that hold the address itself: those it is not carved out of.
func holding(w control.Why) []control.Ban {
	return slices.DeleteFunc(slices.Clone(w.Bans), func(b control.Ban) bool {
		return slices.ContainsFunc(b.Except, func(p netip.Prefix) bool { return p.Contains(w.Address) })
	})
}

// verdict says how far the strongest of several bans goes, behind "is banned".
func verdict(bans []control.Ban) string {
	for _, b := range bans {
		if b.State == "in_force" {
			return ""
		}
	}
	switch bans[0].State {
	case "pending":
		return " as soon as the kernel confirms it"
	case "observed":
		return " in observe mode only: its packets pass"
	case "exported":
		return " for the exporters only: the kernel never sees its packets"
	}
	return ""
}

// ban explains one ban.
func (p *page) ban(b control.Ban) {
	rows := [][]string{
		{"state", stateNote[b.State]},
		{"since", stamp(b.Start)},
		{"until", until(b)},
		{"stage", stage(b.Stage)},
	}
	for _, r := range b.Reasons {
		rows = append(rows, []string{"because", r})
	}
	if b.Requests > 0 {
		rows = append(rows, []string{"evidence", fmt.Sprintf("%s of %s, %s of the strategy's total, from %s to %s", plural(b.Requests, "request"),
			plural(b.Hosts, "host"), percent(b.Share), stampOr(b.FirstSeen, "?"), stampOr(b.LastSeen, "?"))})
	}
	rows = append(rows, []string{"dropped", droppedText(b)})
	if len(b.Except) > 0 {
		rows = append(rows, []string{"less", joined(b.Except)})
	}
	if !b.Durable && b.State == "in_force" {
		rows = append(rows, []string{"note", "not saved yet: a restart would lose it"})
	}
	p.blank()
	p.headed(0, bold, "Ban on "+b.Prefix.String(), "")
	for i := range rows {
		rows[i][0] = "  " + rows[i][0]
	}
	p.table([]column{{}, {rest: true}}, rows)
	p.evidence("Evidence", b.Samples)
}

// lastLines are those of the address itself. Where they are among the evidence, it says so in place of them.
func (p *page) lastLines(w control.Why) {
	lines := unshown(w.Samples, w.Bans)
	p.evidence("Last lines", lines)
	above := len(w.Samples) - len(lines)
	switch note := plural(above, "line") + " of the evidence above"; {
	case above == 0:
	case len(lines) == 0:
		p.blank()
		p.headed(0, bold, "Last lines", ": "+note)
	default:
		p.text(2, "and "+note)
	}
}

// unshown are the lines that are not the evidence of one of the bans: a host that is banned by itself has made all of that.
func unshown(lines []string, bans []control.Ban) []string {
	return slices.DeleteFunc(slices.Clone(lines), func(line string) bool {
		return slices.ContainsFunc(bans, func(b control.Ban) bool { return slices.Contains(b.Samples, line) })
	})
}

func (p *page) evidence(title string, lines []string) {
	if len(lines) == 0 {
		return
	}
	p.blank()
	p.headed(0, bold, title, "")
	for _, line := range lines {
		p.raw(2, line)
	}
}

func (p *page) standings(standings []control.Standing) {
	var rows [][]string
	for _, s := range standings {
		rows = append(rows, []string{s.Name, s.Tier, s.Prefix.String(), of(s.Requests, s.Needed), of(uint64(s.Hosts), uint64(s.HostsNeeded)), p.near(s)})
	}
	p.section([]column{{name: "STRATEGY"}, {name: "TIER", rest: true}, {name: "NETWORK"}, {name: "REQUESTS", right: true, spare: 1}, {name: "HOSTS", right: true, spare: 2},
		{name: "REACHED", right: true}}, rows)
}

// near is how much there is of the condition that is furthest from being met.
func (p *page) near(s control.Standing) string {
	share := 1.0
	if s.Needed > 0 {
		share = min(share, float64(s.Requests)/float64(s.Needed))
	}
	if s.HostsNeeded > 0 {
		share = min(share, float64(s.Hosts)/float64(s.HostsNeeded))
	}
	text := fmt.Sprintf("%.0f %%", 100*share)
	if share >= 1 {
		return p.paint(red, text)
	}
	return text
}

func (p *page) history(bans []control.Ban) {
	var rows [][]string
	for _, b := range bans {
		rows = append(rows, []string{b.Prefix.String(), stamp(b.Start), lasted(b), stage(b.Stage), reason(b.Reasons)})
	}
	p.section([]column{{name: "BANNED BEFORE"}, {name: "FROM"}, {name: "FOR"}, {name: "STAGE", right: true, spare: 1}, {name: "REASON", rest: true}}, rows)
}

func (p *page) allowlist(entries []control.AllowEntry) {
	var rows [][]string
	for _, e := range entries {
		rows = append(rows, []string{e.Prefix.String(), stampOr(e.Until, "always"), e.Origin, e.Note})
	}
	p.table([]column{{name: "NETWORK"}, {name: "UNTIL"}, {name: "ORIGIN", spare: 1}, {name: "NOTE", rest: true}}, rows)
}

// trial says until when a mode has to be confirmed.
func trial(by *time.Time) string {
	return fmt.Sprintf("On trial: goes back to observe at %s unless: cidrxctl confirm", stamp(*by))
}

func (p *page) mode(m control.ModeReply) {
	p.text(0, m.Mode)
	if m.ConfirmBy != nil {
		p.text(0, trial(m.ConfirmBy))
	}
}

var modeNote = map[string]string{
	"enforce": "The mode is enforce: what was observed is forgotten, bans begin with what comes from now on",
	"observe": "The mode is observe: nothing is blocked any more",
}

func (p *page) modeSet(m control.ModeReply) {
	p.text(0, modeNote[m.Mode])
	if m.ConfirmBy != nil {
		p.text(0, trial(m.ConfirmBy))
	}
}

func (p *page) confirmed(m control.ModeReply) { p.text(0, "Confirmed: the mode stays "+m.Mode) }

// preview says what enforcing would do. What is only observed it would not ban: it begins with empty windows.
func (p *page) preview(m control.ModeReply) {
	if m.Mode == "enforce" {
		p.text(0, "The mode is enforce already, and nothing was changed; cidrxctl bans lists what is banned")
		return
	}
	var atOnce, goingOn []control.PreviewItem
	for _, b := range m.Preview {
		if b.AtOnce {
			atOnce = append(atOnce, b)
		} else {
			goingOn = append(goingOn, b)
		}
	}
	p.text(0, fmt.Sprintf("Enforcing would ban %s at once; nothing was changed", plural(len(atOnce), "network")))
	p.previewed(atOnce)
	if len(goingOn) > 0 {
		p.blank()
		p.text(0, fmt.Sprintf("Observed so far: %s. Enforcing forgets that and begins with empty windows: banned is only who goes on", plural(len(goingOn), "network")))
		p.previewed(goingOn)
	}
}

func (p *page) previewed(list []control.PreviewItem) {
	var rows [][]string
	for _, b := range list {
		rows = append(rows, []string{carvedNetwork(b.Ban), count(b.Requests), count(b.Hosts), reason(b.Reasons)})
	}
	p.section([]column{{name: "NETWORK"}, {name: "REQUESTS", right: true}, {name: "HOSTS", right: true}, {name: "REASON", rest: true}}, rows)
	for _, b := range list {
		for _, caution := range b.Caution {
			p.headed(0, yellow, "Look twice at "+b.Prefix.String()+":", " "+caution)
		}
	}
}

func (p *page) reloaded(r control.ReloadReply) {
	if len(r.Changed) == 0 {
		p.text(0, "Reloaded: nothing had changed")
	} else {
		p.text(0, "Reloaded: "+strings.Join(r.Changed, ", "))
	}
	p.lifted(r.Lifted)
}

// maxNamed is how many networks a sentence names.
const maxNamed = 10

// lifted says what is on the deny list and not banned.
func (p *page) lifted(list []netip.Prefix) {
	if len(list) == 0 {
		return
	}
	names, be := joined(list[:min(len(list), maxNamed)]), "is"
	if more := len(list) - maxNamed; more > 0 {
		names += fmt.Sprintf(" and %s more", count(more))
	}
	if len(list) > 1 {
		be = "are"
	}
	p.text(0, fmt.Sprintf("%s %s on the deny list, but unblocked by hand: that holds until taken off the list and put back, or banned again (cidrxctl ban)", names, be))
}

func (p *page) flushed(r control.FlushReply) {
	p.text(0, "Lifted "+plural(r.Lifted, "ban")+"; the kernel holds nothing of ours, the mode is "+r.Mode)
}

func (p *page) selftest(r control.SelftestReply) {
	var rows [][]string
	for _, s := range r.Steps {
		result := p.paint(green, "ok")
		if !s.OK {
			result = p.paint(red, "FAILED")
		}
		rows = append(rows, []string{s.What, result, fmt.Sprintf("%.1f ms", s.MS), s.Note})
	}
	p.table([]column{{name: "STEP"}, {name: "RESULT"}, {name: "TOOK", right: true}, {name: "NOTE", rest: true}}, rows)
}

func (p *page) versions(v versions) {
	rows := [][]string{{"cidrxctl", build(v.Cidrxctl)}, {"agent", "not reachable"}}
	if v.Agent != nil {
		rows[1][1] = build(*v.Agent)
	}
	p.table([]column{{}, {rest: true}}, rows)
}
