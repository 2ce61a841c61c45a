package report_test

import (
	"bytes"
	"encoding/json"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pelletier/go-toml/v2"

	"cidrx/detect/cidr"
	"cidrx/detect/report"
)

func aSuggestion() *report.Suggestion {
	at := time.Date(2025, 3, 4, 0, 0, 0, 0, time.UTC)
	scanners := report.CaughtRange{
		Prefix: netip.MustParsePrefix("192.0.2.7/32"), Requests: 9000, Hosts: 1, Of: report.Caught{Others: report.Traffic{Requests: 9000, Hosts: 1}},
	}
	botnet := report.CaughtRange{
		Prefix: netip.MustParsePrefix("203.0.113.0/24"), Requests: 12000, Hosts: 200,
		Of: report.Caught{Others: report.Traffic{Requests: 11990, Hosts: 199}, Ordinary: report.Traffic{Requests: 10, Hosts: 1}},
	}
	people := report.CaughtRange{
		Prefix: netip.MustParsePrefix("2001:db8:1:2::/64"), Requests: 3000, Hosts: 1,
		Of: report.Caught{Ordinary: report.Traffic{Requests: 2900, Hosts: 1}, Others: report.Traffic{Requests: 100}},
	}
	tier := func(size uint64, from, to int, share uint32, hosts int) cidr.Tier {
		return cidr.Tier{MinSize: size, MinDepth: from, MaxDepth: to, Threshold: share, MinHosts: hosts, MaxCollateral: cidr.NoCollateralLimit, Jail: true}
	}
	return &report.Suggestion{
		Logs: []string{"access\x1b[2J.log"}, Format: "combined", Requests: 100_000, Hosts: 2000, First: at, Last: at.Add(24 * time.Hour),
		Approximate: true, Sampled: 50_000, Rule: "A request looks ordinary when it does.", Agents: true,
		Sections: []report.SuggestedSection{{
			Name: "my api", UserAgent: `o'bot\.x`, Endpoint: `^/api/\d+$`, Statuses: []string{"4xx", "200"}, Requests: 90_000, Hosts: 1900,
			PerDay: 90_000, Ordinary: report.Traffic{Requests: 60_000, Hosts: 1500}, Crawlers: report.Traffic{Requests: 5000, Hosts: 50},
			Others:  report.Traffic{Requests: 25_000, Hosts: 350},
			Busiest: []report.Busiest{{Bits: 32, All: scanners, Ordinary: people}, {Bits: 24, All: botnet}},
			Tiers: []report.SuggestedTier{
				{
					Tier: tier(4000, 32, 32, 40_000, 0), What: "single hosts", Ranges: 1, Caught: report.Traffic{Requests: 9000, Hosts: 1}, New: 9000,
					Why: []report.Reason{{Name: "minSize", Value: "4000", Text: "the busiest ordinary-looking host asked 3,000 times"}},
					Of:  scanners.Of, Largest: []report.CaughtRange{scanners},
				},
				{
					Tier: tier(6000, 24, 28, 60_000, 20), What: "networks", Ranges: 3, Caught: report.Traffic{Requests: 12_000, Hosts: 200}, New: 11_990,
					Why: []report.Reason{{Name: "minHosts", Value: "20", Text: "a few busy hosts must not condemn their neighbours"}},
					Of:  botnet.Of, Largest: []report.CaughtRange{botnet},
				},
			},
			Without: []string{"small networks: hardly anything that the tiers above do not catch"},
			Aside:   []report.CaughtRange{people},
		}},
	}
}

const plainSuggestion = `cidrx: tiers proposed for a log
================================================================================
Log             access\x1b[2J.log
Format          combined
Requests        100,000
Hosts           2,000
Time range      2025-03-04T00:00:00Z to 2025-03-05T00:00:00Z
Approximate     what looks ordinary was learnt from a sample of 50,000 lines, as
                the log can be read only once

A request looks ordinary when it does.

Section my api
--------------------------------------------------------------------------------
User agent      o'bot\.x
Endpoint        ^/api/\d+$
Status          4xx, 200
Requests        90,000, 90,000 a day
Ordinary        60,000 requests (66.67%) of 1,500 hosts
Crawlers        5,000 requests (5.56%) of 50 hosts
Others          25,000 requests (27.78%) of 350 hosts

  Busiest prefixes:
    /32  192.0.2.7/32             9,000 requests  10.00%  of all
         2001:db8:1:2::/64        2,900 requests   3.22%  ordinary-looking
    /24  203.0.113.0/24          12,000 requests  13.33%  of all

  Tier 1, for single hosts: 4000,32,32,0.04
    minSize 4000: the busiest ordinary-looking host asked 3,000 times.
    It would have caught 1 range with 9,000 requests (10.00%) of 1 host.
    Of these, 0 requests of 0 hosts look ordinary, 0 of 0 hosts are a crawler's;
    9,000 that look like neither are new.
      192.0.2.7/32  9,000 requests  1 host         0.00% ordinary

  Tier 2, for networks: 6000,24,28,0.06 with 20 hosts or more
    minHosts 20: a few busy hosts must not condemn their neighbours.
    It would have caught 3 ranges with 12,000 requests (13.33%) of 200 hosts.
    Of these, 10 requests of 1 host look ordinary, 0 of 0 hosts are a crawler's;
    11,990 that look like neither are new.
      203.0.113.0/24  12,000 requests  200 hosts      0.08% ordinary
      and 2 more

  Not proposed:
    small networks: hardly anything that the tiers above do not catch.

  These look like people or a crawler, and are in the way. Those that are (a
  crawler's user agent proves nothing: look its address up) go on the allowlist;
  ask again with --whitelist.
      2001:db8:1:2::/64  3,000 requests  1 host        96.67% ordinary

As flags (--minHosts holds for all tiers of a command, so each line is a run of
its own; the configuration below does it in one):

  --clusterArgSets 4000,32,32,0.04
  --clusterArgSets 6000,24,28,0.06 --minHosts 20

As configuration:

[static.'my api']
useragentRegex = "o'bot\\.x"
endpointRegex = '^/api/\d+$'
statuses = ['4xx', '200']

[[static.'my api'.tier]]  # single hosts
minSize = 4000
minDepth = 32
maxDepth = 32
threshold = 0.04
jail = true

[[static.'my api'.tier]]  # networks
minSize = 6000
minDepth = 24
maxDepth = 28
threshold = 0.06
minHosts = 20
jail = true
`

func TestSuggestionReadsAsText(t *testing.T) {
	var out bytes.Buffer
	if err := report.PlainSuggestion(&out, aSuggestion()); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(plainSuggestion, out.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for line := range strings.SplitSeq(out.String(), "\n") {
		if len(line) > 80 {
			t.Errorf("over 80 columns: %q", line)
		}
	}
}

func TestSuggestionCanBePasted(t *testing.T) {
	for _, hostile := range []string{"plain", "my api", "", `quo"te`, `back\slash`, "o'clock", "new\nline", "\x1b[31m", "umläut\u202e", "\x7f"} {
		s := aSuggestion()
		s.Sections[0].Name, s.Sections[0].UserAgent = hostile, hostile+"x"
		var out bytes.Buffer
		if err := report.PlainSuggestion(&out, s); err != nil {
			t.Fatal(err)
		}
		_, text, _ := strings.Cut(out.String(), "As configuration:\n")
		var got struct {
			Static map[string]struct {
				UseragentRegex string
				Tier           []struct {
					MinSize, MinDepth, MaxDepth, MinHosts int
					Threshold                             float64
					Jail                                  bool
				}
			}
		}
		if err := toml.Unmarshal([]byte(text), &got); err != nil {
			t.Errorf("%q: %v in\n%s", hostile, err, text)
			continue
		}
		section := got.Static[hostile]
		if section.UseragentRegex != hostile+"x" || len(section.Tier) != 2 || section.Tier[1].MinHosts != 20 || section.Tier[0].Threshold != 0.04 {
			t.Errorf("%q became %+v", hostile, got)
		}
	}
}

func TestSuggestionAsJSON(t *testing.T) {
	var out bytes.Buffer
	if err := report.JSONSuggestion(&out, aSuggestion()); err != nil {
		t.Fatal(err)
	}
	var got struct {
		General struct {
			Log         string `json:"log_file"`
			Approximate bool
			Sampled     int `json:"sampled_lines"`
		}
		Tries []struct {
			Name      string
			Traffic   map[string]struct{ Requests, Hosts int }
			Proposals []struct {
				For            string
				ClusterArgSets string
				Parameters     map[string]float64
			}
			NotProposed []string `json:"not_proposed"`
		}
	}
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	section := got.Tries[0]
	if got.General.Sampled != 50_000 || section.Name != "my api" || section.Traffic["others"].Hosts != 350 || len(section.NotProposed) != 1 {
		t.Errorf("%+v", got)
	}
	want := map[string]float64{"min_cluster_size": 6000, "min_depth": 24, "max_depth": 28, "mean_subnet_difference": 0.06, "min_hosts": 20}
	if diff := cmp.Diff(want, section.Proposals[1].Parameters); diff != "" || section.Proposals[1].ClusterArgSets != "6000,24,28,0.06" {
		t.Errorf("%s (-want +got):\n%s", section.Proposals[1].ClusterArgSets, diff)
	}
	empty := report.Suggestion{Sections: []report.SuggestedSection{{Name: "x"}}}
	out.Reset()
	if err := report.JSONSuggestion(&out, &empty); err != nil || strings.Contains(out.String(), "null") {
		t.Errorf("%v in %s", err, out.String())
	}
}
