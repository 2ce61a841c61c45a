package jail_test

import (
	"errors"
	"fmt"
	"net/netip"
	"time"

	"cidrx/agent/jail"
)

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
