package jail_test

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"cidrx/agent/jail"
)

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
