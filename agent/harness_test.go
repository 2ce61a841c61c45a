package agent_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"cidrx/agent"
	"cidrx/agent/config"
	"cidrx/agent/control"
	"cidrx/agent/host"
	"cidrx/firewall"
)

// rig is an agent on a fake kernel, with real files and a real socket.
type rig struct {
	t      *testing.T
	dir    string
	config string // text, in which %[1]s stands for dir
	fake   *firewall.Fake
	open   func(config.Firewall) (firewall.Firewall, error)
	skew   atomic.Int64 // nanoseconds added to the clock
	ticks  atomic.Int64 // of the loop
	fixed  atomic.Int64 // Unix nanoseconds at which the clock stands; 0: it goes
	client control.Client
	reload chan struct{}
	log    io.Writer // gets the agent's log; nil: the test's output, if that is verbose
	agent  *agent.Agent

	stop func() error
}

// baseConfig bans single hosts for 20 failing requests, and networks for 300 requests of many hosts.
const baseConfig = `
[agent]
mode     = "enforce"
stateDir = "%[1]s/state"
socket   = "%[1]s/c.sock"
[source.web]
paths  = ["%[1]s/access.log"]
format = "combined"
[live.probes]
statuses       = ["404"]
window         = "10m"
clusterArgSets = [[20, 32, 32, 0.0]]
useForJail     = [true]
[live.nets]
endpointRegex  = "^/login"
window         = "10m"
clusterArgSets = [[300, 20, 28, 0.1]]
useForJail     = [true]
`

func newRig(t *testing.T, text string) *rig {
	t.Helper()
	dir := t.TempDir()
	r := &rig{t: t, dir: dir, config: text, client: control.Client{Socket: filepath.Join(dir, "c.sock")}, reload: make(chan struct{})}
	r.fake = firewall.NewFake(r.now)
	r.open = func(config.Firewall) (firewall.Firewall, error) { return r.fake, nil }
	return r
}

func (r *rig) now() time.Time {
	if at := r.fixed.Load(); at != 0 {
		return time.Unix(0, at)
	}
	return time.Now().Add(time.Duration(r.skew.Load()))
}

func (r *rig) load() (*config.Config, []config.Warning, error) {
	return config.Parse("test.toml", []byte(strings.ReplaceAll(r.config, "%[1]s", r.dir)), config.Inputs{})
}

// start runs the agent until stop, or the end of the test.
func (r *rig) start() *rig {
	r.t.Helper()
	cfg, _, err := r.load()
	if err != nil {
		r.t.Fatal(err)
	}
	out := r.log
	switch {
	case out != nil:
	case testing.Verbose():
		out = r.t.Output()
	default:
		out = io.Discard
	}
	ready := make(chan struct{}, 8)
	a, err := agent.New(cfg, agent.Options{
		Notify: func(state string) {
			if state == "WATCHDOG=1" {
				r.ticks.Add(1)
			}
			if state == "READY=1" {
				select {
				case ready <- struct{}{}:
				default:
				}
			}
		},
		Logger: slog.New(slog.NewTextHandler(out, nil)), Clock: r.now, Firewall: r.open, Load: r.load, Reload: r.reload,
		Host: host.New(host.Options{Root: r.t.TempDir()}),
	})
	if err != nil {
		r.t.Fatal(err)
	}
	r.agent = a
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- a.Run(ctx) }()
	r.stop = func() error { cancel(); r.stop = func() error { return nil }; return <-done }
	r.t.Cleanup(func() { r.stop() })
	select {
	case <-ready:
	case <-time.After(patience):
		r.t.Fatal("the agent is not ready")
	}
	r.await("the agent answers", func() bool { _, err := r.client.Status(r.t.Context()); return err == nil })
	return r
}

// patience is how long tests wait for what should come at once: disks and processors may be busy with other things.
const patience = time.Minute

// await waits for a condition, generously.
func (r *rig) await(what string, ok func() bool) {
	r.t.Helper()
	for deadline := time.Now().Add(patience); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			s, err := r.client.Status(r.t.Context())
			r.t.Fatalf("%s: did not happen; status %+v (%v); kernel:\n%s", what, s, err, r.fake)
		}
	}
}

// write appends log lines of one client.
func (r *rig) write(file string, n int, client, request string, status int) {
	r.t.Helper()
	var b strings.Builder
	for range n {
		fmt.Fprintf(&b, "%s - - [%s] \"%s HTTP/1.1\" %d 12 \"-\" \"test\"\n", client, r.now().Format("02/Jan/2006:15:04:05 -0700"), request, status)
	}
	f, err := os.OpenFile(filepath.Join(r.dir, file), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o640)
	if err != nil {
		r.t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString(b.String()); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) bans() map[string]control.Ban {
	r.t.Helper()
	list, err := r.client.Bans(r.t.Context(), false)
	if err != nil {
		r.t.Fatal(err)
	}
	out := map[string]control.Ban{}
	for _, b := range list {
		out[b.Prefix.String()] = b
	}
	return out
}

func (r *rig) status() control.Status {
	r.t.Helper()
	s, err := r.client.Status(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	return s
}

// lines waits until the source has counted n lines. What follows from the last of them may still be on its way.
func (r *rig) lines(n uint64) {
	r.t.Helper()
	r.await(fmt.Sprintf("%d lines are counted", n), func() bool { return r.status().Sources[0].Lines == n })
}

// inForce waits for a ban to be shown as in force.
func (r *rig) inForce(prefix string) control.Ban {
	r.t.Helper()
	r.await(prefix+" is in force", func() bool { return r.bans()[prefix].State == "in_force" })
	return r.bans()[prefix]
}

// passes says whether the fake kernel lets a packet through.
func (r *rig) passes(addr string) bool { return r.fake.Packet(netip.MustParseAddr(addr)) }

func (r *rig) events() []control.Event {
	r.t.Helper()
	var out []control.Event
	if err := r.client.Events(r.t.Context(), false, func(e control.Event) error { out = append(out, e); return nil }); err != nil {
		r.t.Fatal(err)
	}
	return out
}

func prefix(s string) netip.Prefix { return netip.MustParsePrefix(s) }
