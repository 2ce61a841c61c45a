package config_test

import (
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"cidrx/agent/config"
	"cidrx/configs"
	"cidrx/detect"
	"cidrx/detect/cidr"
	"cidrx/detect/match"
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

func parse(t *testing.T, text string) *config.Config {
	t.Helper()
	cfg, _, err := config.Parse("test.toml", []byte(text), config.Inputs{})
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

var equal = cmp.Options{
	cmpopts.EquateComparable(netip.Prefix{}),
	cmp.Comparer(func(a, b *time.Location) bool {
		return (a == nil) == (b == nil) && (a == nil || a.String() == b.String())
	}),
}

func prefixes(texts ...string) []netip.Prefix {
	var out []netip.Prefix
	for _, s := range texts {
		out = append(out, netip.MustParsePrefix(s))
	}
	return out
}

// TestWhole loads a configuration that says something about everything.
func TestWhole(t *testing.T) {
	dir := write(t, map[string]string{"allow.txt": "# ours\n198.51.100.7 # office\n\n2001:db8:1::/48\n192.0.2.0/24 # again\n"})
	got := parse(t, strings.ReplaceAll(`
agent = { mode = "enforce", stateDir = "/s", socket = "/s/sock", metricsListen = "127.0.0.1:9464" }
[log]
level = "debug"
format = "json"
[source.web]
paths = ["/var/log/nginx/*.log"]
format = "nginx-json"
fields = { client = "IP", user_agent = "UserAgent" }
timezone = "Europe/Berlin"
startAt = "window"
trustedProxies = ["10.0.0.0/8", "::ffff:192.0.2.1"]
forwarded = true
trust = true
[allow]
networks = ["192.0.2.0/24", "192.0.2.0/24"]
files = ["DIR/allow.txt"]
[deny]
networks = ["203.0.113.0/24", "2001:db8::1"]
[firewall]
backend = "nftables"
hook = "input"
ports = [443, 80, 443]
action = "reject"
protectOutbound = false
[jail]
stages = ["1m", "1d12h"]
forgetAfter = "2w"
unblockGrace = "0"
maxPrefix4 = 20
maxPrefix6 = 40
maxBans = 7
banPrivate = true
[live.compact]
useragentRegex = "(?i)nikto"
window = "90s"
maxEntries = 5000
clusterArgSets = [[20, 29, 32, 0.0], [1000.0, 24, 28, 0.1]]
useForJail = [true, false]
[live.tables]
endpointRegex = "^/login"
methods = ["POST"]
statuses = ["401", "5xx"]
hosts = ["www.example.org"]
sources = ["web"]
outcomes = ["failure"]
thresholdMode = "balance"
tier = [{ minSize = 600, minDepth = 16, maxDepth = 25, threshold = 1, sizeAlone = 20_000, minHosts = 24 }]
[[live.zz.tier]]
minSize = 1
minDepth = 32
maxDepth = 32
threshold = 0.000001
maxCollateral = 0.25
depth6 = [56, 64]
thresholdMode = "balance"
jail = false
`, "DIR", dir))
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	want := &config.Config{
		Files: []string{"test.toml"},
		Agent: config.Agent{Mode: config.Enforce, StateDir: "/s", Socket: "/s/sock", MetricsListen: "127.0.0.1:9464"},
		Log:   config.Log{Level: slog.LevelDebug, Format: "json"},
		Sources: []config.Source{{
			Name: "web", Paths: []string{"/var/log/nginx/*.log"}, Format: "nginx-json", Timezone: zone, StartAt: "window",
			Fields:         map[string]string{"client": "IP", "user_agent": "UserAgent"},
			TrustedProxies: prefixes("10.0.0.0/8", "192.0.2.1/32"), Forwarded: true, Trust: true,
		}},
		Allow: config.List{
			Networks: prefixes("192.0.2.0/24"), Files: []string{dir + "/allow.txt"},
			Entries: []config.ListEntry{
				{Prefix: netip.MustParsePrefix("192.0.2.0/24"), Origin: "allow.networks"},
				{Prefix: netip.MustParsePrefix("198.51.100.7/32"), Origin: dir + "/allow.txt", Note: "office"},
				{Prefix: netip.MustParsePrefix("2001:db8:1::/48"), Origin: dir + "/allow.txt"},
			},
		},
		Deny: config.List{
			Networks: prefixes("203.0.113.0/24", "2001:db8::1/128"),
			Entries: []config.ListEntry{
				{Prefix: netip.MustParsePrefix("203.0.113.0/24"), Origin: "deny.networks"},
				{Prefix: netip.MustParsePrefix("2001:db8::1/128"), Origin: "deny.networks"},
			},
		},
		Firewall: config.Firewall{Backend: "nftables", Hook: "input", Ports: []uint16{80, 443}, Action: "reject"},
		Jail: config.Jail{
			Stages: []time.Duration{time.Minute, 36 * time.Hour}, ForgetAfter: 14 * 24 * time.Hour,
			MaxPrefix4: 20, MaxPrefix6: 40, MaxBans: 7, BanPrivate: true,
		},
		Live: []detect.Strategy{{
			Name: "compact", Filter: match.Options{UserAgent: "(?i)nikto"}, Window: 90 * time.Second, MaxEntries: 5000,
			Tiers: []cidr.Tier{
				{MinSize: 20, MinDepth: 29, MaxDepth: 32, HostsByLength: true, MaxCollateral: cidr.NoCollateralLimit, Jail: true},
				{MinSize: 1000, MinDepth: 24, MaxDepth: 28, Threshold: 100_000, HostsByLength: true, MaxCollateral: cidr.NoCollateralLimit},
			},
		}, {
			Name: "tables", Window: 10 * time.Minute, MaxEntries: 1_000_000,
			Filter: match.Options{
				Endpoint: "^/login", Methods: []string{"POST"}, Statuses: []string{"401", "5xx"}, Hosts: []string{"www.example.org"},
				Sources: []string{"web"}, Outcomes: []string{"failure"},
			},
			Tiers: []cidr.Tier{{
				MinSize: 600, MinDepth: 16, MaxDepth: 25, Threshold: 1_000_000, SizeAlone: 20_000, MinHosts: 24,
				MaxCollateral: cidr.NoCollateralLimit, Balance: true, Jail: true,
			}},
		}, {
			Name: "zz", Window: 10 * time.Minute, MaxEntries: 1_000_000,
			Tiers: []cidr.Tier{{
				MinSize: 1, MinDepth: 32, MaxDepth: 32, Threshold: 1, HostsByLength: true, MaxCollateral: 250_000,
				Depth6: [2]int{56, 64}, Balance: true,
			}},
		}},
	}
	if diff := cmp.Diff(want, got, equal); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(prefixes("192.0.2.0/24", "198.51.100.7/32", "2001:db8:1::/48"), got.Allow.Prefixes(), equal); diff != "" {
		t.Errorf("allowed (-want +got):\n%s", diff)
	}
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

// TestInstalledFile makes sure that what the package installs is good and only observes.
func TestInstalledFile(t *testing.T) {
	for name, data := range map[string][]byte{"cidrx.toml": configs.Installed(), "reference.toml": configs.Reference()} {
		cfg, warnings, err := config.Parse(name, data, config.Inputs{})
		if err != nil || len(warnings) > 0 {
			t.Errorf("%s: %v, warnings %v", name, err, warnings)
			continue
		}
		if cfg.Agent.Mode != config.Observe || len(cfg.Sources) == 0 || len(cfg.Live) == 0 {
			t.Errorf("%s: %+v", name, cfg)
		}
	}
}

func TestStaticSectionsAreLeftAlone(t *testing.T) {
	cfg := parse(t, "[static]\nlogFile = \"x\"\n[static.Some_Name]\nstartTime = 2024-01-01\nclusterArgSets = [[1, 2, 3, 4]]\n[log]\nlevel = \"warn\"\n")
	if cfg.Log.Level != slog.LevelWarn {
		t.Errorf("level %v", cfg.Log.Level)
	}
}

func TestWarnings(t *testing.T) {
	const text = `
[agent]
mode = "enforce"
[firewall]
backend = "none"
[allow]
networks = ["0.0.0.0/0"]
[deny]
networks = ["192.0.2.0/24"]
[source.a]
paths = ["/x.log"]
[source.b]
paths = ["/x.log"]
[live.all]
clusterArgSets = [[1, 32, 32, 0.0]]
[live.expressions]
useragentRegex = "nikto|"
endpointRegex = ".*"
clusterArgSets = [[1, 32, 32, 0.0]]
[[live.tiers.tier]]
minSize = 10
minDepth = 8
maxDepth = 32
threshold = 0.1
sizeAlone = 5
[[live.tiers.tier]]
minSize = 10
minDepth = 28
maxDepth = 32
threshold = 0.1
minHosts = 300
`
	_, warnings, err := config.Parse("w.toml", []byte(text), config.Inputs{})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, w := range warnings {
		got = append(got, w.Error())
	}
	want := []string{
		`w.toml:5:1: firewall.backend: is "none", so the mode "enforce" bans nobody`,
		`w.toml:6:2: allow: 0.0.0.0/0 allows everybody, so nobody is ever banned`,
		`w.toml:9:1: deny.networks: 192.0.2.0/24 is inside 0.0.0.0/0 of allow.networks, which wins`,
		`w.toml:13:10: source.b.paths[0]: "/x.log" is read by [source.a] too, so each of its lines counts twice`,
		`w.toml:15:1: live.all.clusterArgSets[0]: without a filter, a single request is enough to be reported; raise minSize or threshold`,
		`w.toml:17:1: live.expressions.useragentRegex: every user agent matches this`,
		`w.toml:18:1: live.expressions.endpointRegex: every endpoint matches this`,
		`w.toml:20:14: live.tiers.tier[0]: sizeAlone is not above minSize, so the share is never looked at`,
		`w.toml:20:14: live.tiers.tier[0]: reports prefixes as wide as /8, but jail.maxPrefix4 lets none be banned that is wider than /16`,
		`w.toml:20:14: live.tiers.tier[0]: reports IPv6 prefixes as wide as /16, but jail.maxPrefix6 lets none be banned that is wider than /32`,
		`w.toml:26:14: live.tiers.tier[1]: not even the widest prefix has 300 hosts, so nothing is ever reported`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	_, warnings, err = config.Parse("empty.toml", nil, config.Inputs{})
	if err != nil || len(warnings) != 2 || !strings.Contains(warnings[0].Error(), "no sources") || !strings.Contains(warnings[1].Error(), "no strategies") {
		t.Errorf("nothing configured: %v, %v", warnings, err)
	}
}

func TestDiff(t *testing.T) {
	const base = `
[source.a]
paths = ["/a"]
timezone = "UTC"
[source.b]
paths = ["/b"]
[live.x]
clusterArgSets = [[10, 32, 32, 0.0]]
[live.y]
clusterArgSets = [[10, 32, 32, 0.0]]
`
	dir := write(t, map[string]string{"deny.txt": "192.0.2.1\n"})
	deny := base + fmt.Sprintf("[deny]\nfiles = [%q]\n", dir+"/deny.txt")
	before := parse(t, deny)
	if err := os.WriteFile(dir+"/deny.txt", []byte("192.0.2.2\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	replace := func(old, new string) string { return strings.Replace(base, old, new, 1) }
	for _, tt := range []struct {
		name     string
		old, new *config.Config
		want     []string
	}{
		{"nothing", parse(t, base), parse(t, base), nil},
		{"the contents of a file", before, parse(t, deny), []string{"deny"}},
		{"a zone", parse(t, base), parse(t, replace("UTC", "Europe/Berlin")), []string{"source.a"}},
		{"no zone", parse(t, base), parse(t, replace(`timezone = "UTC"`, "")), []string{"source.a"}},
		{"a tier", parse(t, base), parse(t, replace("10, 32", "11, 32")), []string{"live.x"}},
		{"a source less", parse(t, base), parse(t, replace("[source.b]\npaths = [\"/b\"]", "")), []string{"source.b"}},
		{"a strategy more", parse(t, base), parse(t, base+"[live.z]\nclusterArgSets = [[10, 32, 32, 0.0]]"), []string{"live.z"}},
		{"all the rest", parse(t, base), parse(t, base+"[agent]\nmode='enforce'\n[log]\nlevel='warn'\n[allow]\nnetworks=['192.0.2.1']\n[firewall]\nports=[80]\n[jail]\nmaxBans=5"),
			[]string{"agent", "log", "allow", "firewall", "jail"}},
	} {
		if diff := cmp.Diff(tt.want, config.Diff(tt.old, tt.new)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

func TestParseDuration(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"0": 0, "0s": 0, "90s": 90 * time.Second, "1.5h": 90 * time.Minute, "7d": 168 * time.Hour, "1w": 168 * time.Hour,
		"1d12h": 36 * time.Hour, "0.5d": 12 * time.Hour, "2w1d1h1m1s": 15*24*time.Hour + time.Hour + time.Minute + time.Second, "10ms": 10 * time.Millisecond,
	} {
		if got, err := config.ParseDuration(text); err != nil || got != want {
			t.Errorf("ParseDuration(%q) = %v, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "1", "d", "-1h", "+1h", "1x", "1 h", "1h ", "1D", "h1", "..d", "99999999999w", "15250w1d23h47m16.9s1h", "1h1", "١d"} {
		if got, err := config.ParseDuration(text); err == nil {
			t.Errorf("ParseDuration(%q) = %v, want an error", text, got)
		}
	}
}

// FuzzParse makes sure that no file, however broken, brings more than errors about it.
func FuzzParse(f *testing.F) {
	f.Add([]byte(configs.Installed()))
	f.Add([]byte(configs.Reference()))
	files, err := filepath.Glob("testdata/bad/*.toml")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, key := range []string{"files", "timezone"} { // no reading of files that the fuzzer thinks of
			if strings.Contains(string(data), key) {
				return
			}
		}
		cfg, _, err := config.Parse("fuzz.toml", data, config.Inputs{CheckFormat: checkFormat})
		var list config.Errors
		switch {
		case err == nil && cfg == nil, err != nil && cfg != nil:
			t.Fatalf("%v and %v", cfg, err)
		case err != nil && (!errors.As(err, &list) || slices.Contains(list, nil)):
			t.Fatalf("not a list: %v", err)
		case err == nil:
			for _, s := range cfg.Live {
				if _, err := match.New(s.Filter); err != nil || len(s.Tiers) == 0 {
					t.Fatalf("%+v: %v", s, err)
				}
			}
		}
	})
}
