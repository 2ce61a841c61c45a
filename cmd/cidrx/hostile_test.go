package main

import (
	"bytes"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"cidrx/cmd/internal/term"
	"cidrx/cmd/internal/term/termtest"
	"cidrx/firewall/netlab"
)

// hostileConfig has a bad word wherever one is allowed.
const hostileConfig = `
[agent]
mode     = "observe"
stateDir = "DIR/state"
socket   = "DIR/c.sock"
[firewall]
backend = "none"
[source.web]
paths  = ["DIR/EVIL.log"]
format = "combined"
[source.other]
paths  = ["DIR/other-EVIL.log"]
format = "common"
[live.probes]
endpointRegex  = "EVIL|/"
window         = "10m"
clusterArgSets = [[5, 32, 32, 0.0], [2, 24, 32, 0.1]]
useForJail     = [true, false]
[static]
logFile = "DIR/EVIL.log"
logFormat = "combined"
[static.all]
useragentRegex = "EVIL|x"
clusterArgSets = [[1, 24, 32, 0.0]]
`

// hostileFiles makes a directory whose files have hostile names and contents.
func hostileFiles(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	file := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var log strings.Builder
	for i := range 30 {
		bad := strings.ReplaceAll(termtest.Hostile, "\n", " ")
		fmt.Fprintf(&log, "203.0.113.9 - %s [01/May/2026:10:00:%02d +0000] \"GET /%s HTTP/1.1\" 404 1 \"%[1]s\" \"%[1]s\"\n", bad, i, bad)
	}
	file(termtest.Hostile+".log", log.String()+termtest.Hostile+"\n")
	file("bad-"+termtest.Hostile+".log", strings.Repeat(termtest.Hostile+"\n", 20))
	file("empty-"+termtest.Hostile+".log", "")
	file("binary-"+termtest.Hostile+".gz", "\x1f\x8b\x00\x1b[31m")
	file("list-"+termtest.Hostile, "192.0.2.1\n"+termtest.Hostile+"\n")
	if err := os.Mkdir(filepath.Join(dir, "dir-"+termtest.Hostile+".log"), 0o755); err != nil {
		t.Fatal(err)
	}
	quoted := strings.Trim(fmt.Sprintf("%+q", strings.ToValidUTF8(termtest.Hostile, "?")), `"`)
	for escape, toml := range map[string]string{`\x1b`: `\u001b`, `\a`: `\u0007`, `\x7f`: `\u007f`} {
		quoted = strings.ReplaceAll(quoted, escape, toml)
	}
	config := strings.NewReplacer("DIR", dir, "EVIL", quoted).Replace(hostileConfig)
	file(termtest.Hostile+".toml", config)
	file("wrong-"+termtest.Hostile+".toml", config+"[live.\""+quoted+"\"]\n\""+quoted+"\" = \""+quoted+"\"\nwindow = \""+quoted+"\"\n")
	file("torn-"+termtest.Hostile+".toml", "[source.web\x1b]\n"+termtest.Hostile)
	return dir
}

// Command lines in which a name begins with @. Those of hostileGood end well, and say most.
var (
	oneTier     = []string{"static", "--logfile", "@.log", "--clusterArgSets", "1,24,32,0.0"}
	hostileGood = [][]string{
		{"check", "--config", "@.toml"}, {"check", "--config", "@.toml", "--logfile", "@.log"}, {"check", "--config", "@.toml", "--logfile", "@.log", "--json"},
		{"explain", "--config", "@.toml", "--line", `203.0.113.9 - - [01/May/2026:10:00:00 +0000] "GET /` + "\x1b\u009b" + ` HTTP/1.1" 404 1 "-" "` + "\x1b\u009b" + `"`},
		{"explain", "--config", "@.toml", "--ip", "203.0.113.9", "--logfile", "@.log"}, {"explain", "--config", "@.toml", "--ip", "203.0.113.9", "--logfile", "@.log", "--json"},
		{"replay", "--config", "@.toml", "--logfile", "@.log"}, {"replay", "--config", "@.toml", "--logfile", "@.log", "--json"},
		{"replay", "--config", "@.toml", "--logfile", "@empty-.log", "--logfile", "@.log"},
		{"parse", "--logfile", "@.log"},
		oneTier, with(oneTier, "--plain"), with(oneTier, "--compact"), with(oneTier, "--plain", "--logfile", "@.log"), with(oneTier, "--plain", "--endpointRegex", "/|\x1b\u009b"),
		with(oneTier, "--plain", "--userAgentBlacklist", "@list-"), with(oneTier, "--jailFile", "@new-"), {"static", "--logfile", "@.log", "--suggest"},
		{"static", "--logfile", "@.log", "--suggest", "--compact"}, {"static", "--logfile", "@*.log", "--clusterArgSets", "1,24,32,0.0", "--plain"},
		{"static", "--config", "@.toml", "--plain"}, {"static", "--config", "@.toml"}, {"static", "--compare", "@.toml", "@.toml"}, {"static", "--compare", "@.toml", "@.toml", "--compact"},
		{"version"},
	}
	hostileBad = [][]string{
		{"agent", "--config", "@wrong-.toml"}, {"agent", "--config", "@torn-.toml"}, {"agent", "--config", "@missing-.toml"},
		{"check", "--config", "@wrong-.toml"}, {"check", "--config", "@torn-.toml"}, {"check", "--config", "@missing-.toml"},
		{"check", "--config", "@.toml", "--logfile", "@bad-.log"}, {"check", "--config", "@.toml", "--logfile", "@bad-.log", "--source", "web"},
		{"check", "--config", "@.toml", "--logfile", "@.log", "--source", "@"},
		{"explain", "--config", "@wrong-.toml", "--line", "@"},
		{"explain", "--config", "@.toml", "--ip", "@", "--logfile", "@.log"}, {"explain", "--config", "@.toml", "--ip", "203.0.113.9", "--logfile", "@missing-.log"},
		{"replay", "--config", "@.toml", "--logfile", "@bad-.log"}, {"replay", "--config", "@.toml", "--logfile", "@bad-.log", "--source", "web"},
		{"replay", "--config", "@.toml", "--logfile", "@dir-.log"}, {"replay", "--config", "@.toml", "--logfile", "@binary-.gz"},
		{"replay", "--config", "@.toml", "--logfile", "@.log", "--logFormat", "@"},
		{"parse", "--logfile", "@bad-.log"}, {"parse", "--logfile", "@dir-.log"}, {"parse", "--logfile", "@missing-.log"},
		{"parse", "--logfile", "@bad-.log", "--format", "%h@"}, {"parse", "--logfile", "@.log", "--timezone", "@"}, {"parse", "--logfile", "@missing-[.log"},
		{"static", "--logfile", "@bad-.log", "--clusterArgSets", "1,24,32,0.0"}, {"static", "--logfile", "@dir-.log", "--clusterArgSets", "1,24,32,0.0"},
		{"static", "--logfile", "@empty-.log", "--clusterArgSets", "1,24,32,0.0"}, {"static", "--logfile", "@missing-.log", "--clusterArgSets", "1,24,32,0.0"},
		{"static", "--logfile", "@.log", "--clusterArgSets", "@"}, with(oneTier, "--whitelist", "@list-"), with(oneTier, "--report", "@dir-.log"), with(oneTier, "--banFile", "@.log"),
		with(oneTier, "--jailFile", "@list-", "--banFile", "@new-"), {"static", "--config", "@torn-.toml"}, {"static", "--config", "@missing-.toml"},
		{"static", "--compare", "@.toml", "@torn-.toml"}, {"@"}, {"--@"},
	}
	// How doctor and teardown end depends on the host, and explain says on standard output that it cannot read a line.
	hostileMixed = [][]string{
		{"explain", "--config", "@.toml", "--line", "@"}, {"explain", "--config", "@.toml", "--line", "@", "--json"},
		{"doctor", "--config", "@.toml"}, {"doctor", "--config", "@.toml", "--json"}, {"doctor", "--config", "@wrong-.toml"}, {"doctor", "--config", "@missing-.toml"},
		{"teardown", "--socket", "@missing-"},
	}
)

func with(args []string, more ...string) []string { return slices.Concat(args, more) }

// TestNothingHostileReachesTheTerminal runs every command on files with hostile names, hostile log lines and hostile configurations, and
// each with a hostile argument and a hostile flag. Doctor and teardown look into the kernel, so all run in a namespace.
func TestNothingHostileReachesTheTerminal(t *testing.T) {
	t.Parallel()
	dir := hostileFiles(t)
	lab := netlab.New()
	defer lab.Close()
	ns, err := lab.Namespace("hostile")
	if err != nil {
		t.Fatal(err)
	}
	bad := slices.Clone(hostileBad)
	for _, c := range rootCommand().Commands() {
		bad = append(bad, []string{c.Name(), "@"}, []string{c.Name(), "--@"})
	}
	for _, run := range slices.Concat(hostileGood, bad, hostileMixed) {
		var stdout, stderr bytes.Buffer
		cmd := exec.Command(filepath.Join(binaries, "cidrx"), hostileArgs(dir, run)...)
		cmd.Stdout, cmd.Stderr = &stdout, &stderr
		if err := ns.Start(cmd); err != nil {
			t.Fatal(err)
		}
		err := cmd.Wait()
		name := strings.Join(run, " ")
		in := func(list [][]string) bool {
			return slices.ContainsFunc(list, func(r []string) bool { return slices.Equal(r, run) })
		}
		if in(hostileGood) && err != nil || in(bad) && (err == nil || stderr.Len() == 0) {
			t.Errorf("%s: %v: %q", name, err, &stderr)
		}
		termtest.Harmless(t, name+" (stdout)", stdout.String())
		termtest.Harmless(t, name+" (stderr)", stderr.String())
	}
}

// hostileArgs puts the names of hostileFiles for those that begin with @, and the hostile text itself for @ alone or in a flag.
func hostileArgs(dir string, run []string) []string {
	args := slices.Clone(run)
	for i, arg := range args {
		at := strings.IndexByte(arg, '@')
		switch {
		case at < 0:
		case strings.HasPrefix(arg, "@") && strings.ContainsAny(arg, ".-"):
			dash := strings.IndexByte(arg, '-') + 1
			args[i] = filepath.Join(dir, arg[1:max(1, dash)]+termtest.Hostile+arg[max(1, dash):])
		default:
			args[i] = arg[:at] + termtest.Hostile + arg[at+1:]
		}
	}
	return args
}

// The agent's log on standard error is text or JSON, and neither has what a terminal obeys.
func TestNothingHostileInTheLogOfTheAgent(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"text", "json"} {
		dir := hostileFiles(t)
		config := filepath.Join(dir, termtest.Hostile+".toml")
		text, err := os.ReadFile(config)
		if err == nil {
			err = os.WriteFile(config, append(text, "[log]\nformat = \""+format+"\"\nlevel = \"debug\"\n"...), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
		var stderr bytes.Buffer
		cmd := exec.Command(filepath.Join(binaries, "cidrx"), "agent", "--config", config)
		cmd.Stderr = &stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		ctl := func() error {
			return exec.Command(filepath.Join(binaries, "cidrxctl"), "--socket", filepath.Join(dir, "c.sock"), "status").Run()
		}
		for end := time.Now().Add(edgePatience); ctl() != nil && time.Now().Before(end); {
			time.Sleep(50 * time.Millisecond)
		}
		if err := ctl(); err != nil {
			t.Error("the agent does not answer")
		}
		cmd.Process.Signal(os.Interrupt)
		if err := cmd.Wait(); err != nil {
			t.Errorf("%v: %s", err, &stderr)
		}
		termtest.Harmless(t, format, stderr.String())
		if !strings.Contains(stderr.String(), termtest.Injected) {
			t.Errorf("%s: nothing hostile was logged: the test proves nothing:\n%s", format, &stderr)
		}
	}
}

// The lines of people keep inside the terminal, and lose nothing by it.
func TestReplayAndCheckKeepInsideTheTerminal(t *testing.T) {
	t.Parallel()
	dir := hostileFiles(t)
	for _, command := range []string{"replay", "check"} {
		run := hostileArgs(dir, []string{command, "--config", "@.toml", "--logfile", "@.log"})
		whole, err := exec.Command(filepath.Join(binaries, "cidrx"), run...).Output()
		if err != nil {
			t.Fatal(err)
		}
		for _, columns := range []int{80, 120} {
			out := termtest.OnTerminal(t, columns, func(tty *os.File) {
				cmd := exec.Command(filepath.Join(binaries, "cidrx"), run...)
				cmd.Stdout = tty
				if err := cmd.Run(); err != nil {
					t.Error(err)
				}
			})
			out = strings.ReplaceAll(out, "\r\n", "\n")
			termtest.Harmless(t, command, out)
			for line := range strings.Lines(out) {
				if w := term.Width(strings.TrimSuffix(line, "\n")); w > columns {
					t.Errorf("%s: %d columns of %d: %s", command, w, columns, line)
				}
			}
			if letters(out) != letters(strings.Replace(string(whole), "  WHY", "  ", map[bool]int{true: 2}[columns == 80])) {
				t.Errorf("%s says in %d columns\n%s\nand else\n%s", command, columns, out, whole)
			}
		}
		if !strings.Contains(string(whole), "203.0.113.9/32") || term.Width(slices.MaxFunc(strings.Split(string(whole), "\n"), longer)) < 81 {
			t.Errorf("%s: no line is wide enough:\n%s", command, whole)
		}
	}
}

func longer(a, b string) int { return term.Width(a) - term.Width(b) }

// letters are a text without its blanks and line breaks.
func letters(text string) string { return strings.Join(strings.Fields(text), "") }

func TestSheet(t *testing.T) {
	address := netip.MustParsePrefix("2001:db8:ffff:ffff::/64").String()
	write := func(width int) string {
		var b strings.Builder
		s := sheet{&b, width}
		s.field("Log", "%s: read", "a\nb")
		s.quote(4, "aa  bb  cc  dd  ee")
		s.row("2026 ban  ", "stage 0 of 5 of them")
		s.table([]string{"NETWORK", "BANS", "WHY"}, [][]string{{address, "1", "strategy x"}, {"192.0.2.0/24", "12", "y"}})
		return b.String()
	}
	for width, want := range map[int]string{
		0: `Log         a\nb: read
    aa  bb  cc  dd  ee
2026 ban  stage 0 of 5 of them

NETWORK                  BANS  WHY
2001:db8:ffff:ffff::/64     1  strategy x
192.0.2.0/24               12  y
`,
		18: `Log         a\nb:
            read
    aa  bb  cc  dd
      ee
2026 ban
    stage 0 of 5
    of them

NETWORK                  BANS
2001:db8:ffff:ffff::/64     1
    strategy x
192.0.2.0/24               12
    y
`,
	} {
		if got := write(width); got != want {
			t.Errorf("in %d columns:\n%s\nwant\n%s", width, got, want)
		}
	}
}
