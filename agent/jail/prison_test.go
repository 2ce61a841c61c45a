package jail_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cidrx/agent/jail"
	"cidrx/detect"
)

// prison is a jail that tests speak to in text.
type prison struct {
	*testing.T
	*jail.Jail
	now time.Time
}

var options = jail.Options{
	Stages: []time.Duration{10 * time.Minute, time.Hour, 12 * time.Hour}, ForgetAfter: 7 * 24 * time.Hour,
	MaxPrefix4: 16, MaxPrefix6: 32, MaxBans: 1000,
}

func open(t *testing.T, o jail.Options) *prison {
	return &prison{T: t, Jail: jail.New(o), now: start}
}

func pfx(text string) netip.Prefix { return netip.MustParsePrefix(text) }

// verdict is one of the given hosts, with twice the requests needed.
func verdict(text string, hosts int) detect.Verdict {
	return detect.Verdict{
		Prefix: pfx(text), Jail: true, Enforceable: true, Needed: 10, Reason: "tier 1",
		Evidence: detect.Evidence{Requests: 20, Hosts: hosts},
	}
}

// said writes changes as "kind prefix", without those that are only for the engine.
func said(changes []jail.Change) string {
	var list []string
	for _, c := range changes {
		if c.Kind != jail.Forgot {
			list = append(list, fmt.Sprint(c.Kind, " ", c.Prefix))
		}
	}
	return strings.Join(list, ", ")
}

// forgets are the prefixes whose counts are to go.
func forgets(changes []jail.Change) string {
	var list []string
	for _, c := range changes {
		if c.Forgets() {
			list = append(list, c.Prefix.String())
		}
	}
	return strings.Join(list, " ")
}

func (p *prison) want(what, got, want string) {
	p.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		p.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func (p *prison) judge(v detect.Verdict, want string) []jail.Change {
	p.Helper()
	changes := p.Judge(p.now, v)
	p.want("judge "+v.Prefix.String(), said(changes), want)
	return changes
}

func (p *prison) order(text string, d time.Duration) {
	p.Helper()
	if _, err := p.Ban(p.now, jail.Order{Prefix: pfx(text), For: d, By: "root"}); err != nil {
		p.Fatal(err)
	}
}

// later lets time go by.
func (p *prison) later(d time.Duration, want string) {
	p.Helper()
	p.now = p.now.Add(d)
	p.want("after "+d.String(), said(p.Advance(p.now)), want)
}

func (p *prison) holds(want ...string) {
	p.Helper()
	var got []string
	holds, _ := p.Holds()
	for _, h := range holds {
		got = append(got, h.Prefix.String())
	}
	if diff := cmp.Diff(want, got); diff != "" {
		p.Errorf("holds (-want +got):\n%s", diff)
	}
}

func (p *prison) ban(text string) jail.Ban {
	p.Helper()
	for _, b := range p.Active() {
		if b.Prefix == pfx(text) {
			return b
		}
	}
	p.Fatalf("%s is not banned", text)
	return jail.Ban{}
}

func (p *prison) unblock(grace time.Duration, text string) jail.Unblocked {
	u, _ := p.Unblock(p.now, []netip.Prefix{pfx(text)}, grace, "root")
	return u
}

func (p *prison) allow(texts ...string) []jail.Change {
	var list []jail.AllowEntry
	for _, text := range texts {
		list = append(list, jail.AllowEntry{Prefix: pfx(text)})
	}
	return p.SetAllow(p.now, list)
}

func (p *prison) deny(texts ...string) []jail.Change {
	return p.SetDeny(p.now, parsed(texts...))
}
