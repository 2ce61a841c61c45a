package config_test

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cidrx/agent/config"
	"cidrx/configs"
	"cidrx/detect/cidr"
	"cidrx/detect/match"
	"cidrx/detect/static"
)

// TestStaticWhole loads a file of the cidrx 1.x tool with everything in it, and what this one adds.
func TestStaticWhole(t *testing.T) {
	dir := write(t, map[string]string{
		"white":  "# ours\n198.51.100.7 # office\n2001:db8::/48\n",
		"black":  "203.0.113.0/24\n203.0.113.0/24\n",
		"agents": "# crawlers\nGooglebot\n  Bing bot # not a comment\n\nGooglebot\n",
	})
	text := strings.ReplaceAll(`
[global]
jailFile = "j.json"
banFile = "b.txt"
whitelist = "DIR/white"
blacklist = "DIR/black"
userAgentWhitelist = "DIR/agents"
userAgentBlacklist = "DIR/agents"
[static]
logFile = ["a.log", "b*.log"]
logFormat = "combined"
timezone = "Europe/Berlin"
plotPath = "p.html"
[static.Web_Front]
useragentRegex = "curl"
endpointRegex = "/api/.*"
methods = ["GET"]
statuses = ["4xx"]
hosts = ["example.org"]
outcomes = ["failure"]
startTime = 2026-05-01
endTime = "2026-05-02 10"
cidrRanges = ["203.0.113.0/24", "192.0.2.1"]
thresholdMode = "balance"
clusterArgSets = [[1000, 24, 32, 0.1], [5000, 20, 28, 0.2]]
useForJail = [true, false]
[static."all of it"]
startTime = 2026-05-01T10:00:00
endTime = 2026-05-01T12:00:00+02:00
[[static."all of it".tier]]
minSize = 100
minDepth = 20
maxDepth = 28
threshold = 0.01
minHosts = 3
[static.counted]
cidrRanges = ["192.0.2.0/24"]
[allow]
networks = ["192.0.2.0/24"]
[jail]
stages = ["1h"]
[live]
port = "8080"
[live.detection]
slidingWindowMaxTime = "2h"
`, "DIR", dir)
	got, warnings, err := config.ParseStatic("t.toml", []byte(text), config.Inputs{CheckFormat: checkFormat}, nil)
	if err != nil || len(warnings) > 0 {
		t.Fatalf("%v, warnings %v", err, warnings)
	}
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	want := &config.Static{
		Files: []string{"t.toml"}, Logs: []string{"a.log", "b*.log"}, Format: "combined", Timezone: berlin,
		PlotPath: "p.html", JailFile: "j.json", BanFile: "b.txt",
		Allow: prefixes("192.0.2.0/24", "198.51.100.7/32", "2001:db8::/48"), Deny: prefixes("203.0.113.0/24"),
		AllowAgents: []string{"Bing bot # not a comment", "Googlebot"}, DenyAgents: []string{"Bing bot # not a comment", "Googlebot"},
		Jail: config.Jail{
			Stages: []time.Duration{time.Hour}, ForgetAfter: 7 * 24 * time.Hour, UnblockGrace: time.Hour,
			MaxPrefix4: 16, MaxPrefix6: 32, MaxBans: 100_000,
		},
		Sections: []static.Section{{
			Name:   "Web_Front",
			Filter: match.Options{UserAgent: "curl", Endpoint: "/api/.*", Methods: []string{"GET"}, Statuses: []string{"4xx"}, Hosts: []string{"example.org"}, Outcomes: []string{"failure"}},
			Start:  time.Date(2026, 5, 1, 0, 0, 0, 0, berlin), End: time.Date(2026, 5, 2, 10, 59, 59, 0, berlin),
			Ranges: prefixes("203.0.113.0/24", "192.0.2.1/32"),
			Tiers: []cidr.Tier{
				{MinSize: 1000, MinDepth: 24, MaxDepth: 32, Threshold: 100_000, MaxCollateral: cidr.NoCollateralLimit, Balance: true, Jail: true},
				{MinSize: 5000, MinDepth: 20, MaxDepth: 28, Threshold: 200_000, MaxCollateral: cidr.NoCollateralLimit, Balance: true},
			},
		}, {
			Name: "all of it", Start: time.Date(2026, 5, 1, 10, 0, 0, 0, berlin), End: time.Date(2026, 5, 1, 12, 0, 0, 0, berlin),
			Tiers: []cidr.Tier{{MinSize: 100, MinDepth: 20, MaxDepth: 28, Threshold: 10_000, MinHosts: 3, MaxCollateral: cidr.NoCollateralLimit, Jail: true}},
		}, {
			Name: "counted", Ranges: prefixes("192.0.2.0/24"),
		}},
	}
	if diff := cmp.Diff(want, got, equal, cmp.Comparer(func(a, b time.Time) bool { return a.Equal(b) })); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	again, _, err := config.ParseStatic("t.toml", []byte(text), config.Inputs{}, []string{"other.log"})
	if err != nil || len(again.Logs) != 1 || again.Logs[0] != "other.log" {
		t.Errorf("with another log: %v, %v", again, err)
	}
}

// TestStaticReference makes sure that the commented file is good, and that logFile is the only thing it must have.
func TestStaticReference(t *testing.T) {
	s, warnings, err := config.ParseStatic("static.toml", configs.Static(), config.Inputs{}, nil)
	if err != nil || len(warnings) > 0 || len(s.Sections) != 3 {
		t.Errorf("%+v, %v, %v", s, warnings, err)
	}
}

// TestBadStaticFiles compares what is said about each file of testdata/badstatic, word by word.
func TestBadStaticFiles(t *testing.T) {
	files, err := filepath.Glob("testdata/badstatic/*.toml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no files: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			s, _, err := config.LoadStatic(config.Inputs{File: file, CheckFormat: checkFormat}, nil)
			var list config.Errors
			if s != nil || !errors.As(err, &list) {
				t.Fatalf("LoadStatic = %v, %v; want errors", s, err)
			}
			checkGolden(t, strings.TrimSuffix(file, ".toml")+".golden", strings.ReplaceAll(err.Error(), "testdata/badstatic/", "")+"\n")
		})
	}
}

// TestStaticLayers merges conf.d beside the file, names in their case.
func TestStaticLayers(t *testing.T) {
	dir := write(t, map[string]string{
		"a.toml":        "[static]\nlogFile = \"a.log\"\n[static.One]\nthresholdMode = \"balance\"\nclusterArgSets = [[1, 2, 3, 0.4]]\n",
		"conf.d/b.toml": "[static]\nlogFile = [\"b.log\"]\n[static.One]\nclusterArgSets = [[5, 6, 7, 0.8]]\n[static.one]\nclusterArgSets = [[5, 6, 7, 0.8]]\n",
	})
	s, _, err := config.LoadStatic(config.Inputs{File: filepath.Join(dir, "a.toml")}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Files) != 2 || len(s.Sections) != 2 || s.Sections[0].Name != "One" || !s.Sections[0].Tiers[0].Balance || s.Sections[0].Tiers[0].MinSize != 5 || s.Logs[0] != "b.log" {
		t.Errorf("%+v", s)
	}
}

func TestOfFlags(t *testing.T) {
	hosts, share := int64(4), 0.25
	s, _, err := config.OfFlags(config.StaticFlags{
		Logs: []string{"-"}, ClusterArgSets: []string{"1000,24,32,0.1", " 5, 20, 28, 0"}, MinHosts: &hosts, MaxCollateral: &share, SizeAlone: 9000, Depth6: "48,64",
		ThresholdMode: "share", Timezone: "UTC", StartTime: "2026-05-01", EndTime: "2026-05-01 14:30", Ranges: []string{"2001:db8::/32"},
	}, config.Inputs{})
	if err != nil {
		t.Fatal(err)
	}
	tier := cidr.Tier{MinSize: 1000, MinDepth: 24, MaxDepth: 32, Threshold: 100_000, SizeAlone: 9000, MinHosts: 4, MaxCollateral: 250_000, Depth6: [2]int{48, 64}, Jail: true}
	second := tier
	second.MinSize, second.MinDepth, second.MaxDepth, second.Threshold = 5, 20, 28, 0
	want := []static.Section{{
		Name: "cli_trie", Start: time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC), End: time.Date(2026, 5, 1, 14, 30, 59, 0, time.UTC),
		Ranges: []netip.Prefix{netip.MustParsePrefix("2001:db8::/32")}, Tiers: []cidr.Tier{tier, second},
	}}
	if diff := cmp.Diff(want, s.Sections, equal); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	_, _, err = config.OfFlags(config.StaticFlags{Logs: []string{"x"}, ClusterArgSets: []string{"nan,1,2,3", "1.5,1,2,0", "1,2,3,-1", "", "9223372036854775808,24,32,0.1", "1e999,24,32,0.1"}, Depth6: "1,99999999999999999999"}, config.Inputs{})
	wantErr := strings.TrimSpace(`
flags: --clusterArgSets : has 0 numbers, but must have 4: minSize,minDepth,maxDepth,threshold
flags: --clusterArgSets 1,2,3,-1: -1 is outside 0 to 1
flags: --clusterArgSets 1.5,1,2,0: 1.5 must be a whole number, 0 or more
flags: --clusterArgSets 1e999,24,32,0.1: 1e999 is too large
flags: --clusterArgSets 9223372036854775808,24,32,0.1: 9223372036854775808 is too large; the most is 1000000000000000
flags: --clusterArgSets nan,1,2,3: NaN must be a whole number, 0 or more
flags: --depth6: 99999999999999999999 is too large`)
	if diff := cmp.Diff(wantErr, fmt.Sprint(err)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestKeyOf(t *testing.T) {
	for flag, want := range map[string]string{
		"--logfile": "logFile in [static]", "--clusterArgSets": "clusterArgSets in [static.NAME]", "--minHosts": "minHosts in [[static.NAME.tier]]",
		"--whitelist": "whitelist in [global]", "--endTime": "endTime in [static.NAME]", "--rangesCidr": "cidrRanges in [static.NAME]", "--plain": "",
	} {
		if got := config.KeyOf(flag); got != want {
			t.Errorf("KeyOf(%s) = %q, want %q", flag, got, want)
		}
	}
}

// TestListsOfOtherSystems: a byte order mark and carriage returns belong to no entry. In front of a user agent they would match nothing.
func TestListsOfOtherSystems(t *testing.T) {
	dir := write(t, map[string]string{"white": "\ufeff192.0.2.7\r\n2001:db8::/32 # office\r\n", "agents": "\ufeffnikto\r\nsqlmap\r\n"})
	s, _, err := config.OfFlags(config.StaticFlags{
		Logs: []string{"a.log"}, ClusterArgSets: []string{"10,24,32,0.1"},
		Whitelist: filepath.Join(dir, "white"), UserAgentBlacklist: filepath.Join(dir, "agents"),
	}, config.Inputs{})
	if err != nil {
		t.Fatal(err)
	}
	want := []netip.Prefix{netip.MustParsePrefix("192.0.2.7/32"), netip.MustParsePrefix("2001:db8::/32")}
	if !slices.Equal(s.Allow, want) || !slices.Equal(s.DenyAgents, []string{"nikto", "sqlmap"}) {
		t.Errorf("addresses %v, user agents %q", s.Allow, s.DenyAgents)
	}
}

func TestParseMoment(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ text, start, end string }{
		{"2026-05-01", "2026-04-30T22:00:00Z", "2026-05-01T21:59:59Z"},
		{"2026-03-29", "2026-03-28T23:00:00Z", "2026-03-29T21:59:59Z"},       // a day of 23 hours
		{"2026-10-25", "2026-10-24T22:00:00Z", "2026-10-25T22:59:59Z"},       // one of 25
		{"2026-10-25 02", "2026-10-25T00:00:00Z", "2026-10-25T01:59:59Z"},    // an hour that comes twice
		{"2026-10-25 02:30", "2026-10-25T00:30:00Z", "2026-10-25T01:30:59Z"}, // is from its first to its last second
		{"2026-10-25 01", "2026-10-24T23:00:00Z", "2026-10-24T23:59:59Z"},
		{"2026-10-25 03", "2026-10-25T02:00:00Z", "2026-10-25T02:59:59Z"},
		{"2026-10-25T02:30:00+01:00", "2026-10-25T01:30:00Z", "2026-10-25T01:30:00Z"},
		{"2026-05-01 14", "2026-05-01T12:00:00Z", "2026-05-01T12:59:59Z"},
		{"2026-05-01 14:30", "2026-05-01T12:30:00Z", "2026-05-01T12:30:59Z"},
		{"2026-05-01T14:30:15", "2026-05-01T12:30:15Z", "2026-05-01T12:30:15Z"},
		{"2026-05-01T14:30:15.9Z", "2026-05-01T14:30:15Z", "2026-05-01T14:30:15Z"},
		{"2026-05-01T14:30Z", "2026-05-01T14:30:00Z", "2026-05-01T14:30:59Z"},
		{"2026-05-01T14:30:15-05:00", "2026-05-01T19:30:15Z", "2026-05-01T19:30:15Z"},
		{"2026-02-30", "", ""}, {"2026-05-01 25", "", ""}, {"14:30", "", ""}, {"", "", ""}, {"yesterday", "", ""},
	} {
		for end, want := range map[bool]string{false: tt.start, true: tt.end} {
			got, err := config.ParseMoment(tt.text, berlin, end)
			if (err == nil) != (want != "") || err == nil && got.UTC().Format(time.RFC3339) != want {
				t.Errorf("ParseMoment(%q, end %v) = %v, %v; want %s", tt.text, end, got, err, want)
			}
		}
	}
}

// FuzzParseStatic is FuzzParse for files of cidrx static.
func FuzzParseStatic(f *testing.F) {
	f.Add(configs.Static())
	for _, pattern := range []string{"testdata/bad/*.toml", "testdata/badstatic/*.toml"} {
		files, err := filepath.Glob(pattern)
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
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, key := range []string{"files", "timezone", "list"} { // no reading of files that the fuzzer thinks of
			if strings.Contains(strings.ToLower(string(data)), key) {
				return
			}
		}
		s, _, err := config.ParseStatic("fuzz.toml", data, config.Inputs{CheckFormat: checkFormat}, nil)
		var list config.Errors
		switch {
		case (err == nil) == (s == nil):
			t.Fatalf("%v and %v", s, err)
		case err != nil && !errors.As(err, &list):
			t.Fatalf("not a list: %v", err)
		case err == nil:
			for _, section := range s.Sections {
				for _, tier := range section.Tiers {
					if err := tier.Validate(); err != nil {
						t.Fatalf("%+v: %v", tier, err)
					}
				}
			}
		}
	})
}
