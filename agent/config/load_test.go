package config_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cidrx/agent/config"
)

// write makes a directory with files in it, by name, and returns it.
func write(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func load(t *testing.T, in config.Inputs) (*config.Config, []config.Warning) {
	t.Helper()
	cfg, warnings, err := config.Load(in)
	if err != nil {
		t.Fatal(err)
	}
	return cfg, warnings
}

// TestLayers lets each layer say something about the same keys.
func TestLayers(t *testing.T) {
	dir := write(t, map[string]string{
		"cidrx.toml": `
[agent]
mode = "observe"
stateDir = "/main"
socket = "/main/sock"
[jail]
maxBans = 1
stages = ["1m", "2m", "3m"]
[source.web]
paths = ["/main.log"]
format = "combined"
[live.x]
window = "1m"
[[live.x.tier]]
minSize = 1
minDepth = 24
maxDepth = 32
threshold = 1
`,
		"conf.d/20-second.toml": "[jail]\nmaxBans = 20\nmaxPrefix4 = 20\n[source.web]\npaths = [\"/second.log\"]\n",
		"conf.d/10-first.toml":  "[jail]\nmaxBans = 10\nstages = [\"5m\"]\nmaxPrefix4 = 10\n[live.x]\ntier = [{minSize = 2, minDepth = 30, maxDepth = 32, threshold = 0.5}]\n",
		"conf.d/ignored.txt":    "this is not TOML",
		"other/cidrx.toml":      "also not",
	})
	cfg, _ := load(t, config.Inputs{
		File:    filepath.Join(dir, "cidrx.toml"),
		Environ: []string{"HOME=/root", "CIDRX_AGENT_STATEDIR=/env", "CIDRX_AGENT_SOCKET=/env/sock", "CIDRX_FIREWALL_PORTS=443, 80", "CIDRX_JAIL_BANPRIVATE=true"},
		Flags:   map[string]any{"agent.socket": "/flag/sock", "jail.maxPrefix6": 48, "agent.mode": config.Enforce},
	})
	if diff := cmp.Diff([]string{dir + "/cidrx.toml", dir + "/conf.d/10-first.toml", dir + "/conf.d/20-second.toml"}, cfg.Files); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	wantAgent := config.Agent{Mode: config.Enforce, StateDir: "/env", Socket: "/flag/sock"}
	if diff := cmp.Diff(wantAgent, cfg.Agent); diff != "" {
		t.Errorf("[agent] (-want +got):\n%s", diff)
	}
	wantJail := config.Jail{
		Stages: []time.Duration{5 * time.Minute}, ForgetAfter: 7 * 24 * time.Hour, UnblockGrace: time.Hour,
		MaxPrefix4: 20, MaxPrefix6: 48, MaxBans: 20, BanPrivate: true,
	}
	if diff := cmp.Diff(wantJail, cfg.Jail); diff != "" {
		t.Errorf("[jail] (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]uint16{80, 443}, cfg.Firewall.Ports); diff != "" {
		t.Errorf("ports (-want +got):\n%s", diff)
	}
	if s := cfg.Sources[0]; s.Format != "combined" || s.Paths[0] != "/second.log" {
		t.Errorf("source %+v", s)
	}
	if s := cfg.Live[0]; s.Window != time.Minute || len(s.Tiers) != 1 || s.Tiers[0].MinSize != 2 {
		t.Errorf("strategy %+v", s)
	}
}

func TestEnvironmentAndFlagErrors(t *testing.T) {
	_, _, err := config.Parse("test.toml", nil, config.Inputs{
		Environ: []string{"CIDRX_AGENT_MODES=x", "CIDRX_AGENT_MODE=on", "CIDRX_JAIL_MAXBANS=many", "CIDRX_JAIL_BANPRIVATE=yes", "CIDRX_SOURCE_WEB_PATHS=/a", "CIDRX_FIREWALL_PORTS=80,http"},
		Flags:   map[string]any{"agent.color": true, "jail.maxBans": "x", "jail.banPrivate": 1, "log.level": "loud", "jail.maxPrefix4": 1.5},
	})
	want := strings.TrimSpace(`
environment: CIDRX_AGENT_MODE: "on" is not one of observe, enforce
environment: CIDRX_AGENT_MODES: no key goes by this variable; did you mean "CIDRX_AGENT_MODE"?
environment: CIDRX_FIREWALL_PORTS: "http" must be a whole number
environment: CIDRX_JAIL_BANPRIVATE: "yes" must be true or false
environment: CIDRX_JAIL_MAXBANS: "many" must be a whole number
environment: CIDRX_SOURCE_WEB_PATHS: no key goes by this variable
flags: agent.color: no such key
flags: jail.banPrivate: must be true or false
flags: jail.maxBans: "x" must be a whole number
flags: jail.maxPrefix4: must be a whole number
flags: log.level: "loud" is not one of debug, info, warn, error`)
	if diff := cmp.Diff(want, fmt.Sprint(err)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestErrorsOfSeveralFiles reports them in the order of reading, and the lines of list files, too.
func TestErrorsOfSeveralFiles(t *testing.T) {
	dir := write(t, map[string]string{
		"cidrx.toml":    "[agent]\nmdoe = 1\n[deny]\nfiles = [\"DIR/deny.txt\"]\n",
		"conf.d/b.toml": "[live.x]\nwindow = \"never\"\nclusterArgSets = [[1, 2, 3]]\n",
		"conf.d/a.toml": "[log]\nlevel = 1\n",
		"deny.txt":      "192.0.2.0/24\n\n  nonsense # here\n10.0.0.0/8\n",
	})
	file := filepath.Join(dir, "cidrx.toml")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(strings.ReplaceAll(string(text), "DIR", dir)), 0o644); err != nil {
		t.Fatal(err)
	}
	_, _, err = config.Load(config.Inputs{File: file})
	want := strings.TrimSpace(`
cidrx.toml:2:1: agent.mdoe: unknown key; did you mean "mode"?
conf.d/a.toml:2:1: log.level: is a whole number, but must be text in quotes
conf.d/b.toml:2:1: live.x.window: "never" is not a duration; write a number and s, m, h, d or w, such as "90s", "12h" or "7d"
conf.d/b.toml:3:1: live.x.clusterArgSets[0]: has 3 numbers, but must have 4: minSize, minDepth, maxDepth, threshold
deny.txt:3: "nonsense" is not an address or a network such as "192.0.2.0/24" or "2001:db8::/48"
deny.txt:4: 10.0.0.0/8 is wider than /16, the widest that jail.maxPrefix4 lets be banned`)
	if diff := cmp.Diff(want, strings.ReplaceAll(fmt.Sprint(err), dir+"/", "")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	var list config.Errors
	if !errors.As(err, &list) || list[0].Line != 2 || list[0].Key != "agent.mdoe" || list[0].Nearest != "mode" {
		t.Errorf("as a list: %+v", list)
	}
}

func TestUnreadableFiles(t *testing.T) {
	dir := write(t, map[string]string{"large.toml": strings.Repeat("#\n", 1<<19+1), "conf.d/x.toml/y": ""})
	for file, want := range map[string]string{
		filepath.Join(dir, "none.toml"):  dir + "/none.toml: no such file; name another with --config, or install the one that comes with the package\n" + dir + "/conf.d/x.toml: is a directory, not a file",
		filepath.Join(dir, "large.toml"): dir + "/large.toml: is larger than 1 MiB\n" + dir + "/conf.d/x.toml: is a directory, not a file",
	} {
		if _, _, err := config.Load(config.Inputs{File: file}); fmt.Sprint(err) != want {
			t.Errorf("%s:\n%v\nwant\n%s", file, err, want)
		}
	}
}
