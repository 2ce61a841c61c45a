package report_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"math/rand/v2"
	"net/netip"
	"regexp"
	"strings"
	"testing"
	"time"

	"cidrx/detect/report"
)

func asHTML(t *testing.T, write func(io.Writer, *report.Report) error, r *report.Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := write(&b, r); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// ours cuts style and script out of a page: they are read in their own files, and a golden file need not change with them.
var ours = regexp.MustCompile(`(?s)<style>.*?</style>|<script>.*?</script>|'sha256-[^']*'`)

func TestHTMLGolden(t *testing.T) {
	for name, r := range map[string]*report.Report{"html": smallReport(), "html_hostile": hostilePage(), "html_empty": {}} {
		golden(t, name, ours.ReplaceAllString(asHTML(t, report.HTML, r), "…"))
	}
	golden(t, "html_map", ours.ReplaceAllString(asHTML(t, report.Map, smallReport()), "…"))
}

func TestHTMLIsDeterministic(t *testing.T) {
	if a, b := asHTML(t, report.HTML, pageReport()), asHTML(t, report.HTML, pageReport()); a != b {
		t.Error("the same report gave two pages")
	}
}

func TestHTMLErrorsOfTheWriterComeBack(t *testing.T) {
	for _, write := range []func(io.Writer, *report.Report) error{report.HTML, report.Map} {
		if err := write(full{}, smallReport()); err == nil || !strings.Contains(err.Error(), errFull.Error()) {
			t.Errorf("writing to a full disk: %v", err)
		}
	}
}

// TestPolicyNamesWhatIsInThePage: a browser that obeys the policy must run our own style and script.
func TestPolicyNamesWhatIsInThePage(t *testing.T) {
	page := asHTML(t, report.HTML, smallReport())
	policy := regexp.MustCompile(`Content-Security-Policy" content="([^"]*)"`).FindStringSubmatch(page)[1]
	for name, tag := range map[string]string{"style-src": "style", "script-src": "script"} {
		inside := regexp.MustCompile(`(?s)<`+tag+`>(.*?)</`+tag+`>`).FindAllStringSubmatch(page, -1)
		if len(inside) != 1 {
			t.Fatalf("%d elements of %s, want 1", len(inside), tag)
		}
		sum := sha256.Sum256([]byte(inside[0][1]))
		want := name + " 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
		if !strings.Contains(strings.ReplaceAll(policy, "&#39;", "'"), strings.ReplaceAll(want, "+", "&#43;")) {
			t.Errorf("the policy %s lacks %s", policy, want)
		}
	}
	if !strings.HasPrefix(policy, "default-src &#39;none&#39;") {
		t.Errorf("the policy %s allows what it does not name", policy)
	}
}

// TestHTMLIsBounded: the largest report there is gives a page that a mail server takes, and says what it leaves out.
func TestHTMLIsBounded(t *testing.T) {
	page := asHTML(t, report.HTML, boundless())
	if len(page) > 4<<20 {
		t.Errorf("the page has %d bytes, want at most 4 MiB", len(page))
	}
	for _, want := range []string{
		"and 19,500 ranges more", "and 75 hosts more", "and 211 ranges more", "and 15,000 networks more", "detected ranges more that are not outlined",
		"and 250 more", "and 150 sections more",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	if size := len(asHTML(t, report.HTML, pageReport())); size > 300<<10 {
		t.Errorf("an ordinary page has %d bytes, want under 300 KiB", size)
	}
}

// boundless has as much as a report may have of everything, and more of what has no bound.
func boundless() *report.Report {
	r := pageReport()
	rng := rand.New(rand.NewPCG(5, 6))
	long := strings.Repeat("<&\"'>\u202e", 200)
	for i := range 300 {
		r.Logs = append(r.Logs[:min(len(r.Logs), 299)], fmt.Sprint(i, long))
		r.Warnings = append(r.Warnings[:min(len(r.Warnings), 299)], report.Warning{Message: long})
		r.DeniedAgents = append(r.DeniedAgents, prefix("192.0.2.1/32"))
	}
	s := &r.Sections[0]
	s.Tiers = s.Tiers[:1]
	s.Tiers[0].Detected = nil
	for i := range 20_000 {
		p := netip.PrefixFrom(netip.AddrFrom4([4]byte{byte(11 + i/5000), byte(i / 20 % 250), byte(i % 20 * 3), 0}), 24)
		s.Tiers[0].Detected = append(s.Tiers[0].Detected, report.Range{Prefix: p, Requests: 1 + rng.Uint64N(1e9), Hosts: 100, First: pageStart, Last: pageStart.Add(time.Hour)})
	}
	r.Detail.Ranges, r.Detail.Omitted = nil, 5
	for i := range report.MaxDetailed {
		d := report.RangeDetail{Prefix: s.Tiers[0].Detected[i*7].Prefix, Requests: 1 << 40, Times: make([]uint64, report.MaxBuckets)}
		for b := range d.Times {
			d.Times[b] = rng.Uint64N(1e9)
		}
		for range 10 {
			d.Agents.List = append(d.Agents.List, report.Top{Text: long, Requests: 9})
			d.Endpoints, d.Statuses = d.Agents, d.Agents
		}
		for h := range 100 {
			d.Hosts = append(d.Hosts, report.Host{Prefix: netip.PrefixFrom(d.Prefix.Addr(), 32), Requests: uint64(h), Last: pageStart})
		}
		d.Samples = []string{long, long, long, long, long}
		r.Detail.Ranges = append(r.Detail.Ranges, d)
	}
	for range 198 {
		r.Sections = append(r.Sections, report.Section{Name: long, UserAgent: long})
	}
	for i := range r.Space.Cells {
		r.Space.Cells[i].Requests = rng.Uint64N(1e12)
	}
	return r
}
