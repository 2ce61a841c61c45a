package agent

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"cidrx/agent/config"
	"cidrx/agent/control"
	"cidrx/detect"
	"cidrx/detect/cidr"
	"cidrx/detect/match"
	"cidrx/detect/parse"
)

// selftestName names the source and the strategy of the self-test; no configured one can have it.
const selftestName = "(selftest)"

// selftestNetworks are reserved for documentation (RFC 5737): nobody real is in them.
var selftestNetworks = []netip.Prefix{
	netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("198.51.100.0/24"), netip.MustParsePrefix("203.0.113.0/24"),
}

// strategies are those of the configuration and, last, the self-test's, which bans at the first request.
func (a *Agent) strategies(cfg *config.Config) []detect.Strategy {
	test := detect.Strategy{
		Name: selftestName, Filter: match.Options{Sources: []string{selftestName}}, Window: time.Second, MaxEntries: 16,
		Tiers: []cidr.Tier{{MinSize: 1, MinDepth: 32, MaxDepth: 32, MaxCollateral: cidr.NoCollateralLimit, Jail: true}},
	}
	return append(append([]detect.Strategy(nil), cfg.Live...), test)
}

// Selftest sends a line through parsing, detection and jail, sees the element in the kernel, and removes it.
func (a *Agent) Selftest(ctx context.Context, by control.Caller) (control.SelftestReply, error) {
	t := &selftest{agent: a}
	t.step("a line from a test address is parsed, counted and leads to a ban", func() (string, error) { return t.inject(ctx) })
	t.step("the kernel holds the element", func() (string, error) { return t.see(ctx, true) })
	t.step("it is unblocked", func() (string, error) {
		lift, cancel := context.WithTimeout(context.WithoutCancel(ctx), liftPatience) // also if the caller has gone
		defer cancel()
		return t.lift(lift, by)
	})
	t.step("the kernel holds it no more", func() (string, error) { return t.see(ctx, false) })
	reply := control.SelftestReply{OK: true, Steps: t.steps}
	for _, s := range t.steps {
		reply.OK = reply.OK && s.OK
	}
	return reply, nil
}

// liftPatience is how long a self-test waits for the kernel to let go of its element.
const liftPatience = 30 * time.Second

// selftest is one run.
type selftest struct {
	agent *Agent
	addr  netip.Addr
	steps []control.SelftestStep
}

// step runs one step, unless there is no address to look at.
func (t *selftest) step(what string, f func() (note string, err error)) {
	if len(t.steps) > 0 && !t.addr.IsValid() {
		return
	}
	start := t.agent.o.Clock()
	note, err := f()
	s := control.SelftestStep{What: what, OK: err == nil, MS: float64(t.agent.o.Clock().Sub(start).Microseconds()) / 1000, Note: note}
	if err != nil {
		s.Note = err.Error()
	}
	t.steps = append(t.steps, s)
}

func (t *selftest) inject(ctx context.Context) (string, error) {
	a := t.agent
	addr, err := command(ctx, a, func(now time.Time) (netip.Addr, error) { return a.injectTestLine(now) })
	t.addr = addr
	return addr.String(), err
}

// injectTestLine lets a log line of an unused test address take the way of every line.
func (a *Agent) injectTestLine(now time.Time) (netip.Addr, error) {
	addr, ok := a.testAddress()
	if !ok {
		return addr, fmt.Errorf("all documentation networks (192.0.2.0/24, 198.51.100.0/24, 203.0.113.0/24) are allowed, protected or banned here")
	}
	parser, err := parse.New("combined", parse.Options{})
	if err != nil {
		return addr, err
	}
	var b batch
	d := newDecoder(selftestName, parser, a.core.engine.Matcher(), new(sourceCounts))
	d.decode(&b, fmt.Appendf(nil, "%s - - [%s] \"GET /cidrx-selftest HTTP/1.1\" 404 0 \"-\" \"cidrx-selftest\"\n", addr, now.UTC().Format("02/Jan/2006:15:04:05 -0700")), nil)
	if len(b.events) != 1 {
		return addr, fmt.Errorf("the test line did not parse: %v", d.counts.unparsable())
	}
	only := detect.Mask(1) << len(a.cfg.Live) // it is nobody's traffic
	a.core.observe(now, &b.events[0], b.masks[0]&only)
	if len(a.core.jail.Lookup(addr).Bans) == 0 {
		return addr, fmt.Errorf("the test line of %s led to no ban", addr)
	}
	return addr, nil
}

func (a *Agent) testAddress() (netip.Addr, bool) {
	for _, n := range selftestNetworks {
		for addr := n.Addr().Next(); n.Contains(addr); addr = addr.Next() {
			if st := a.core.jail.Lookup(addr); !a.core.jail.Exempt(addr) && len(st.Bans) == 0 && !st.Grace.Prefix.IsValid() {
				return addr, true
			}
		}
	}
	return netip.Addr{}, false
}

// see looks whether the kernel itself holds the element.
func (t *selftest) see(ctx context.Context, wanted bool) (string, error) {
	enforcing, err := ask(ctx, t.agent, func(time.Time) (bool, error) { return t.agent.mode.Enforce && t.agent.enforces(), nil })
	if err != nil {
		return "", err
	}
	if !enforcing {
		return "not enforcing: the firewall is left alone, and was not looked at", nil
	}
	fw := t.agent.enforcer.opened()
	if fw == nil {
		return "", errors.New("the firewall could not be opened; cidrxctl status says why")
	}
	c, err := fw.Counters(ctx)
	if err != nil {
		return "", err
	}
	if _, held := c.Elements[clientPrefix(t.addr)]; held != wanted {
		return "", fmt.Errorf("%s: in the kernel: %t, wanted: %t", t.addr, held, wanted)
	}
	return "", nil
}

func (t *selftest) lift(ctx context.Context, by control.Caller) (string, error) {
	none := int64(0)
	done, err := t.agent.Unblock(ctx, by, control.UnblockRequest{Prefixes: []netip.Prefix{clientPrefix(t.addr)}, GraceS: &none})
	if err == nil && len(done.Done) != 1 {
		err = fmt.Errorf("%s was not banned any more", t.addr)
	}
	return "", err
}
