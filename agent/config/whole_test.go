package config_test

import (
	"log/slog"
	"net/netip"
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
maxCollateral = 0.00397
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
				MinSize: 1, MinDepth: 32, MaxDepth: 32, Threshold: 1, HostsByLength: true, MaxCollateral: 3970,
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

// TestStaticSectionsAreChecked although the agent has no use for them.
func TestStaticSectionsAreChecked(t *testing.T) {
	cfg := parse(t, "[static]\nlogFile = \"x\"\n[static.Some_Name]\nstartTime = 2024-01-01\nclusterArgSets = [[1, 2, 3, 0.4]]\n[log]\nlevel = \"warn\"\n")
	if cfg.Log.Level != slog.LevelWarn || len(cfg.Static) != 1 || cfg.Static[0].Name != "Some_Name" {
		t.Errorf("level %v, static %+v", cfg.Log.Level, cfg.Static)
	}
}
