package main

import (
	"context"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/charmbracelet/x/ansi"
	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"

	"cidrx/agent/control"
	"cidrx/agent/control/controltest"
	"cidrx/cmd/internal/term/termtest"
)

// serve runs a server for agent until the test ends, at a socket that everybody can reach.
func serve(t *testing.T, script controltest.Script) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "cidrxctl-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	l, err := control.Listen(filepath.Join(dir, "s.sock"))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- control.NewServer(controltest.New(script), control.ServerOptions{}).Run(ctx, l) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return l.Addr().String()
}

// busy is an agent that has something to say about everything, some of it hostile.
func busy() controltest.Script {
	at := time.Date(2026, 11, 21, 20, 0, 0, 0, time.UTC)
	end := at.Add(10 * time.Minute)
	line := `203.0.113.7 - - [21/Nov/2026:19:59:59 +0000] "GET /wp-login.php?` + strings.Repeat("x", 90) + ` HTTP/1.1" 404 17 "-" "` + "\x1b]0;owned\a\u009b2J" + `"`
	ban := control.Ban{Prefix: netip.MustParsePrefix("203.0.113.0/24"), Start: at, Until: &end, RemainingS: 552, State: "in_force", Stage: 1, Requests: 1204, Hosts: 64, Share: 0.07,
		Reasons: []string{"botnet: 1204 requests of 64 hosts within 10m, 7.2 % of all, needed 1002", "scanners: \x1b[2J many more"}, FirstSeen: &at, LastSeen: &end, Samples: []string{line}}
	return controltest.Script{
		Status: control.Status{State: "broken", Why: "state cannot be saved: no space left on device; make room: df -h /var/lib/cidrx", Mode: "enforce", Version: "v0.1.0", Backend: "nftables",
			Sources:    []control.Source{{Name: "web", Path: "/var/log/nginx/sites/www.example.net/with/a/long/path/access.log", Lines: 1204331, Error: "permission denied\x1b[2J", Unparsable: []string{line}}},
			Strategies: []control.Strategy{{Name: "botnet", Requests: 120440, Addresses: 9211, WindowS: 412.5, Verdicts: 1}},
			Protected:  []control.Protected{{Prefix: netip.MustParsePrefix("2001:db8:1234:5678::/64"), Why: "SSH session of root from a place with a long name", Until: &end}}},
		Bans: []control.Ban{ban, {Prefix: netip.MustParsePrefix("198.51.100.7/32"), State: "observed", Until: &end, RemainingS: 60}},
		Why: map[netip.Addr]control.Why{netip.MustParseAddr("203.0.113.7"): {Bans: []control.Ban{ban}, History: []control.Ban{ban}, Samples: []string{line},
			Strategies: []control.Standing{{Name: "botnet", Tier: "600,16,25,0.06", Prefix: ban.Prefix, Requests: 1204, Needed: 1002, Hosts: 64, HostsNeeded: 24}}}},
		Mode:     control.ModeReply{Mode: "observe", Preview: []control.PreviewItem{{Ban: ban, Caution: []string{"logged in from 203.0.113.7 at 2026-11-21T08:00:00Z, and has been seen here for 5 days"}}}},
		Allow:    []control.AllowEntry{{Prefix: ban.Prefix, Note: "\x1b]0;owned\a " + strings.Repeat("a long note ", 8), Origin: "run-time"}},
		Selftest: control.SelftestReply{Steps: []control.SelftestStep{{What: "element in the kernel", Note: strings.Repeat("words ", 20)}}},
	}
}

var colors = regexp.MustCompile(`\x1b\[[0-9;]*m`)

// wide is busy with the longest that there can be of everything.
func wide() controltest.Script {
	s := busy()
	at, end := s.Bans[0].Start, s.Bans[0].Until
	long := netip.MustParsePrefix("2001:db8:1234:5678:9abc:def0:1234:5678/128")
	ban := control.Ban{Prefix: long, Except: []netip.Prefix{long}, Start: at, Until: end, RemainingS: 864000 - 61, State: "in_force", Stage: 4, DroppedPackets: 1e12, Requests: 1e9, Hosts: 1e8,
		Reasons: []string{"strategy \"" + strings.Repeat("a-name-without-blanks-", 6) + "\", tier 1 [600,16,25,0.06]", strings.Repeat("日本 e\u0301 \x1b[2J ", 20)}}
	ended := ban
	ended.State = "ended"
	s.Bans, s.Ended = append(s.Bans, ban), []control.Ban{ended}
	s.Status.Strategies = append(s.Status.Strategies, control.Strategy{Name: strings.Repeat("login-", 5), Requests: 1e11, Addresses: 1e8, WindowS: 1e6, Verdicts: 1e9})
	s.Status.Sources = append(s.Status.Sources, control.Source{Name: strings.Repeat("vhost-", 5), Path: "/var/log/日本/*.log", Lines: 1e11, Failed: 1e9, Ignored: 1e9, LagS: 1e7, Trusted: true})
	s.Status.Protected = append(s.Status.Protected, control.Protected{Prefix: long, Why: "SSH session of \x1b[2J root", Until: end})
	s.Status.Evictions = []control.Count{{What: "counts evicted from the window of " + strings.Repeat("login-", 20), N: 1e11}}
	address := netip.MustParseAddr("2001:db8:1234:5678:9abc:def0:1234:5678")
	s.Why[address] = control.Why{Bans: []control.Ban{ban}, History: []control.Ban{ended, ban}, Samples: ban.Reasons, Allowed: ban.Reasons[1], Protected: ban.Reasons[0],
		Strategies: []control.Standing{{Name: strings.Repeat("login-", 5), Tier: "tier 12 [6000000,16,25,0.000001] balance", Prefix: long, Requests: 1e11, Needed: 1e11, Hosts: 1e8, HostsNeeded: 1e8}}}
	s.Allow = append(s.Allow, control.AllowEntry{Prefix: long, Until: end, Origin: "/etc/cidrx/conf.d/a-file-with-a-long-name.toml [allow]", Note: strings.Repeat("日本", 40)})
	return s
}

// However wide the terminal is no line is wider, nothing but our own colours is an escape sequence, and nothing that tells two bans apart is cut.
func TestTerminal(t *testing.T) {
	path := serve(t, wide())
	t.Setenv("NO_COLOR", "")
	t.Setenv("TERM", "xterm")
	for _, command := range []string{"status", "bans", "bans --all", "why 203.0.113.7", "why 2001:db8:1234:5678:9abc:def0:1234:5678", "mode enforce --preview", "allow list", "selftest", "version"} {
		for _, columns := range []int{60, 72, 80, 81, 100, 132, 200, 400} {
			t.Run(fmt.Sprintf("%s in %d", command, columns), func(t *testing.T) {
				out := termtest.OnTerminal(t, columns, func(tty *os.File) {
					run(t.Context(), append(strings.Fields(command), "--socket", path), newTerm(tty, tty, tty))
				})
				plain := strings.ReplaceAll(colors.ReplaceAllString(out, ""), "\r\n", "\n")
				if i := strings.IndexFunc(plain, func(r rune) bool { return r != '\n' && !unicode.IsPrint(r) }); i >= 0 {
					t.Errorf("%q reaches the terminal", plain[i:i+1])
				}
				for line := range strings.SplitSeq(plain, "\n") {
					if ansi.StringWidth(line) > columns && !strings.HasPrefix(line, "cidrxctl: ") { // messages stay on one line
						t.Errorf("%d columns: %s", ansi.StringWidth(line), line)
					}
				}
				if columns >= 80 && strings.HasPrefix(command, "bans") && !strings.Contains(plain, "2001:db8:1234:5678:9abc:def0:1234:5678/128") {
					t.Errorf("a network is cut:\n%s", plain)
				}
				if t.Failed() {
					t.Logf("\n%s", plain)
				}
			})
		}
	}
}

// Without a terminal every row is one line with every column, whatever it holds.
func TestPipedTablesAreWhole(t *testing.T) {
	var out strings.Builder
	code := run(t.Context(), []string{"bans", "--all", "--socket", serve(t, wide())}, &term{in: strings.NewReader(""), out: &out, err: io.Discard})
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if want := "NETWORK STATE STAGE LEFT DROPPED REASON"; code != 0 || strings.Join(strings.Fields(lines[0]), " ") != want {
		t.Errorf("exit code %d, the heading is %q, want %q", code, lines[0], want)
	}
	if !strings.Contains(out.String(), strings.Repeat("a-name-without-blanks-", 6)) && !strings.Contains(out.String(), "(+1 more)") {
		t.Errorf("something is cut:\n%s", out.String())
	}
}

// Every help text fits into 80 columns.
func TestHelpFits(t *testing.T) {
	var visit func(cmd *cobra.Command)
	visit = func(cmd *cobra.Command) {
		if cmd.Short == "" || !cmd.HasSubCommands() && cmd.Runnable() && strings.HasSuffix(cmd.Short, ".") {
			t.Errorf("%s: summary %q", cmd.CommandPath(), cmd.Short)
		}
		for _, sub := range cmd.Commands() {
			visit(sub)
		}
		if cmd.Hidden || cmd.Name() == "help" {
			return
		}
		var out, messages strings.Builder
		args := append(strings.Fields(cmd.CommandPath())[1:], "--help")
		if code := run(t.Context(), args, &term{in: strings.NewReader(""), out: &out, err: &messages}); code != 0 {
			t.Errorf("%q: exit code %d, %s", args, code, messages.String())
		}
		for line := range strings.SplitSeq(out.String(), "\n") {
			if len(line) > 80 && (cmd.Parent() == nil || cmd.Parent().Name() != "completion") { // those are cobra's own, with command lines to paste
				t.Errorf("%s: %d columns: %s", cmd.CommandPath(), len(line), line)
			}
		}
	}
	root := (&app{term: &term{in: strings.NewReader(""), out: io.Discard, err: io.Discard}}).root()
	visit(root)
}

func TestColorOnlyWhereWanted(t *testing.T) {
	path := serve(t, busy())
	tests := []struct {
		name, noColor, term string
		want                bool
	}{
		{"terminal", "", "xterm", true},
		{"NO_COLOR", "1", "xterm", false},
		{"dumb terminal", "", "dumb", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Setenv("NO_COLOR", tt.noColor)
			t.Setenv("TERM", tt.term)
			out := termtest.OnTerminal(t, 0, func(tty *os.File) { // a terminal that does not say how wide it is
				run(t.Context(), []string{"status", "--socket", path}, newTerm(tty, tty, tty))
			})
			if got := strings.Contains(out, "\x1b"); got != tt.want {
				t.Errorf("coloured: %v, want %v", got, tt.want)
			}
			if want := "BROKEN"; tt.want {
				want = "\x1b[1;31mBROKEN\x1b[0m"
				if !strings.HasPrefix(out, want) {
					t.Errorf("begins with %q, want %q", out[:30], want)
				}
			}
		})
	}
}

func TestFullDisk(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer full.Close()
	var messages strings.Builder
	for _, args := range [][]string{{"status"}, {"status", "--json"}} {
		code := run(t.Context(), append(args, "--socket", serve(t, busy())), &term{in: strings.NewReader(""), out: full, err: &messages})
		if code != exitFailed || !strings.Contains(messages.String(), "cannot write the output") {
			t.Errorf("%q: exit code %d, %q; want 1 and why", args, code, messages.String())
		}
	}
}

// Nothing of the client can be left behind when the reader of events goes.
func TestEventsEndWithTheirReader(t *testing.T) {
	script := controltest.Script{Events: make([]control.Event, 100)}
	code := run(t.Context(), []string{"events", "-f", "--socket", serve(t, script)}, &term{out: brokenPipe{}, err: io.Discard})
	if code != exitFailed {
		t.Errorf("exit code %d, want 1", code)
	}
}

type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestWords(t *testing.T) {
	got := []string{count(0), count(999), count(1000), count(1204331), count(-1000), count(-100), short(0), short(59), short(60), short(552), short(3600), short(3661),
		short(86400), short(273845), short(1209600), percent(0.0721), plural(1, "host"), plural(2, "host")}
	want := []string{"0", "999", "1,000", "1,204,331", "-1,000", "-100", "0s", "59s", "1m", "9m 12s", "1h", "1h 1m", "1d", "3d 4h", "14d", "7.2 %", "1 host", "2 hosts"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
