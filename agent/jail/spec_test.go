package jail_test

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
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

// The table has one story for each sentence of the specification.
func TestSpecification(t *testing.T) {
	for _, story := range []struct {
		name string
		tell func(*prison)
	}{
		{"until is start and stage and up to a tenth that depends on prefix and start", lengths},
		{"manual bans end exactly when asked", func(p *prison) {
			p.order("198.51.100.7/32", 90*time.Second)
			p.later(90*time.Second-1, "")
			p.later(1, "unban 198.51.100.7/32")
		}},
		{"bans end when their time is over, without traffic", func(p *prison) {
			p.judge(verdict("198.51.100.7/32", 1), "ban 198.51.100.7/32")
			p.holds("198.51.100.7/32")
			p.later(11*time.Minute, "unban 198.51.100.7/32")
			p.holds()
		}},
		{"a verdict that may not ban is only reported", func(p *prison) {
			v := verdict("198.51.100.7/32", 1)
			v.Jail = false
			p.judge(v, "")
		}},
		{"a verdict at or inside an active ban changes nothing but its evidence", evidence},
		{"a wider verdict is a ban of its own; narrower ones are kept and count again when it ends first", func(p *prison) {
			p.order("198.51.100.7/32", time.Hour)
			p.judge(verdict("198.51.100.0/24", 40), "ban 198.51.100.0/24")
			p.later(12*time.Minute, "unban 198.51.100.0/24")
			p.holds("198.51.100.7/32")
		}},
		{"a wider ban ends no sooner than those of its stage inside it", func(p *prison) {
			for i := range 64 {
				p.Judge(p.now.Add(time.Duration(i)*time.Second), verdict(fmt.Sprintf("203.0.113.%d/32", i), 1))
			}
			p.now = p.now.Add(64 * time.Second)
			p.judge(verdict("203.0.113.0/26", 64), "extend 203.0.113.0/26")
			p.holds("203.0.113.0/26")
		}},
		{"what outlives a wider ban is held to its end even if nobody calls again", outliving},
		{"a wider ban takes over the stage of those inside if they held at least half of its hosts", takingOver},
		{"an ended ban raises the next at or inside its prefix by a stage", escalation},
		{"a prefix goes one stage down for each forgetAfter since its last ban ended", decay},
		{"three ended bans inside a /24 raise the next one there by a stage", neighbours},
		{"three ended bans of one address are not three in its /24", func(p *prison) {
			for stage := range 3 {
				p.judge(verdict("198.51.100.7/32", 1), "ban 198.51.100.7/32")
				p.want("stage", fmt.Sprint(p.ban("198.51.100.7/32").Stage), fmt.Sprint(stage))
				p.later(14*time.Hour, "unban 198.51.100.7/32")
			}
			p.judge(verdict("198.51.100.8/32", 1), "ban 198.51.100.8/32")
			p.want("stage", fmt.Sprint(p.ban("198.51.100.8/32").Stage), "0")
		}},
		{"in observe mode nothing is held and nothing escalates", observing},
		{"mode enforce throws observed bans away and keeps earlier ones", modes},
		{"a ban whose prefix still shows up in the logs never escalates", leaking},
		{"the deny list is banned as long as it is listed", denying},
		{"a running ban of the same prefix becomes one of the deny list", func(p *prison) {
			p.judge(verdict("198.51.100.0/24", 9), "ban 198.51.100.0/24")
			p.want("deny", said(p.deny("198.51.100.0/24")), "extend 198.51.100.0/24")
			p.later(1000*time.Hour, "")
			p.want("deny", said(p.deny()), "unban 198.51.100.0/24")
		}},
		{"an unblocked entry of the deny list stays lifted while it is listed", lifting},
		{"the allowlist wins over verdicts, manual bans and the deny list", allowing},
		{"changing the allowlist frees at once", freeing},
		{"an entry of the allowlist ends by its time", expiring},
		{"never banned: built in", builtInRanges},
		{"protected prefixes are never banned until they end", protecting},
		{"nothing wider than maxPrefix: a verdict is refused and counted, a manual ban is an error", tooWide},
		{"at most maxBans: the lowest stage with the shortest rest goes first, never a manual one", evicting},
		{"over 64 banned /64 in a /48 become the /48 when there is no room", crowding},
		{"unblock lifts what is equal or inside and carves out of wider ones", unblocking},
		{"unblock of an IPv6 address means its /64", func(p *prison) {
			p.judge(verdict("2001:db8:1:2::/64", 1), "ban 2001:db8:1:2::/64")
			u := p.unblock(0, "2001:db8:1:2::5/128")
			p.want("done", fmt.Sprint(u.Done, u.Nothing), "[2001:db8:1:2::/64] []")
			p.holds()
		}},
		{"a host behind NAT64 is a /128", func(p *prison) {
			p.judge(verdict("64:ff9b::c633:6407/128", 1), "ban 64:ff9b::c633:6407/128")
			p.judge(verdict("64:ff9b::c633:6408/128", 1), "ban 64:ff9b::c633:6408/128")
			p.unblock(0, "64:ff9b::c633:6407/128")
			p.holds("64:ff9b::c633:6408/128")
		}},
		{"unblocking what is not banned sets grace", func(p *prison) {
			u := p.unblock(time.Hour, "198.51.100.7/32")
			p.want("nothing", fmt.Sprint(u.Done, u.Nothing), "[] [198.51.100.7/32]")
			p.judge(verdict("198.51.100.7/32", 1), "refused 198.51.100.7/32")
		}},
		{"during grace a verdict needs five times the requests", gracing},
		{"a wider verdict is carved around what has grace", carvingGrace},
		{"what was requested inside an unblocked prefix leaves the counts, all of it", func(p *prison) {
			p.judge(verdict("198.51.100.7/32", 1), "ban 198.51.100.7/32")
			p.deny("203.0.113.0/24")
			for prefix, want := range map[string]string{
				"198.51.100.0/24": "198.51.100.7/32 198.51.100.0/24",
				"203.0.113.7/32":  "203.0.113.7/32",
				"192.0.2.0/24":    "192.0.2.0/24",
			} {
				_, changes := p.Unblock(p.now, parsed(prefix), 0, "root")
				p.want("forgets", forgets(changes), want)
			}
		}},
		{"restored bans that the allowlist covers meanwhile end", func(p *prison) {
			p.order("198.51.100.7/32", time.Hour)
			saved := p.Snapshot()
			p.Jail = jail.New(options)
			p.allow("198.51.100.0/24")
			p.want("restore", said(p.Restore(p.now, saved)), "unban 198.51.100.7/32")
		}},
		{"a manual ban ends the grace", func(p *prison) {
			p.unblock(time.Hour, "198.51.100.7/32")
			p.order("198.51.100.0/24", time.Minute)
			p.holds("198.51.100.0/24")
			p.later(time.Minute, "unban 198.51.100.0/24")
			p.judge(verdict("198.51.100.7/32", 1), "ban 198.51.100.7/32")
		}},
		{"an unblock clears the slate", func(p *prison) {
			p.judge(verdict("198.51.100.7/32", 1), "ban 198.51.100.7/32")
			p.later(11*time.Minute, "unban 198.51.100.7/32")
			p.judge(verdict("198.51.100.7/32", 1), "ban 198.51.100.7/32")
			p.unblock(0, "198.51.100.0/24")
			p.judge(verdict("198.51.100.7/32", 1), "ban 198.51.100.7/32")
			p.want("stage", fmt.Sprint(p.ban("198.51.100.7/32").Stage), "0")
		}},
		{"what is behind a proxy is exported until the kernel can enforce it", exporting},
		{"requests before the end of a ban or an unblock are forgotten", forgetting},
		{"a clock that goes back leaves what remains of each ban as it is", clockBack},
		{"a clock that was set back over a restart makes no ban longer", restartBack},
		{"times out of order by less than a second are not a clock step", func(p *prison) {
			p.judge(verdict("198.51.100.7/32", 1), "ban 198.51.100.7/32")
			until := p.ban("198.51.100.7/32").Until
			p.Unsaved()
			p.Advance(p.now.Add(-999 * time.Millisecond))
			p.want("until", p.ban("198.51.100.7/32").Until.String(), until.String())
			p.want("unsaved", fmt.Sprint(len(p.Unsaved().Bans)), "0")
		}},
	} {
		t.Run(story.name, func(t *testing.T) { story.tell(open(t, options)) })
	}
}

func lengths(p *prison) {
	spread := map[time.Duration]bool{}
	for i := range 200 {
		v := verdict(fmt.Sprintf("198.51.100.%d/32", i), 1)
		p.Judge(p.now, v)
		b := p.ban(v.Prefix.String())
		d := b.Until.Sub(b.Start)
		if d < 10*time.Minute || d > 11*time.Minute {
			p.Errorf("%s for %s", b.Prefix, d)
		}
		spread[d.Truncate(10*time.Second)] = true
	}
	p.want("spread over six steps of 10 s", fmt.Sprint(len(spread)), "6")
	again := open(p.T, options)
	again.judge(verdict("198.51.100.7/32", 1), "ban 198.51.100.7/32")
	p.want("replay", again.ban("198.51.100.7/32").Until.String(), p.ban("198.51.100.7/32").Until.String())
}

func evidence(p *prison) {
	p.judge(verdict("198.51.100.0/24", 9), "ban 198.51.100.0/24")
	until := p.ban("198.51.100.0/24").Until
	p.now = p.now.Add(time.Minute)
	v := verdict("198.51.100.0/24", 30)
	v.Reason, v.Evidence.Requests = "tier 2", 777
	p.judge(v, "")
	v = verdict("198.51.100.7/32", 1)
	v.Reason, v.Evidence.Last = "tier 3", p.now
	p.judge(v, "")
	b := p.ban("198.51.100.0/24")
	p.want("evidence", fmt.Sprint(b.Evidence.Requests, b.Evidence.Hosts, b.Evidence.Last.Equal(p.now)), "777 30 true")
	p.want("reasons", strings.Join(b.Reasons, ", "), "tier 1, tier 2, tier 3")
	p.want("until", b.Until.String(), until.String())
	for i := range 20 {
		v.Reason = fmt.Sprint("tier ", i)
		p.judge(v, "")
	}
	p.want("reasons", strings.Join(p.ban("198.51.100.0/24").Reasons, ", "), "tier 12, tier 13, tier 14, tier 15, tier 16, tier 17, tier 18, tier 19")
}

func outliving(p *prison) {
	p.order("198.51.100.0/30", time.Minute)
	p.order("198.51.100.2/32", time.Hour)
	p.order("198.51.100.3/32", time.Second)
	var got []string
	holds, _ := p.Holds()
	for _, h := range holds {
		got = append(got, fmt.Sprint(h.Prefix, " ", h.Until.Sub(p.now)))
	}
	p.want("holds", strings.Join(got, ", "), "198.51.100.0/31 1m0s, 198.51.100.2/32 1h0m0s, 198.51.100.3/32 1m0s")
}

func takingOver(p *prison) {
	v := verdict("198.51.100.7/32", 1)
	p.judge(v, "ban 198.51.100.7/32")
	p.later(11*time.Minute, "unban 198.51.100.7/32")
	p.judge(v, "ban 198.51.100.7/32") // stage 1
	p.judge(verdict("203.0.113.7/32", 1), "ban 203.0.113.7/32")
	p.judge(verdict("203.0.113.0/30", 3), "ban 203.0.113.0/30")
	p.want("one of three", fmt.Sprint(p.ban("203.0.113.0/30").Stage), "0")
	p.judge(verdict("198.51.100.4/30", 3), "ban 198.51.100.4/30")
	p.want("one of three", fmt.Sprint(p.ban("198.51.100.4/30").Stage), "0")
	p.judge(verdict("198.51.100.0/28", 6), "extend 198.51.100.0/28")
	p.want("the hosts of the /30, not those inside it again, are half of six", fmt.Sprint(p.ban("198.51.100.0/28").Stage), "1")
	p.judge(verdict("198.51.100.0/24", 13), "ban 198.51.100.0/24")
	p.want("six of thirteen", fmt.Sprint(p.ban("198.51.100.0/24").Stage), "0")
}

func escalation(p *prison) {
	for _, step := range []struct {
		ban   string
		stage int
	}{{"198.51.100.0/28", 0}, {"198.51.100.0/28", 1}, {"198.51.100.7/32", 2}, {"198.51.100.0/28", 2}, {"198.51.100.0/28", 2}, {"198.51.100.0/27", 0}} {
		p.judge(verdict(step.ban, 9), "ban "+step.ban)
		p.want("stage of "+step.ban, fmt.Sprint(p.ban(step.ban).Stage), fmt.Sprint(step.stage))
		p.later(14*time.Hour, "unban "+step.ban)
	}
}

func decay(p *prison) {
	up := func() {
		p.judge(verdict("198.51.100.7/32", 1), "ban 198.51.100.7/32")
		next, _ := p.Next()
		p.later(next.Sub(p.now), "unban 198.51.100.7/32")
	}
	up()
	up() // ended at stage 1
	p.later(7*24*time.Hour, "")
	p.judge(verdict("198.51.100.7/32", 1), "ban 198.51.100.7/32")
	p.want("one down", fmt.Sprint(p.ban("198.51.100.7/32").Stage), "1")
	p.later(2*time.Hour, "unban 198.51.100.7/32")
	p.later(14*24*time.Hour, "")
	p.want("history", fmt.Sprint(len(p.History())), "0")
	p.judge(verdict("198.51.100.7/32", 1), "ban 198.51.100.7/32")
	p.want("forgotten", fmt.Sprint(p.ban("198.51.100.7/32").Stage), "0")
}

func neighbours(p *prison) {
	for _, network := range []string{"198.51.100.%d/32", "2001:db8:1:%d::/64", "64:ff9b::c633:64%02d/128"} {
		for i := 1; i <= 4; i++ {
			host := fmt.Sprintf(network, i)
			p.judge(verdict(host, 1), "ban "+pfx(host).String())
			p.want("stage of "+host, fmt.Sprint(p.ban(host).Stage), map[bool]string{true: "1", false: "0"}[i == 4])
			p.later(2*time.Hour, "unban "+pfx(host).String())
		}
	}
	p.judge(verdict("198.51.101.7/32", 1), "ban 198.51.101.7/32")
	p.want("next /24", fmt.Sprint(p.ban("198.51.101.7/32").Stage), "0")
	p.judge(verdict("198.51.96.0/20", 99), "ban 198.51.96.0/20")
	p.want("wider than the /24", fmt.Sprint(p.ban("198.51.96.0/20").Stage), "0")
}

func observing(p *prison) {
	o := options
	o.Observe = true
	p.Jail = jail.New(o)
	for range 3 {
		p.judge(verdict("198.51.100.7/32", 1), "ban 198.51.100.7/32")
		b := p.ban("198.51.100.7/32")
		p.want("observed", fmt.Sprint(b.Observed, b.Stage), "true 0")
		p.holds()
		p.later(11*time.Minute, "unban 198.51.100.7/32")
	}
	p.SetOptions(p.now, options)
	p.judge(verdict("198.51.100.7/32", 1), "ban 198.51.100.7/32")
	p.want("stage", fmt.Sprint(p.ban("198.51.100.7/32").Stage), "0")
}

func modes(p *prison) {
	observe := options
	observe.Observe = true
	p.judge(verdict("198.51.100.7/32", 1), "ban 198.51.100.7/32")
	p.deny("192.0.2.0/24")
	p.want("observe", said(p.SetOptions(p.now, observe)), "")
	p.holds()
	p.judge(verdict("198.51.100.8/32", 1), "ban 198.51.100.8/32")
	p.order("198.51.100.9/32", time.Hour)
	p.want("enforce", said(p.SetOptions(p.now, options)), "unban 198.51.100.8/32, unban 198.51.100.9/32")
	p.holds("192.0.2.0/24", "198.51.100.7/32")
}

func leaking(p *prison) {
	for _, after := range []time.Duration{5 * time.Second, 6 * time.Second} {
		p.judge(verdict("198.51.100.0/24", 9), "ban 198.51.100.0/24")
		leaks := p.Leaks(netip.MustParseAddr("198.51.100.7"), p.now.Add(after))
		p.want("leaks after "+after.String(), fmt.Sprint(leaks), fmt.Sprint(after > 5*time.Second))
		p.later(2*time.Hour, "unban 198.51.100.0/24")
	}
	p.judge(verdict("198.51.100.0/24", 9), "ban 198.51.100.0/24")
	p.want("stage", fmt.Sprint(p.ban("198.51.100.0/24").Stage), "1")
	p.want("outside", fmt.Sprint(p.Leaks(netip.MustParseAddr("198.51.101.7"), p.now.Add(time.Hour))), "false")
}

func denying(p *prison) {
	p.want("deny", said(p.deny("203.0.113.0/24", "2001:db8::/48")), "ban 203.0.113.0/24, ban 2001:db8::/48")
	p.later(10000*time.Hour, "")
	p.holds("203.0.113.0/24", "2001:db8::/48")
	b := p.ban("203.0.113.0/24")
	p.want("ban", fmt.Sprint(b.Stage, b.Until.IsZero(), b.Reasons), "-1 true [on the deny list]")
	changes, err := p.Ban(p.now, jail.Order{Prefix: pfx("203.0.113.0/24")})
	p.want("by hand", fmt.Sprint(changes, err), "[] <nil>")
	p.want("deny", said(p.deny("2001:db8::/48")), "unban 203.0.113.0/24")
	p.holds("2001:db8::/48")
}

func lifting(p *prison) {
	p.deny("203.0.113.0/24")
	p.unblock(0, "203.0.113.0/24")
	p.want("listed still", said(p.deny("203.0.113.0/24")), "")
	p.later(10000*time.Hour, "")
	p.Unsaved()
	again := open(p.T, options)
	again.Restore(p.now, p.Snapshot())
	p.want("after a restart", said(again.SetDeny(p.now, parsed("203.0.113.0/24"))), "")
	again.Jail = jail.New(options)
	again.SetDeny(p.now, parsed("203.0.113.0/24"))
	p.want("listed before it is restored", said(again.Restore(p.now, p.Snapshot())), "")
	again.holds()
	p.deny()
	p.want("listed anew", said(p.deny("203.0.113.0/24")), "ban 203.0.113.0/24")
	p.unblock(0, "203.0.113.7/32")
	p.want("carved out", fmt.Sprint(p.ban("203.0.113.0/24").Except), "[203.0.113.7/32]")
	p.unblock(0, "203.0.113.0/24")
	p.judge(verdict("203.0.113.0/24", 9), "ban 203.0.113.0/24")
	p.want("banned again", fmt.Sprint(p.ban("203.0.113.0/24").Origin), fmt.Sprint(jail.DenyList))
}

func allowing(p *prison) {
	p.allow("198.51.100.0/25", "198.51.100.128/25", "203.0.113.7/32")
	p.judge(verdict("198.51.100.0/24", 9), "refused 198.51.100.0/24")
	p.judge(verdict("198.51.100.0/24", 9), "") // reported once
	p.want("counted", fmt.Sprint(p.Counts().Exempt), "2")
	if _, err := p.Ban(p.now, jail.Order{Prefix: pfx("198.51.100.7/32")}); !errors.Is(err, jail.ErrExempt) {
		p.Errorf("by hand: %v", err)
	}
	p.want("deny", said(p.deny("198.51.100.0/28")), "refused 198.51.100.0/28")
	p.judge(verdict("203.0.113.6/31", 9), "ban 203.0.113.6/31")
	p.holds("203.0.113.6/32")
	p.want("deny", said(p.allow()), "ban 198.51.100.0/28")
	p.holds("198.51.100.0/28", "203.0.113.6/31")
}

func freeing(p *prison) {
	p.judge(verdict("198.51.100.7/32", 1), "ban 198.51.100.7/32")
	p.judge(verdict("198.51.100.128/25", 9), "ban 198.51.100.128/25")
	changes := p.allow("198.51.100.7/32", "198.51.100.128/26")
	p.want("allow", said(changes), "unban 198.51.100.7/32")
	p.want("forgets", forgets(changes), "198.51.100.7/32 198.51.100.7/32 198.51.100.128/26")
	p.holds("198.51.100.192/26")
	p.allow()
	p.holds("198.51.100.128/25")
}

func expiring(p *prison) {
	p.order("198.51.100.6/31", time.Hour)
	p.SetAllow(p.now, []jail.AllowEntry{{Prefix: pfx("198.51.100.7/32"), Until: p.now.Add(time.Minute), Note: "Ann's office"}})
	p.holds("198.51.100.6/32")
	next, _ := p.Next()
	p.want("next", next.Sub(p.now).String(), "1m0s")
	p.later(time.Minute, "allow 198.51.100.7/32")
	p.holds("198.51.100.6/31")
	p.want("entries", fmt.Sprint(len(p.AllowEntries())), "0")
	p.want("what it did meanwhile", fmt.Sprint(p.Forgotten(netip.MustParseAddr("198.51.100.7"), p.now)), "true")
}

func builtInRanges(p *prison) {
	for _, text := range []string{"127.0.0.1/32", "169.254.3.0/24", "224.0.0.5/32", "0.0.0.0/32", "255.255.255.255/32", "::/128", "::1/128", "fe80::/64", "ff02::1/128"} {
		p.judge(verdict(text, 1), "refused "+text)
	}
	private := []string{"10.1.2.3/32", "172.20.0.0/16", "192.168.0.0/24", "100.100.0.1/32", "fd00:1::/64"}
	for _, text := range private {
		p.judge(verdict(text, 1), "refused "+text)
	}
	o := options
	o.BanPrivate = true
	p.SetOptions(p.now, o)
	for _, text := range private {
		p.judge(verdict(text, 1), "ban "+text)
	}
	p.want("turned off again", said(p.SetOptions(p.now, options)),
		"unban 10.1.2.3/32, unban 100.100.0.1/32, unban 172.20.0.0/16, unban 192.168.0.0/24, unban fd00:1::/64")
}

func protecting(p *prison) {
	p.SetProtected(p.now, []jail.Protected{
		{Prefix: pfx("198.51.100.1/32"), Why: "default gateway"},
		{Prefix: pfx("203.0.113.7/32"), Why: "ann is logged in from it", Until: p.now.Add(24 * time.Hour)},
	})
	p.judge(verdict("198.51.100.0/31", 2), "ban 198.51.100.0/31")
	p.holds("198.51.100.0/32")
	changes := p.judge(verdict("203.0.113.7/32", 1), "refused 203.0.113.7/32")
	p.want("why", changes[0].Reason, "never banned: ann is logged in from it (tier 1)")
	p.want("lookup", p.Lookup(netip.MustParseAddr("203.0.113.7")).Protected.Why, "ann is logged in from it")
	p.want("exempt", fmt.Sprint(p.Exempt(netip.MustParseAddr("203.0.113.7"))), "true")
	p.later(24*time.Hour, "unban 198.51.100.0/31")
	p.judge(verdict("203.0.113.7/32", 1), "ban 203.0.113.7/32")
	p.want("entries", fmt.Sprint(len(p.ProtectedEntries())), "1")
}

func tooWide(p *prison) {
	p.judge(verdict("198.0.0.0/15", 999), "refused 198.0.0.0/15")
	p.judge(verdict("2001::/31", 999), "refused 2001::/31")
	p.want("deny", said(p.deny("128.0.0.0/8")), "refused 128.0.0.0/8")
	p.want("counted", fmt.Sprint(p.Counts().TooWide), "3")
	_, err := p.Ban(p.now, jail.Order{Prefix: pfx("198.0.0.0/15")})
	if !errors.Is(err, jail.ErrTooWide) || !strings.Contains(err.Error(), "[jail] maxPrefix4 = 16") {
		p.Errorf("by hand: %v", err)
	}
	p.judge(verdict("198.51.0.0/16", 999), "ban 198.51.0.0/16")
	o := options
	o.MaxPrefix4 = 17
	p.want("reload", said(p.SetOptions(p.now, o)), "unban 198.51.0.0/16")
}

func evicting(p *prison) {
	o := options
	o.MaxBans = 3
	p.Jail = jail.New(o)
	p.judge(verdict("198.51.100.1/32", 1), "ban 198.51.100.1/32")
	p.later(11*time.Minute, "unban 198.51.100.1/32")
	p.judge(verdict("198.51.100.1/32", 1), "ban 198.51.100.1/32") // stage 1
	p.order("203.0.113.9/32", time.Minute)
	p.judge(verdict("198.51.100.2/32", 1), "ban 198.51.100.2/32")
	p.now = p.now.Add(30 * time.Second)
	p.judge(verdict("198.51.100.3/32", 1), "unban 198.51.100.2/32, ban 198.51.100.3/32")
	p.want("counted", fmt.Sprint(p.Counts().Evicted), "1")
	p.order("203.0.113.8/32", time.Minute)
	p.judge(verdict("198.51.100.4/32", 1), "refused 198.51.100.4/32")
	p.order("203.0.113.7/32", time.Minute)
	_, err := p.Ban(p.now, jail.Order{Prefix: pfx("203.0.113.6/32")})
	if !errors.Is(err, jail.ErrFull) {
		p.Errorf("by hand: %v", err)
	}
	p.want("history", fmt.Sprint(len(p.History())), "3")
	p.holds("203.0.113.7/32", "203.0.113.8/32", "203.0.113.9/32")
}

func crowding(p *prison) {
	o := options
	o.MaxBans = 70
	p.Jail = jail.New(o)
	for i := range 65 {
		p.judge(verdict(fmt.Sprintf("2001:db8:0:%x::/64", i), 1), fmt.Sprintf("ban %s", pfx(fmt.Sprintf("2001:db8:0:%x::/64", i))))
	}
	p.order("2001:db8:0:ffff::/64", time.Hour)
	for i := range 4 {
		p.order(fmt.Sprintf("198.51.100.%d/32", i), time.Hour)
	}
	changes := p.Judge(p.now, verdict("203.0.113.1/32", 1))
	p.want("first and last", said(changes[:1])+", "+said(changes[len(changes)-1:]), "extend 2001:db8::/48, ban 203.0.113.1/32")
	p.want("changes", fmt.Sprint(len(changes), p.Counts().Merged, p.Counts().Evicted), "67 65 0")
	b := p.ban("2001:db8::/48")
	p.want("evidence", fmt.Sprint(b.Evidence.Hosts, b.Evidence.Requests, b.Stage), "65 1300 0")
	p.holds("198.51.100.0/32", "198.51.100.1/32", "198.51.100.2/32", "198.51.100.3/32", "203.0.113.1/32",
		"2001:db8::/49", "2001:db8:0:8000::/50", "2001:db8:0:c000::/51", "2001:db8:0:e000::/52", "2001:db8:0:f000::/53",
		"2001:db8:0:f800::/54", "2001:db8:0:fc00::/55", "2001:db8:0:fe00::/56", "2001:db8:0:ff00::/57", "2001:db8:0:ff80::/58",
		"2001:db8:0:ffc0::/59", "2001:db8:0:ffe0::/60", "2001:db8:0:fff0::/61", "2001:db8:0:fff8::/62", "2001:db8:0:fffc::/63",
		"2001:db8:0:fffe::/64", "2001:db8:0:ffff::/64")
}

func unblocking(p *prison) {
	p.judge(verdict("198.51.100.7/32", 1), "ban 198.51.100.7/32")
	p.judge(verdict("198.51.100.0/29", 4), "ban 198.51.100.0/29")
	p.judge(verdict("198.51.100.0/24", 40), "ban 198.51.100.0/24")
	u, changes := p.Unblock(p.now, parsed("198.51.100.4/30"), time.Hour, "ann")
	p.want("changes", said(changes), "unban 198.51.100.7/32, unban 198.51.100.4/30, unban 198.51.100.4/30")
	p.want("answer", fmt.Sprint(u.Done, u.Carved, u.Nothing), "[198.51.100.4/30] [{198.51.100.0/29 198.51.100.4/30} {198.51.100.0/24 198.51.100.4/30}] []")
	p.want("by", changes[0].By, "ann")
	p.holds("198.51.100.0/30", "198.51.100.8/29", "198.51.100.16/28", "198.51.100.32/27", "198.51.100.64/26", "198.51.100.128/25")
	p.judge(verdict("198.51.100.5/32", 1), "refused 198.51.100.5/32")
	p.now = p.now.Add(time.Hour)
	p.Advance(p.now)
	p.judge(verdict("198.51.100.5/32", 1), "ban 198.51.100.5/32")
	p.unblock(0, "198.51.100.0/24")
	p.holds()
}

func gracing(p *prison) {
	p.unblock(time.Hour, "198.51.100.0/24")
	v := verdict("198.51.100.7/32", 1)
	v.Evidence.Requests = 49
	changes := p.judge(v, "refused 198.51.100.7/32")
	p.want("reason", changes[0].Reason, "198.51.100.0/24 was unblocked and has grace until 2026-01-02T04:04:05Z: 49 requests, 5 times 10 needed (tier 1)")
	v.Evidence.Requests = 50
	p.judge(v, "ban 198.51.100.7/32")
	p.later(time.Hour, "unban 198.51.100.7/32")
	p.judge(verdict("198.51.100.8/32", 1), "ban 198.51.100.8/32")
}

func carvingGrace(p *prison) {
	p.unblock(time.Hour, "198.51.100.7/32")
	p.judge(verdict("198.51.100.6/31", 2), "ban 198.51.100.6/31")
	p.holds("198.51.100.6/32")
	v := verdict("198.51.100.4/30", 2)
	v.Evidence.Requests = 50
	p.judge(v, "extend 198.51.100.4/30")
	p.holds("198.51.100.4/30")
	p.unblock(time.Hour, "203.0.113.0/25")
	p.unblock(time.Hour, "203.0.113.128/25")
	p.judge(verdict("203.0.113.0/24", 9), "refused 203.0.113.0/24")
}

func exporting(p *prison) {
	v := verdict("198.51.100.0/24", 9)
	v.Enforceable = false
	p.judge(v, "ban 198.51.100.0/24")
	p.holds()
	inside := verdict("198.51.100.7/32", 1)
	inside.Enforceable = false
	p.judge(inside, "")
	v.Enforceable = true
	p.judge(v, "ban 198.51.100.0/24")
	p.holds("198.51.100.0/24")
	v.Enforceable = false
	p.judge(v, "")
	p.holds("198.51.100.0/24")

	v = verdict("203.0.113.0/24", 9)
	v.Enforceable = false
	p.judge(v, "ban 203.0.113.0/24")
	p.judge(verdict("203.0.113.7/32", 1), "ban 203.0.113.7/32")
	p.holds("198.51.100.0/24", "203.0.113.7/32")
}

func forgetting(p *prison) {
	asked := func(addr string, at time.Time) string { return fmt.Sprint(p.Forgotten(netip.MustParseAddr(addr), at)) }
	p.judge(verdict("198.51.100.0/24", 9), "ban 198.51.100.0/24")
	p.want("while it is active", asked("198.51.100.7", p.now), "false")
	end := p.ban("198.51.100.0/24").Until
	p.later(time.Hour, "unban 198.51.100.0/24")
	p.want("before its end", asked("198.51.100.7", end), "true")
	p.want("after its end", asked("198.51.100.7", end.Add(1)), "false")
	p.want("beside it", asked("198.51.101.7", end), "false")
	p.unblock(0, "203.0.113.7/32")
	p.want("before the unblock", asked("203.0.113.7", p.now), "true")
	again := jail.New(options)
	again.Restore(p.now, p.Snapshot())
	p.want("after a restart", fmt.Sprint(again.Forgotten(netip.MustParseAddr("203.0.113.7"), p.now)), "true")
}

func clockBack(p *prison) {
	p.order("198.51.100.7/32", 10*time.Minute)
	p.now = p.now.Add(4 * time.Minute)
	p.Advance(p.now)
	p.now = p.now.Add(-24 * time.Hour)
	p.Advance(p.now)
	b := p.ban("198.51.100.7/32")
	p.want("ago and left", fmt.Sprint(p.now.Sub(b.Start), b.Until.Sub(p.now)), "4m0s 6m0s")
	p.want("saved anew", fmt.Sprint(len(p.Unsaved().Bans)), "1")
	holds, _ := p.Holds()
	p.want("held", holds[0].Until.Sub(p.now).String(), "6m0s")
	p.later(6*time.Minute, "unban 198.51.100.7/32")
}

func restartBack(p *prison) {
	p.order("198.51.100.7/32", 10*time.Minute)
	p.unblock(time.Hour, "203.0.113.7/32")
	saved := p.Snapshot()
	p.Jail, p.now = jail.New(options), p.now.Add(-24*time.Hour)
	p.Restore(p.now, saved)
	p.want("left", p.ban("198.51.100.7/32").Until.Sub(p.now).String(), "10m0s")
	p.want("grace", p.Lookup(netip.MustParseAddr("203.0.113.7")).Grace.Until.Sub(p.now).String(), "1h0m0s")
	p.later(10*time.Minute, "unban 198.51.100.7/32")
}

func TestOrdersThatCannotBeCarriedOut(t *testing.T) {
	for _, test := range []struct {
		name  string
		order jail.Order
		want  error
	}{
		{"no prefix", jail.Order{}, jail.ErrPrefix},
		{"mapped and wider than IPv4", jail.Order{Prefix: netip.PrefixFrom(netip.MustParseAddr("::ffff:198.51.100.0"), 90)}, jail.ErrPrefix},
		{"negative", jail.Order{Prefix: pfx("198.51.100.7/32"), For: -time.Hour}, jail.ErrDuration},
		{"under a second", jail.Order{Prefix: pfx("198.51.100.7/32"), For: time.Millisecond}, jail.ErrDuration},
		{"over a century", jail.Order{Prefix: pfx("198.51.100.7/32"), For: 1 << 62}, jail.ErrDuration},
		{"loopback", jail.Order{Prefix: pfx("127.0.0.1/32")}, jail.ErrExempt},
		{"everybody", jail.Order{Prefix: pfx("0.0.0.0/0")}, jail.ErrTooWide},
	} {
		t.Run(test.name, func(t *testing.T) {
			if changes, err := jail.New(options).Ban(start, test.order); !errors.Is(err, test.want) || len(changes) > 0 {
				t.Errorf("got %v and %v, want %v", changes, err, test.want)
			}
		})
	}
}

func TestAnOrderOnARunningBan(t *testing.T) {
	p := open(t, options)
	p.judge(verdict("198.51.100.0/24", 9), "ban 198.51.100.0/24")
	p.unblock(time.Hour, "198.51.100.7/32")
	changes, err := p.Ban(p.now, jail.Order{Prefix: pfx("198.51.100.0/24"), For: time.Minute, Reason: "still at it", By: "ann"})
	if err != nil {
		t.Fatal(err)
	}
	p.want("changes", said(changes), "extend 198.51.100.0/24")
	b := p.ban("198.51.100.0/24")
	p.want("ban", fmt.Sprintf("%s %d %s %s %d", b.Until.Sub(p.now), b.Stage, b.Reasons, b.By, b.Evidence.Hosts), "1m0s -1 [tier 1 still at it] ann 9")
	p.holds("198.51.100.0/24")
	p.later(time.Minute, "unban 198.51.100.0/24")
}

func TestMappedAddressesAreIPv4(t *testing.T) {
	p := open(t, options)
	v := verdict("198.51.100.7/32", 1)
	v.Prefix = netip.PrefixFrom(netip.MustParseAddr("::ffff:198.51.100.9"), 126)
	p.judge(v, "ban 198.51.100.8/30")
	p.holds("198.51.100.8/30")
}

func TestLookup(t *testing.T) {
	p := open(t, options)
	p.allow("198.51.100.0/30", "198.51.100.0/31")
	p.judge(verdict("198.51.100.9/32", 1), "ban 198.51.100.9/32")
	p.later(11*time.Minute, "unban 198.51.100.9/32")
	p.judge(verdict("198.51.100.9/32", 1), "ban 198.51.100.9/32")
	p.judge(verdict("198.51.100.8/29", 9), "ban 198.51.100.8/29")
	s := p.Lookup(netip.MustParseAddr("198.51.100.9"))
	var bans []string
	for _, b := range slices.Concat(s.Bans, s.History) {
		bans = append(bans, b.Prefix.String())
	}
	p.want("bans", strings.Join(bans, " "), "198.51.100.8/29 198.51.100.9/32 198.51.100.9/32")
	p.want("allowed", p.Lookup(netip.MustParseAddr("198.51.100.1")).Allowed.Prefix.String(), "198.51.100.0/31")
	p.want("stops", fmt.Sprint(p.Stops(netip.MustParseAddr("198.51.100.10")), p.Stops(netip.MustParseAddr("198.51.100.1"))), "true false")
	v4, v6 := p.Count()
	p.want("count", fmt.Sprint(v4, v6), "2 0")
}

func TestRefusalsAreReportedOnceInAWhile(t *testing.T) {
	p := open(t, options)
	for i := range 30 {
		want := ""
		if i%10 == 0 {
			want = "refused 127.0.0.1/32"
		}
		p.judge(verdict("127.0.0.1/32", 1), want)
		p.now = p.now.Add(time.Minute)
	}
	for i := range 5000 { // more than the table of reported refusals holds
		p.Judge(p.now, verdict(fmt.Sprintf("127.1.%d.%d/32", i/256, i%256), 1))
	}
	p.want("counted", fmt.Sprint(p.Counts().Exempt), "5030")
}

func TestRestoreTakesNoDamagedRecords(t *testing.T) {
	good := jail.Ban{Prefix: pfx("198.51.100.7/32"), Start: start, Until: start.Add(time.Hour), Stage: 99}
	forever := good
	forever.Prefix, forever.Until = pfx("198.51.100.8/32"), time.Time{}
	outside := good
	outside.Prefix, outside.Except = pfx("203.0.113.0/24"), parsed("192.0.2.1/32", "203.0.113.128/25")
	wide := good
	wide.Prefix = pfx("198.0.0.0/8")
	p := open(t, options)
	p.Restore(start, jail.Snapshot{
		Bans:   []jail.Ban{good, good, {}, forever, outside, wide},
		Ended:  []jail.Ban{{}, {Prefix: pfx("198.51.100.9/32"), Next: -3, Until: start.Add(time.Hour)}},
		Graces: []jail.Grace{{}, {Prefix: pfx("198.51.100.9/32"), Since: start.Add(time.Hour)}},
	})
	p.want("damaged", fmt.Sprint(p.Counts().Damaged), "5")
	p.want("stage", fmt.Sprint(p.ban("198.51.100.7/32").Stage), "2")
	p.holds("198.51.100.7/32", "203.0.113.0/25")
}
