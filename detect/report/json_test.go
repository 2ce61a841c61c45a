package report_test

import (
	"encoding/json"
	"net/netip"
	"os/exec"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"cidrx/detect/report"
)

func asJSON(t interface {
	Helper()
	Fatal(...any)
}, r *report.Report, compact bool) string {
	t.Helper()
	var b strings.Builder
	if err := report.JSON(&b, r, compact); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestJSONGolden(t *testing.T) {
	for name, c := range map[string]struct {
		r       *report.Report
		compact bool
	}{
		"json":         {sample(), false},
		"json_compact": {sample(), true},
		"json_hostile": {hostileReport(), false},
		"json_empty":   {&report.Report{}, false},
		"json_huge":    {huge(), false},
	} {
		t.Run(name, func(t *testing.T) { golden(t, name, asJSON(t, c.r, c.compact)) })
	}
}

// TestPipelines runs what users of the cidrx 1.x tool have in their scripts.
func TestPipelines(t *testing.T) {
	for filter, want := range map[string]string{
		".tries[].data[].merged_ranges[].cidr":                                                     "203.0.113.7/32\n198.51.100.0/24\n203.0.113.7/32\n2001:db8:1234:5678::/64\n",
		".tries[].data[].detected_ranges[] | select(.requests > 50000) | .cidr":                    "2001:db8:1234:5678::/64\n",
		"[.tries[].data[].merged_ranges[].requests] | add":                                         "173078\n",
		".general.total_requests, .general.unique_ips, .general.skipped_lines":                     "1046826\n201234\n10\n",
		".general.log_file, .general.parsing.rate_per_second":                                      "/var/log/nginx/access.log,/var/log/nginx/access.log.1.gz\n2395482\n",
		".general.time_range.start, .metadata.generated_at":                                        "2026-11-20T12:00:00Z\n2026-11-21T08:15:23Z\n",
		`.tries[] | select(.name == "scanners") | .stats.total_requests_after_filtering`:           "4000\n",
		`.tries[0].data[] | [.parameters.mean_subnet_difference, .parameters.needed] | @csv`:       "0.0001,1000\n0.0625,30000\n",
		".tries[0].stats.cidr_analysis[].cidr, (.tries[1].stats | has(\"cidr_analysis\"))":         "14.160.0.0/12\n192.0.2.0/24\nfalse\n",
		".tries[].parameters | .threshold_mode, .use_for_jail":                                     "share\n[false,true]\nshare\n[true,false]\nbalance\n[false]\n",
		".useragent_blacklist_ips[], (.errors | length), (.warnings | length), .warnings[0].count": "198.51.100.9\n2001:db8:7::/64\n0\n2\n10\n",
	} {
		for _, compact := range []bool{true, false} {
			jq := exec.Command("jq", "-rc", filter)
			jq.Stdin = strings.NewReader(asJSON(t, sample(), compact))
			got, err := jq.Output()
			if err != nil {
				t.Fatalf("jq %s: %v", filter, err)
			}
			if diff := cmp.Diff(want, string(got)); diff != "" {
				t.Errorf("jq %s, compact %v (-want +got):\n%s", filter, compact, diff)
			}
		}
	}
}

func TestJSONCompactIsOneLine(t *testing.T) {
	if got := asJSON(t, hostileReport(), true); strings.Count(got, "\n") != 1 || !strings.HasSuffix(got, "}\n") {
		t.Errorf("not one line: %q", got)
	}
}

// TestJSONKeepsTextAndIsHarmless: whatever a text is, the document can be read, says the same if that is UTF-8, and does nothing to a terminal.
func TestJSONKeepsTextAndIsHarmless(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.String(), rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) }), rapid.Just(hostile)).Draw(t, "text")
		doc := asJSON(t, &report.Report{Sections: []report.Section{{Endpoint: text}}}, rapid.Bool().Draw(t, "compact"))
		if !utf8.ValidString(doc) || strings.ContainsFunc(doc, func(r rune) bool { return r != '\n' && !unicode.IsPrint(r) }) {
			t.Fatalf("a terminal would do something: %q", doc)
		}
		var read struct {
			Tries []struct {
				Parameters struct {
					Endpoint string `json:"endpoint_regex"`
				}
			}
		}
		if err := json.Unmarshal([]byte(doc), &read); err != nil {
			t.Fatalf("%v: %s", err, doc)
		}
		if got, want := read.Tries[0].Parameters.Endpoint, strings.ToValidUTF8(text, "\ufffd"); utf8.ValidString(text) && got != want {
			t.Fatalf("%q was read as %q", text, got)
		}
	})
}

func TestDeniedAgentsOnlyIfAskedFor(t *testing.T) {
	for name, c := range map[string]struct {
		hosts []netip.Prefix
		want  bool
	}{"not asked for": {nil, false}, "asked for, none": {[]netip.Prefix{}, true}} {
		got := asJSON(t, &report.Report{DeniedAgents: c.hosts}, true)
		if strings.Contains(got, `"useragent_blacklist_ips":[]`) != c.want || strings.Contains(got, "useragent_blacklist_ips") != c.want {
			t.Errorf("%s: %s", name, got)
		}
	}
}
