package jail_test

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"cidrx/agent/jail"
)

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
