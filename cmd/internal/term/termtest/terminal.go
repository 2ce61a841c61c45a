package termtest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// patience is how long something may take to come to the screen on a busy machine.
const patience = 2 * time.Minute

// Terminal is a shell in a terminal of its own, that of tmux.
type Terminal struct {
	t      *testing.T
	socket string
}

// Start starts a shell of 80x24 that runs command, says how that ended, and whether the terminal's settings are as before. It goes away with
// the test.
func Start(t *testing.T, command string) *Terminal {
	t.Helper()
	dir, err := os.MkdirTemp("", "cidrx") // short, as sockets want it
	if err != nil {
		t.Fatal(err)
	}
	s := &Terminal{t, filepath.Join(dir, "tmux")}
	t.Cleanup(func() {
		s.tmux("kill-server")
		os.RemoveAll(dir)
	})
	script := fmt.Sprintf(`echo shell before; old=$(stty -g); %s; echo "ended with $?"; [ "$(stty -g)" = "$old" ] && echo settings as before; exec cat`, command)
	s.tmux("-f", "/dev/null", "new-session", "-d", "-x", "80", "-y", "24", "sh", "-c", script)
	return s
}

// tmux runs a command of tmux and returns what it prints.
func (s *Terminal) tmux(args ...string) string {
	s.t.Helper()
	cmd := exec.Command("tmux", append([]string{"-u", "-S", s.socket}, args...)...)
	cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8", "TERM=xterm-256color", "TMUX=", "NO_COLOR=")
	out, err := cmd.CombinedOutput()
	if err != nil {
		s.t.Fatalf("tmux %q: %v: %s", args, err, out)
	}
	return string(out)
}

// Keys presses keys by tmux's names for them; what is no such name is typed.
func (s *Terminal) Keys(keys ...string) { s.tmux(append([]string{"send-keys"}, keys...)...) }

// Resize makes the terminal larger or smaller.
func (s *Terminal) Resize(width, height int) {
	s.tmux("resize-window", "-x", strconv.Itoa(width), "-y", strconv.Itoa(height))
}

// Until waits for texts on the screen, all at once, and returns the screen.
func (s *Terminal) Until(texts ...string) string {
	s.t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		screen := s.tmux("capture-pane", "-p")
		if containsAll(screen, texts) {
			return screen
		}
		if time.Now().After(end) {
			s.t.Fatalf("no %q on the screen:\n%s", texts, screen)
		}
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

// colours are the sequences that set one; 39 and 49 are those of the terminal.
var colours = regexp.MustCompile(`\x1b\[[0-9;]*([349][0-8]|10[0-7])[;m]`)

// Colourless fails the test if anything on the screen has a colour.
func (s *Terminal) Colourless() {
	s.t.Helper()
	if screen := s.tmux("capture-pane", "-p", "-e"); colours.MatchString(screen) {
		s.t.Errorf("there are colours:\n%q", screen)
	}
}

// Signal sends a signal, such as TERM, to what the shell runs.
func (s *Terminal) Signal(name string) {
	s.t.Helper()
	shell := strings.TrimSpace(s.tmux("display-message", "-p", "#{pane_pid}"))
	if out, err := exec.Command("pkill", "-"+name, "-P", shell).CombinedOutput(); err != nil {
		s.t.Fatalf("pkill: %v: %s", err, out)
	}
}

// Ends waits for the end of the view with an exit code, and looks whether the terminal is as it was, without what the view had shown.
func (s *Terminal) Ends(code int, shown string) {
	s.t.Helper()
	screen := s.Until(fmt.Sprintf("ended with %d", code), "settings as before", "shell before")
	if strings.Contains(screen, shown) {
		s.t.Errorf("something of the view is left:\n%s", screen)
	}
	if state := s.tmux("display-message", "-p", "#{alternate_on} #{cursor_flag} #{mouse_any_flag}"); strings.TrimSpace(state) != "0 1 0" {
		s.t.Errorf("alternate screen, cursor, mouse: %s, not 0 1 0", state)
	}
}
