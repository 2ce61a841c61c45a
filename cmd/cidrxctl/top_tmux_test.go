package main_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"cidrx/agent"
	"cidrx/agent/config"
	"cidrx/agent/control"
	"cidrx/agent/host"
	"cidrx/firewall"
)

// live is a real agent on a fake kernel, and cidrxctl top in a terminal of its own, that of tmux.
type live struct {
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
	t.Cleanup(func() {
		l.tmux("kill-server")
		os.RemoveAll(dir)
	})
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

// show starts a shell of 80x24 that runs the view, says how that ended, and whether the terminal's settings are as before.
func (l *live) show(environ string) {
	l.t.Helper()
	script := fmt.Sprintf(`echo shell before; old=$(stty -g); %s cidrxctl top --socket %s/c.sock; echo "ended with $?"; [ "$(stty -g)" = "$old" ] && echo settings as before; exec cat`, environ, l.dir)
	l.tmux("-f", "/dev/null", "new-session", "-d", "-x", "80", "-y", "24", "sh", "-c", script)
}

// tmux runs a command of tmux and returns what it prints.
func (l *live) tmux(args ...string) string {
	l.t.Helper()
	cmd := exec.Command("tmux", append([]string{"-u", "-S", l.dir + "/tmux"}, args...)...)
	cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8", "TERM=xterm-256color", "TMUX=", "NO_COLOR=", "PATH="+l.command()+":"+os.Getenv("PATH"))
	out, err := cmd.CombinedOutput()
	if err != nil {
		l.t.Fatalf("tmux %q: %v: %s", args, err, out)
	}
	return string(out)
}

// command is a directory with this binary under the name of the command: see TestMain.
func (l *live) command() string {
	dir := filepath.Join(l.dir, "bin")
	self, err := os.Executable()
	if err != nil {
		l.t.Fatal(err)
	}
	os.MkdirAll(dir, 0o755) // what is wrong here, Symlink says
	if err := os.Symlink(self, filepath.Join(dir, "cidrxctl")); err != nil && !os.IsExist(err) {
		l.t.Fatal(err)
	}
	return dir
}

func (l *live) keys(keys ...string) { l.tmux(append([]string{"send-keys"}, keys...)...) }

// until waits for texts on the screen, and returns the screen.
func (l *live) until(texts ...string) (screen string) {
	l.t.Helper()
	holds := func() bool {
		screen = l.tmux("capture-pane", "-p")
		for _, text := range texts {
			if !strings.Contains(screen, text) {
				return false
			}
		}
		return true
	}
	for end := time.Now().Add(2 * time.Minute); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			l.t.Fatalf("no %q on the screen:\n%s", texts, screen)
		}
	}
	return screen
}

// clean waits for the end and looks whether the terminal is as it was.
func (l *live) clean(code int) {
	l.t.Helper()
	l.until(fmt.Sprintf("ended with %d", code), "settings as before", "shell before")
	if state := l.tmux("display-message", "-p", "#{alternate_on} #{cursor_flag} #{mouse_any_flag}"); strings.TrimSpace(state) != "0 1 0" {
		l.t.Errorf("alternate screen, cursor, mouse: %s, not 0 1 0", state)
	}
}

// A ban comes near, comes, is looked at and lifted; another is made by hand; the agent goes away and comes back.
func TestTopOnATerminal(t *testing.T) {
	l := newLive(t)
	l.start()
	l.show("")
	l.until("ENFORCING", "web", "packets dropped a second", "q quit")
	l.write(15, "198.51.100.7")
	l.until("198.51.100.7/32", "75 %", "15/20")
	l.write(5, "198.51.100.7")
	l.until("198.51.100.7/32", "100 %", "banned", "ban       198.51.100.7/32")
	l.keys("3")
	l.until("1 ban, newest first", "198.51.100.7/32", "10m")
	l.keys("Enter")
	l.until("198.51.100.7 is banned", `\x1b[2J`)
	l.keys("u")
	l.until("Unblock 198.51.100.7/32?")
	l.keys("y")
	l.until("198.51.100.7/32 is unblocked")
	l.keys("Escape")
	l.until("Nothing is banned.")
	l.keys("b")
	l.until("network")
	l.keys("-l", "2001:db8:1:2::7")
	l.keys("Tab")
	l.keys("-l", "2h")
	l.keys("Enter")
	l.until("Ban 2001:db8:1:2::/64 for 2h 0m?")
	l.keys("y")
	l.until("2001:db8:1:2::/64", "1 ban,", "1h 59m")
	l.keys("4")
	l.until("unban     198.51.100.7/32", "ban       2001:db8:1:2::/64", "by root")
	l.tmux("resize-window", "-x", "59", "-y", "20")
	l.until("This terminal is 59x20")
	l.tmux("resize-window", "-x", "140", "-y", "45")
	l.keys("2")
	l.until("tier 1 [20,32,32,0]")
	l.stop()
	l.until("NO ANSWER", "there is no agent socket", "trying again")
	l.start()
	l.until("ENFORCING", "The agent has been started anew.")
	l.keys("q")
	l.clean(0)
}

func TestTopWithoutColour(t *testing.T) {
	l := newLive(t)
	l.start()
	l.show("NO_COLOR=yes")
	l.until("ENFORCING", "q quit")
	colours := regexp.MustCompile(`\x1b\[[0-9;]*([349][0-8]|10[0-7])[;m]`) // 39 and 49 are those of the terminal
	if screen := l.tmux("capture-pane", "-p", "-e"); colours.MatchString(screen) {
		t.Errorf("there are colours:\n%q", screen)
	}
	l.keys("C-c")
	l.clean(0)
}

// Signals end it and leave the terminal as it was.
func TestTopAfterASignal(t *testing.T) {
	l := newLive(t)
	l.start()
	l.show("")
	l.until("ENFORCING", "q quit")
	shell := strings.TrimSpace(l.tmux("display-message", "-p", "#{pane_pid}"))
	if out, err := exec.Command("pkill", "-TERM", "-P", shell).CombinedOutput(); err != nil {
		t.Fatalf("pkill: %v: %s", err, out)
	}
	l.clean(0)
}
