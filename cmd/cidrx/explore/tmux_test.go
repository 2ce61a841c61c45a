package explore

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"cidrx/detect/cidr"
	"cidrx/detect/report"
)

// viewVariable makes the test binary show the view in place of running tests: "view", or "hosts", "try", "look" for one that panics there.
const viewVariable = "CIDRX_TEST_VIEW"

func TestMain(m *testing.M) {
	if where := os.Getenv(viewVariable); where != "" {
		if err := Show(context.Background(), &explosive{newFake(questions), where}, os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, "error:", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// explosive is an analysis with a fault.
type explosive struct {
	*fake
	where string
}

func (e *explosive) blow(where string) {
	if e.where == where {
		panic("fault of the test in " + where)
	}
}

func (e *explosive) Hosts(section int, p netip.Prefix, most int) []report.Host {
	e.blow("hosts")
	return e.fake.Hosts(section, p, most)
}

func (e *explosive) Try(section int, t cidr.Tier) report.Tier {
	e.blow("try")
	return e.fake.Try(section, t)
}

// terminal is a shell in a terminal of its own, that of tmux.
type terminal struct {
	t      *testing.T
	socket string
}

// newTerminal starts a shell of 80x24 that runs the view, says how that ended, and whether the terminal's settings are as before.
func newTerminal(t *testing.T, where, environ string) *terminal {
	t.Helper()
	dir, err := os.MkdirTemp("", "cidrx") // short, as sockets want it
	if err != nil {
		t.Fatal(err)
	}
	s := &terminal{t, filepath.Join(dir, "tmux")}
	t.Cleanup(func() {
		s.tmux("kill-server")
		os.RemoveAll(dir)
	})
	script := fmt.Sprintf(`echo shell before; old=$(stty -g); %s %s=%s "$VIEW" 2>%s/stderr; echo "ended with $?"; [ "$(stty -g)" = "$old" ] && echo settings as before; exec cat`, environ, viewVariable, where, dir)
	s.tmux("-f", "/dev/null", "new-session", "-d", "-x", "80", "-y", "24", "sh", "-c", script)
	return s
}

// tmux runs a command of tmux and returns what it prints.
func (s *terminal) tmux(args ...string) string {
	s.t.Helper()
	cmd := exec.Command("tmux", append([]string{"-u", "-S", s.socket}, args...)...)
	cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8", "TERM=xterm-256color", "TMUX=", "NO_COLOR=", "VIEW="+self(s.t))
	out, err := cmd.CombinedOutput()
	if err != nil {
		s.t.Fatalf("tmux %q: %v: %s", args, err, out)
	}
	return string(out)
}

// self is this binary.
func self(t *testing.T) string {
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func (s *terminal) keys(keys ...string) { s.tmux(append([]string{"send-keys"}, keys...)...) }

func (s *terminal) screen() string { return s.tmux("capture-pane", "-p") }

// until waits for a text on the screen, and returns the screen.
func (s *terminal) until(texts ...string) string {
	s.t.Helper()
	deadline := time.Now().Add(2 * time.Minute)
	for {
		screen := s.screen()
		if containsAll(screen, texts) {
			return screen
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("no %q on the screen:\n%s", texts, screen)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func containsAll(screen string, texts []string) bool {
	for _, text := range texts {
		if !strings.Contains(screen, text) {
			return false
		}
	}
	return true
}

// clean waits for the end and looks whether the terminal is as it was.
func (s *terminal) clean(code int) {
	s.t.Helper()
	screen := s.until(fmt.Sprintf("ended with %d", code), "settings as before", "shell before")
	if strings.Contains(screen, "Summary") {
		s.t.Errorf("something of the view is left:\n%s", screen)
	}
	if state := s.tmux("display-message", "-p", "#{alternate_on} #{cursor_flag} #{mouse_any_flag}"); strings.TrimSpace(state) != "0 1 0" {
		s.t.Errorf("alternate screen, cursor, mouse: %s, not 0 1 0", state)
	}
}

// A user's way through all pages, on a real terminal.
func TestTerminal(t *testing.T) {
	s := newTerminal(t, "view", "")
	s.until("4 ranges hold 5,000", "at most 272", "q quit")
	s.keys("Tab")
	s.until("Tier 1 found 4 ranges")
	s.keys("Down", "Down")
	s.until("Tier 3 found nothing")
	s.keys("t")
	s.until("T is 9,000 requests")
	s.keys("C-u", "5", "0", "0", "Tab", "Tab", "Tab", "C-u", "0", ".", "0", "1")
	s.until("--clusterArgSets 500,8,16,0.01", "new, 0 gone")
	s.keys("Escape")
	s.until("Tier 3 found nothing")
	s.keys("3")
	s.until("5 ranges of all tiers")
	s.keys("/", "192.0.2.70")
	s.until("filter: 192.0.2.70", "1 shown")
	s.keys("Enter", "Enter", "Tab")
	s.until("› 192.0.2.64/26", `\x1b[2J`, `\u202e`, `\xff\xfe\x80`)
	s.keys("m", "n")
	s.until("of all IPv4", "192.0.2.64/26")
	s.tmux("resize-window", "-x", "59", "-y", "20")
	s.until("This terminal is 59x20")
	s.tmux("resize-window", "-x", "120", "-y", "40")
	s.until("of all IPv4")
	s.keys("?")
	s.until("Everywhere")
	s.keys("q")
	s.clean(0)
}

func TestTerminalWithoutColour(t *testing.T) {
	s := newTerminal(t, "view", "NO_COLOR=yes")
	s.until("4 ranges hold 5,000")
	s.keys("m")
	s.until("X range found")
	colours := regexp.MustCompile(`\x1b\[[0-9;]*([349][0-8]|10[0-7])[;m]`) // 39 and 49 are those of the terminal
	if screen := s.tmux("capture-pane", "-p", "-e"); colours.MatchString(screen) {
		t.Errorf("there are colours:\n%q", screen)
	}
	s.keys("C-c")
	s.clean(0)
}

// However it ends, the terminal is usable.
func TestTerminalAfterFaults(t *testing.T) {
	for where, keys := range map[string]string{"hosts": "Enter", "try": "t"} {
		t.Run(where, func(t *testing.T) {
			s := newTerminal(t, where, "")
			s.until("4 ranges hold 5,000")
			s.keys("3")
			s.until("5 ranges of all tiers")
			s.keys(keys)
			s.clean(1)
		})
	}
}

func TestTerminalAfterSignals(t *testing.T) {
	for _, signal := range []string{"TERM", "INT", "HUP"} {
		t.Run(signal, func(t *testing.T) {
			s := newTerminal(t, "view", "")
			s.until("4 ranges hold 5,000")
			shell := strings.TrimSpace(s.tmux("display-message", "-p", "#{pane_pid}"))
			if out, err := exec.Command("pkill", "-"+signal, "-P", shell).CombinedOutput(); err != nil {
				t.Fatalf("pkill: %v: %s", err, out)
			}
			s.clean(0)
		})
	}
}
