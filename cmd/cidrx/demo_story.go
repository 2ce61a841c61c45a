package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"cidrx/agent/control"
	"cidrx/detect/report"
)

// demoConfig is the demonstration's configuration: a strategy that looks at user agents and one that looks at failing logins, both
// over the same log.
const demoConfig = `
[agent]
mode     = "enforce"
stateDir = %[1]q
socket   = %[2]q

[log]
level = "warn"

[source.web]
paths   = [%[3]q]
format  = "combined"
startAt = "window"
trust   = true      # it lies in a temporary directory

[live.scanners]
useragentRegex = "(?i)sqlmap|nikto|masscan"
window         = "10m"
clusterArgSets = [[20, 32, 32, 0.0]]
useForJail     = [true]

[live.logins]
endpointRegex  = "^/login"
statuses       = ["401"]
window         = "10m"
clusterArgSets = [[300, 20, 30, 0.2]]
useForJail     = [true]
`

// story tells what happens, and keeps what did not happen as it should.
type story struct {
	site   *site
	client *control.Client
	events chan control.Event
	begun  time.Time
	failed []string
}

// demoInside plays the demonstration, in the private namespaces.
func demoInside(ctx context.Context, dir string) error {
	logPath := filepath.Join(dir, "access.log")
	s, err := newSite(logPath)
	if err != nil {
		return fmt.Errorf("demo: cannot make a private network: %w; run it as root: sudo cidrx demo", err)
	}
	socket := filepath.Join(dir, "cidrx.sock")
	st := &story{site: s, client: &control.Client{Socket: socket}, events: make(chan control.Event, 64), begun: time.Now()}
	agent, err := st.startAgent(dir, socket, logPath)
	if err != nil {
		return errors.Join(err, s.close())
	}
	ctx, cancel := context.WithCancel(ctx)
	err = st.play(ctx)
	cancel()
	err = errors.Join(err, stopAgent(agent), s.close())
	if err == nil && len(st.failed) > 0 {
		err = fmt.Errorf("demo: %d things did not happen as they should, the first: %s", len(st.failed), st.failed[0])
	}
	return err
}

func (st *story) startAgent(dir, socket, logPath string) (*exec.Cmd, error) {
	file := filepath.Join(dir, "cidrx.toml")
	if err := os.WriteFile(file, fmt.Appendf(nil, demoConfig, filepath.Join(dir, "state"), socket, logPath), 0o600); err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(self, "agent", "--config", file)
	cmd.Env = demoEnviron()
	cmd.Stderr = os.Stderr
	if err := st.site.edge.Start(cmd); err != nil {
		return nil, fmt.Errorf("demo: start the agent: %w", err)
	}
	return cmd, nil
}

func stopAgent(cmd *exec.Cmd) error {
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	late := time.AfterFunc(demoStop, func() { cmd.Process.Kill() })
	defer late.Stop()
	return cmd.Wait()
}

// demoStop is how long the agent may take to stop: it gives disk and kernel some seconds itself.
const demoStop = 30 * time.Second

// play tells the story from beginning to end.
func (st *story) play(ctx context.Context) error {
	if err := st.waitForAgent(ctx); err != nil {
		return err
	}
	go st.client.Events(ctx, true, func(e control.Event) error { st.events <- e; return nil })
	for _, chapter := range []func(context.Context) error{st.ordinary, st.attack, st.dropped, st.explain, st.unblock} {
		if err := chapter(ctx); err != nil {
			return err
		}
	}
	if len(st.failed) == 0 {
		st.say("All of this happened: real requests, the real kernel. Nothing of it is left on this host.")
	}
	return nil
}

func (st *story) waitForAgent(ctx context.Context) error {
	for {
		status, err := st.client.Status(ctx)
		if err == nil && status.State == "enforcing" && status.Kernel.Drift == 0 {
			st.say("An edge host at %s serves a small site; its access log is followed by cidrx agent (%s, %s).", demoSite, status.Mode, status.Backend)
			return nil
		}
		if err == nil && status.State == "broken" && time.Since(st.begun) > demoWarmUp {
			return fmt.Errorf("demo: the agent cannot enforce here: %s", status.Why)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("demo: the agent did not start: %w", errors.Join(err, ctx.Err()))
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// demoWarmUp is how long the agent may take until the kernel has confirmed its first order.
const demoWarmUp = 20 * time.Second

// say tells one line, with the time since the beginning.
func (st *story) say(format string, args ...any) {
	fmt.Printf("%5.1fs  %s\n", time.Since(st.begun).Seconds(), fmt.Sprintf(format, args...))
}

// check says what is true, or notes that it is not.
func (st *story) check(ok bool, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if ok {
		st.say("  ok: %s", text)
		return
	}
	st.failed = append(st.failed, text)
	st.say("  NOT SO: %s", text)
}

// ordinary lets visitors come. None of them may be banned, now or later.
func (st *story) ordinary(ctx context.Context) error {
	from := hostsOf(demoVisitors, 40)
	ok := crowd(from, 10, func(a netip.Addr, n int) int {
		return st.site.request(ctx, a, "GET", []string{"/", "/products", "/login"}[n%3], "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0")
	})
	st.say("Ordinary visitors: %d hosts of %s send %d requests.", len(from), demoVisitors, 10*len(from))
	st.check(ok == 10*len(from), "all of them are answered")
	return nil
}

// attack: one loud scanner, and a /26 whose hosts are each so quiet that none of them stands out.
func (st *story) attack(ctx context.Context) error {
	st.say("A scanner at %s, loud:", demoLoud)
	crowd([]netip.Addr{demoLoud}, 20, func(a netip.Addr, n int) int {
		return st.site.request(ctx, a, "GET", fmt.Sprintf("/admin%d.php", n), "sqlmap/1.9")
	})
	loud, err := st.awaitBan(ctx, demoLoud)
	if err != nil {
		return err
	}
	st.tellBan(loud)
	st.check(*loud.Prefix == netip.PrefixFrom(demoLoud, 32), "the ban is for that host alone")

	bots := hostsOf(demoBotnet, 64)
	st.say("A botnet of %d hosts in %s guesses passwords, each host a few times:", len(bots), demoBotnet)
	stop, done := st.besiege(ctx, bots)
	quiet, err := st.awaitBan(ctx, demoBotnet.Addr())
	if err != nil {
		stop()
		return err
	}
	st.tellBan(quiet)
	most := done(stop)
	st.check(*quiet.Prefix == demoBotnet, "the ban is for exactly %s, from a tier that asks for 300 requests; its loudest host had sent %d", demoBotnet, most)
	return nil
}

// besiege lets the bots guess, round after round, until stop. done waits and says how many answers the luckiest of them got.
func (st *story) besiege(ctx context.Context, bots []netip.Addr) (stop func(), done func(stop func()) int) {
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	most := 0
	wg.Go(func() {
		for round := 0; ctx.Err() == nil && round < 20; round++ {
			answered := crowd(bots, 1, func(a netip.Addr, _ int) int {
				return st.site.request(ctx, a, "POST", "/login", "Mozilla/5.0 (Windows NT 10.0) Chrome/143.0")
			})
			if answered > 0 {
				most++
			}
		}
	})
	return cancel, func(stop func()) int { stop(); wg.Wait(); return most }
}

// awaitBan waits until the audit trail shows a ban of addr as in force.
func (st *story) awaitBan(ctx context.Context, addr netip.Addr) (control.Event, error) {
	limit := time.After(30 * time.Second)
	for {
		select {
		case e := <-st.events:
			if e.Event == "ban" && e.Prefix != nil && e.Prefix.Contains(addr) {
				return e, nil
			}
		case <-limit:
			return control.Event{}, fmt.Errorf("demo: no ban of %s came", addr)
		case <-ctx.Done():
			return control.Event{}, ctx.Err()
		}
	}
}

func (st *story) tellBan(e control.Event) {
	for _, line := range e.Samples[:min(1, len(e.Samples))] {
		st.say("  seen:   %s", report.Printable(line))
	}
	st.say("  banned: %s for %s, %d requests of %s (%s)", e.Prefix, lasting(e), e.Requests, plural(e.Hosts, "host"), e.Reason)
}

// dropped shows by the kernel's counters, and by who gets an answer, what the bans do.
func (st *story) dropped(ctx context.Context) error {
	before, err := st.client.Status(ctx)
	if err != nil {
		return err
	}
	banned := append(hostsOf(demoBotnet, 15), demoLoud)
	answered := crowd(banned, 1, func(a netip.Addr, _ int) int { return st.site.knock(ctx, a) })
	st.check(answered == 0 && st.site.log.knocks() == 0, "none of %d banned hosts gets through to the site any more", len(banned))
	time.Sleep(dropCacheAge)
	after, err := st.client.Status(ctx)
	if err != nil {
		return err
	}
	dropped := after.Kernel.DroppedPackets - before.Kernel.DroppedPackets
	st.check(dropped >= uint64(len(banned)), "the kernel's counters: %d packets dropped before, %d after", before.Kernel.DroppedPackets, after.Kernel.DroppedPackets)
	st.check(st.site.request(ctx, demoNearby, "GET", "/", "Firefox") == 200, "%s, a neighbour outside the /26, is served", demoNearby)
	visitor := hostsOf(demoVisitors, 1)[0]
	st.check(st.site.request(ctx, visitor, "GET", "/", "Firefox") == 200, "%s, an ordinary visitor, is served", visitor)
	st.check(after.Bans.IPv4 == 2, "there are 2 bans and no other (%d)", after.Bans.IPv4)
	return nil
}

// dropCacheAge is a little more than the age up to which the agent shows counters it has.
const dropCacheAge = 1100 * time.Millisecond

// explain asks why.
func (st *story) explain(ctx context.Context) error {
	bot := hostsOf(demoBotnet, 8)[7]
	why, err := st.client.Why(ctx, bot)
	if err != nil {
		return err
	}
	st.say("cidrxctl why %s:", bot)
	for _, b := range why.Bans {
		st.say("  %s is banned, %ds left, %d packets dropped: %s", b.Prefix, b.RemainingS, b.DroppedPackets, b.Reasons[0])
		for _, line := range b.Samples[:min(2, len(b.Samples))] {
			st.say("    %s", report.Printable(line))
		}
	}
	st.check(len(why.Bans) == 1 && why.Bans[0].State == "in_force" && len(why.Bans[0].Samples) > 0, "the ban is explained, with log lines")
	return nil
}

// unblock lets one host of the banned network in again.
func (st *story) unblock(ctx context.Context) error {
	bots := hostsOf(demoBotnet, 8)
	freed, neighbour := bots[6], bots[7]
	done, err := st.client.Unblock(ctx, control.UnblockRequest{Prefixes: []netip.Prefix{netip.PrefixFrom(freed, 32)}})
	if err != nil {
		return err
	}
	st.say("cidrxctl unblock %s:", freed)
	st.check(len(done.Carved) == 1 && done.Carved[0].From == demoBotnet, "it is carved out of %s, and the kernel has confirmed it", demoBotnet)
	st.check(st.site.request(ctx, freed, "GET", "/", "Firefox") == 200, "%s is served again", freed)
	st.check(st.site.knock(ctx, neighbour) == 0, "%s, beside it, is still dropped", neighbour)
	return nil
}

// hostsOf are the first n addresses of a network.
func hostsOf(p netip.Prefix, n int) []netip.Addr {
	var out []netip.Addr
	for a := p.Addr(); len(out) < n && p.Contains(a); a = a.Next() {
		out = append(out, a)
	}
	return out
}

// crowd lets each host send requests, several hosts at a time, and says how many were answered.
func crowd(from []netip.Addr, each int, request func(a netip.Addr, n int) int) int {
	const atOnce = 16
	var wg sync.WaitGroup
	var mu sync.Mutex
	answered := 0
	slots := make(chan struct{}, atOnce)
	for n := range each {
		for _, a := range from {
			slots <- struct{}{}
			wg.Go(func() {
				defer func() { <-slots }()
				if request(a, n) > 0 {
					mu.Lock()
					answered++
					mu.Unlock()
				}
			})
		}
	}
	wg.Wait()
	return answered
}
