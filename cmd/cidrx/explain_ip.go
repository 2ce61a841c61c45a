package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"
	"time"

	"cidrx/agent"
	"cidrx/agent/config"
	"cidrx/agent/control"
	"cidrx/cmd/internal/tierview"
	"cidrx/detect/cidr"
)

// addressAnswer is what explain --ip says.
type addressAnswer struct {
	Address    netip.Addr        `json:"address"`
	From       *time.Time        `json:"from"` // of the logs
	To         *time.Time        `json:"to"`
	Requests   uint64            `json:"requests"` // of the address, or of its /64
	Stopped    uint64            `json:"stopped"`  // of Requests, those made while it was banned
	FirstSeen  *time.Time        `json:"first_seen"`
	LastSeen   *time.Time        `json:"last_seen"`
	Client     standing          `json:"client"`
	Banned     bool              `json:"banned"` // it would have been
	Bans       []control.Event   `json:"bans"`   // of prefixes that hold it, the first of them
	MoreBans   int               `json:"more_bans,omitempty"`
	Reported   []addressReport   `json:"reported"` // what tiers that may not ban would have reported
	Strategies []addressStrategy `json:"strategies"`
}

type addressReport struct {
	At       time.Time    `json:"at"`
	Prefix   netip.Prefix `json:"prefix"`
	Reason   string       `json:"reason"`
	Requests uint64       `json:"requests"`
	Hosts    int          `json:"hosts"`
}

type addressStrategy struct {
	Name   string        `json:"name"`
	Passed uint64        `json:"passed"` // requests of the address that passed the filters
	Tiers  []addressTier `json:"tiers"`
}

type addressTier struct {
	Tier    string           `json:"tier"`
	Bans    bool             `json:"bans"` // false: it only reports
	Closest *tierview.Moment `json:"closest"`
	End     *tierview.Moment `json:"end"`
}

// maxListed bounds the bans and reports that are listed of one address.
const maxListed = 10

func explainAddress(ctx context.Context, cfg *config.Config, f explainFlags, addr netip.Addr, stdout, stderr io.Writer) error {
	logs, err := openLogs(f.logs)
	if err != nil {
		return err
	}
	defer logs.close()
	in, err := replayInputs(cfg, logs, f.replayFlags, stderr)
	if err != nil {
		return err
	}
	look := tierview.NewApproach(addr, cfg.Live)
	a := addressAnswer{Address: addr, Client: standingOf(ctx, cfg, addr, time.Now()), Bans: []control.Event{}, Reported: []addressReport{}, Strategies: []addressStrategy{}}
	sum, err := logs.replay(ctx, cfg, in, look, a.event)
	if err != nil {
		return err
	}
	a.sum(sum, look, cfg)
	return a.print(stdout, f.json)
}

// event notes what happens to prefixes that hold the address.
func (a *addressAnswer) event(e control.Event) error {
	if e.Prefix == nil || !e.Prefix.Overlaps(cidr.Host(a.Address)) || e.Event != "ban" && e.Event != "extend" && e.Event != "refused" {
		return nil
	}
	a.Banned = a.Banned || e.Event != "refused"
	if len(a.Bans) == maxListed {
		a.MoreBans++
		return nil
	}
	a.Bans = append(a.Bans, e)
	return nil
}

func (a *addressAnswer) sum(s *agent.ReplaySummary, look *tierview.Approach, cfg *config.Config) {
	a.From, a.To = known(s.Start), known(s.End)
	a.Requests, a.Stopped, a.FirstSeen, a.LastSeen = look.Requests, look.Stopped, known(look.First), known(look.Last)
	for _, r := range s.Reported {
		if r.Prefix.Overlaps(cidr.Host(a.Address)) && len(a.Reported) < maxListed {
			a.Reported = append(a.Reported, addressReport{r.First, r.Prefix, r.Reason, r.Requests, r.Hosts})
		}
	}
	for i, s := range cfg.Live {
		st := addressStrategy{Name: s.Name, Passed: look.Passed[i], Tiers: []addressTier{}}
		for j := range s.Tiers {
			p := look.Tiers[i][j]
			st.Tiers = append(st.Tiers, addressTier{tierview.Text(j, s.Tiers[j]), s.Tiers[j].Jail, p.Closest, p.End})
		}
		a.Strategies = append(a.Strategies, st)
	}
}

func known(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

func (a *addressAnswer) print(out io.Writer, asJSON bool) error {
	if asJSON {
		return printJSON(out, a)
	}
	var b bytes.Buffer
	a.printHead(&b)
	for _, s := range a.Strategies {
		s.print(&b)
	}
	_, err := out.Write(b.Bytes())
	return err
}

func (a *addressAnswer) printHead(b *bytes.Buffer) {
	printField(b, "Address", a.Address.String()+" "+a.Client.words())
	if a.From == nil {
		printField(b, "Logs", "nothing in them is a request or a login")
		return
	}
	printField(b, "Logs", fmt.Sprintf("%s to %s", stamp(*a.From), stamp(*a.To)))
	seen := "none"
	if a.Requests > 0 {
		seen = fmt.Sprintf("%s, %s to %s", thousands(a.Requests), stamp(*a.FirstSeen), stamp(*a.LastSeen))
	}
	if a.Stopped > 0 {
		seen += fmt.Sprintf("; %s of them while it would have been banned", thousands(a.Stopped))
	}
	printField(b, "Requests", seen)
	a.printBans(b)
}

func (a *addressAnswer) printBans(b *bytes.Buffer) {
	if !a.Banned {
		printField(b, "Banned", "it would not have been")
	}
	title := map[bool]string{true: "Banned", false: ""}[a.Banned]
	for _, e := range a.Bans {
		text := stamp(e.At) + " " + e.Prefix.String()
		if e.Event == "refused" {
			text += " refused"
		} else {
			text += " for " + lasting(e)
		}
		printField(b, title, text+": "+e.Reason)
		title = ""
	}
	if a.MoreBans > 0 {
		printField(b, "", fmt.Sprintf("and %d more times", a.MoreBans))
	}
	for i, r := range a.Reported {
		title := map[bool]string{true: "Reported", false: ""}[i == 0]
		printField(b, title, fmt.Sprintf("%s %s: %s", stamp(r.At), r.Prefix, r.Reason))
	}
}

func (s addressStrategy) print(b *bytes.Buffer) {
	if !slices.ContainsFunc(s.Tiers, func(t addressTier) bool { return t.Closest != nil }) {
		fmt.Fprintf(b, "\n%s: nothing from there, or from around it, counted\n", s.Name)
		return
	}
	fmt.Fprintf(b, "\n%s: %s of its requests pass the filters\n", s.Name, thousands(s.Passed))
	for _, t := range s.Tiers {
		t.print(b)
	}
}

func (t addressTier) print(b *bytes.Buffer) {
	note := ""
	if !t.Bans {
		note = " (reports only)"
	}
	fmt.Fprintf(b, "  %s%s\n", t.Tier, note)
	if t.Closest == nil {
		fmt.Fprintf(b, "    %-8s nothing from there, or from around it, counted\n", "closest")
		return
	}
	printMoment(b, "closest", t.Closest)
	if t.End != nil && !t.Closest.Same(t.End) {
		printMoment(b, "end", t.End)
	}
}

func printMoment(b *bytes.Buffer, name string, m *tierview.Moment) {
	const indent = "             "
	text := fmt.Sprintf("%s %s: %s", stamp(m.At), m.Prefix, m.Words())
	fmt.Fprintf(b, "    %-8s %s\n", name, strings.Join(wrapped(text, pageWidth-len(indent)), "\n"+indent))
}
