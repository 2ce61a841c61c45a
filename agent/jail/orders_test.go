package jail_test

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"cidrx/agent/jail"
)

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
