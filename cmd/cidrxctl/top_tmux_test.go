package main_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cidrx/agent"
	"cidrx/agent/config"
	"cidrx/agent/control"
	"cidrx/agent/host"
	"cidrx/cmd/internal/term/termtest"
	"cidrx/firewall"
)

// live is a real agent on a fake kernel, and cidrxctl top in a terminal of its own.
type live struct {
	*termtest.Terminal
	t    *testing.T
	dir  string
	fake *firewall.Fake
	stop func()
}

const liveConfig = `
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
`

func newLive(t *testing.T) *live {
	t.Helper()
	dir, err := os.MkdirTemp("", "cidrx") // short, as sockets want it
	if err != nil {
		t.Fatal(err)
	}
	l := &live{t: t, dir: dir, fake: firewall.NewFake(time.Now)}
	t.Cleanup(func() { os.RemoveAll(dir) })
	l.write(0, "192.0.2.77")
	return l
}

// start runs the agent until stop.
func (l *live) start() {
	l.t.Helper()
	cfg, _, err := config.Parse("test.toml", []byte(fmt.Sprintf(liveConfig, l.dir)), config.Inputs{})
	if err != nil {
		l.t.Fatal(err)
	}
	a, err := agent.New(cfg, agent.Options{
		Logger: slog.New(slog.NewTextHandler(io.Discard, nil)), Firewall: func(config.Firewall) (firewall.Firewall, error) { return l.fake, nil },
		Host: host.New(host.Options{Root: l.t.TempDir()}),
	})
	if err != nil {
		l.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- a.Run(ctx) }()
	l.stop = func() {
		cancel()
		if err := <-done; err != nil {
			l.t.Error(err)
		}
		l.stop = func() {}
	}
	l.t.Cleanup(func() { l.stop() })
	client := control.Client{Socket: l.dir + "/c.sock"}
	l.await("the agent answers", func() bool { _, err := client.Top(l.t.Context()); return err == nil })
}

func (l *live) await(what string, ok func() bool) {
	l.t.Helper()
	for end := time.Now().Add(2 * time.Minute); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			l.t.Fatalf("%s: did not happen", what)
		}
	}
}

// write appends lines of requests that fail.
func (l *live) write(n int, client string) {
	l.t.Helper()
	line := fmt.Sprintf("%s - - [%s] \"GET /x HTTP/1.1\" 404 12 \"-\" \"\x1b[2J\"\n", client, time.Now().Format("02/Jan/2006:15:04:05 -0700"))
	f, err := os.OpenFile(filepath.Join(l.dir, "access.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o640)
	if err != nil {
		l.t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString(strings.Repeat(line, n)); err != nil {
		l.t.Fatal(err)
	}
}

// show shows the view of the agent in a terminal; environ goes before the command.
func (l *live) show(environ string) {
	l.t.Helper()
	self, err := os.Executable()
	if err != nil {
		l.t.Fatal(err)
	}
	command := filepath.Join(l.dir, "cidrxctl") // this binary under the name of the command: see TestMain
	if err := os.Symlink(self, command); err != nil {
		l.t.Fatal(err)
	}
	l.Terminal = termtest.Start(l.t, fmt.Sprintf("%s '%s' top --socket %s/c.sock", environ, command, l.dir))
}

// A ban comes near, comes, is looked at and lifted; another is made by hand; the agent goes away and comes back.
func TestTopOnATerminal(t *testing.T) {
	l := newLive(t)
	l.start()
	l.show("")
	l.Until("ENFORCING", "web", "packets dropped a second", "q quit")
	l.write(15, "198.51.100.7")
	l.Until("198.51.100.7/32", "75 %", "15/20")
	l.write(5, "198.51.100.7")
	l.Until("198.51.100.7/32", "100 %", "banned", "ban       198.51.100.7/32")
	l.Keys("3")
	l.Until("1 ban, newest first", "198.51.100.7/32", "10m")
	l.Keys("Enter")
	l.Until("198.51.100.7 is banned", `\x1b[2J`)
	l.Keys("u")
	l.Until("Unblock 198.51.100.7/32?")
	l.Keys("y")
	l.Until("198.51.100.7/32 is unblocked")
	l.Keys("Escape")
	l.Until("Nothing is banned.")
	l.Keys("b")
	l.Until("network")
	l.Keys("-l", "2001:db8:1:2::7")
	l.Keys("Tab")
	l.Keys("-l", "2h")
	l.Keys("Enter")
	l.Until("Ban 2001:db8:1:2::/64 for 2h 0m?")
	l.Keys("y")
	l.Until("2001:db8:1:2::/64", "1 ban,", "1h 59m")
	l.Keys("4")
	l.Until("unban     198.51.100.7/32", "ban       2001:db8:1:2::/64", "by root")
	l.Resize(59, 20)
	l.Until("This terminal is 59x20")
	l.Resize(140, 45)
	l.Keys("2")
	l.Until("tier 1 [20,32,32,0]")
	l.stop()
	l.Until("NO ANSWER", "there is no agent socket", "trying again")
	l.start()
	l.Until("ENFORCING", "The agent has been started anew.")
	l.Keys("q")
	l.Ends(0, "overview")
}

func TestTopWithoutColour(t *testing.T) {
	l := newLive(t)
	l.start()
	l.show("NO_COLOR=yes")
	l.Until("ENFORCING", "q quit")
	l.Colourless()
	l.Keys("C-c")
	l.Ends(0, "overview")
}

// Signals end it and leave the terminal as it was.
func TestTopAfterASignal(t *testing.T) {
	l := newLive(t)
	l.start()
	l.show("")
	l.Until("ENFORCING", "q quit")
	l.Signal("TERM")
	l.Ends(0, "overview")
}
