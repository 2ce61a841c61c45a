package agent_test

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"cidrx/agent/control"
)

// scrape runs an agent to which everything has happened that there is a metric for, and returns what Prometheus is told.
func scrape(t *testing.T) string {
	t.Helper()
	// A free port, and an address that nobody else uses: nobody takes it before the agent does.
	ln, err := net.Listen("tcp", fmt.Sprintf("127.%d.%d.1:0", 1+os.Getpid()>>8&127, os.Getpid()&255))
	if err != nil {
		t.Fatal(err)
	}
	addr := ln.Addr().String()
	ln.Close()
	r := newRig(t, strings.Replace(baseConfig, "[agent]", "[agent]\nmetricsListen = \""+addr+"\"", 1)).start()
	r.write("access.log", 20, "198.51.100.7", "GET /x", 404)
	r.inForce("198.51.100.7/32")
	if _, err := r.client.Ban(t.Context(), control.BanRequest{Prefix: prefix("2001:db8::/64")}); err != nil {
		t.Fatal(err)
	}
	r.passes("198.51.100.7")
	r.skew.Store(int64(2 * time.Second)) // what was read of the kernel a moment ago is old
	var resp *http.Response
	r.await("the metrics are served", func() bool {
		var err error
		resp, err = http.Get("http://" + addr + "/metrics")
		return err == nil
	})
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// ourMetrics are the names that dashboards and alerts of users rely on, with their labels.
var ourMetrics = map[string][]string{
	"cidrx_lines_total": {"result", "source"}, "cidrx_source_lag_seconds": {"source"}, "cidrx_requests_total": {"strategy"},
	"cidrx_verdicts_total": {"strategy"}, "cidrx_window_seconds": {"strategy"}, "cidrx_evictions_total": {"what"}, "cidrx_bans": {"family"},
	"cidrx_bans_total": {"reason"}, "cidrx_ban_latency_seconds": {}, "cidrx_kernel_elements": {"set"}, "cidrx_kernel_drift": {},
	"cidrx_dropped_packets_total": {"set"}, "cidrx_firewall_repairs_total": {}, "cidrx_leaked_requests_total": {}, "cidrx_mode": {"mode"},
	"cidrx_broken": {}, "cidrx_build_info": {"commit", "version"},
}

var (
	typeLine  = regexp.MustCompile(`(?m)^# TYPE (cidrx_\w+) (\w+)$`)
	valueLine = regexp.MustCompile(`(?m)^(cidrx_\w+)(?:\{(.*)\})? \S+$`)
	labelName = regexp.MustCompile(`(\w+)="`)
	histogram = regexp.MustCompile(`_(bucket|sum|count)$`)
)

// told are the metrics of a scrape with their labels.
func told(text string) map[string][]string {
	names := map[string][]string{}
	for _, m := range typeLine.FindAllStringSubmatch(text, -1) {
		names[m[1]] = []string{}
	}
	for _, m := range valueLine.FindAllStringSubmatch(text, -1) {
		name := m[1]
		if _, ok := names[name]; !ok {
			name = histogram.ReplaceAllString(name, "")
		}
		var labels []string
		for _, l := range labelName.FindAllStringSubmatch(m[2], -1) {
			if l[1] != "le" {
				labels = append(labels, l[1])
			}
		}
		names[name] = append([]string{}, labels...)
	}
	return names
}

func TestMetrics(t *testing.T) {
	text := scrape(t)
	for _, want := range []string{
		`cidrx_lines_total{result="parsed",source="web"} 20`, `cidrx_requests_total{strategy="probes"} 20`, `cidrx_verdicts_total{strategy="probes"} 1`,
		`cidrx_bans{family="ipv4"} 1`, `cidrx_bans{family="ipv6"} 1`, `cidrx_bans_total{reason="probes"} 1`, `cidrx_bans_total{reason="manual"} 1`, `cidrx_bans_total{reason="deny list"} 0`,
		`cidrx_kernel_elements{set="host4"} 1`, `cidrx_kernel_elements{set="host6"} 1`, `cidrx_kernel_elements{set="net6"} 0`, `cidrx_dropped_packets_total{set="host4"} 1`,
		`cidrx_evictions_total{what="verdicts refused: never banned"} 0`, `cidrx_ban_latency_seconds_count 1`,
		`cidrx_mode{mode="enforce"} 1`, `cidrx_mode{mode="observe"} 0`, `cidrx_kernel_drift 0`, `cidrx_broken 0`,
	} {
		if !strings.Contains(text, want+"\n") {
			t.Errorf("no %s in the metrics:\n%s", want, text)
		}
	}
	if diff := cmp.Diff(ourMetrics, told(text)); diff != "" {
		t.Errorf("names and labels (-want +got):\n%s", diff)
	}
}

// What `promtool check metrics` would say.
func TestMetricsAreClean(t *testing.T) {
	problems, err := promlint.New(strings.NewReader(scrape(t))).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}

// Every query of the dashboard asks for metrics and labels that there are, and every metric of ours is asked for.
func TestDashboard(t *testing.T) {
	data, err := os.ReadFile("../packaging/grafana/cidrx.json")
	if err != nil {
		t.Fatal(err)
	}
	var board struct {
		UID, Title string
		Panels     []struct {
			ID      int
			Title   string
			Type    string
			GridPos struct{ H, W, X, Y int }
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(data, &board); err != nil {
		t.Fatal(err)
	}
	var rows []string
	ids, asked := map[int]bool{}, map[string]bool{}
	for _, p := range board.Panels {
		if ids[p.ID] || p.GridPos.X+p.GridPos.W > 24 {
			t.Errorf("panel %q: its number is taken, or it does not fit into the grid", p.Title)
		}
		ids[p.ID] = true
		if p.Type == "row" {
			rows = append(rows, p.Title)
		} else if len(p.Targets) == 0 {
			t.Errorf("panel %q asks for nothing", p.Title)
		}
		for _, target := range p.Targets {
			checkQuery(t, p.Title, target.Expr, asked)
		}
	}
	if diff := cmp.Diff([]string{"Health", "Traffic", "Bans", "Kernel", "Latency"}, rows); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(ourMetrics)), slices.Sorted(maps.Keys(asked))); diff != "" {
		t.Errorf("metrics on the dashboard (-there is +asked for):\n%s", diff)
	}
}

var (
	metricName = regexp.MustCompile(`\b(cidrx|process|go)_\w+`)
	selector   = regexp.MustCompile(`(cidrx_\w+)\{([^}]*)\}`)
	matched    = regexp.MustCompile(`(\w+)\s*(=~|!~|!=|=)`)
	grouped    = regexp.MustCompile(`by \(([\w, ]+)\)`)
)

func checkQuery(t *testing.T, panel, expr string, asked map[string]bool) {
	t.Helper()
	known := []string{"instance", "job", "le"}
	for _, name := range metricName.FindAllString(expr, -1) {
		if !strings.HasPrefix(name, "cidrx_") {
			continue
		}
		base := name
		if _, ok := ourMetrics[base]; !ok {
			base = histogram.ReplaceAllString(name, "")
		}
		labels, ok := ourMetrics[base]
		if !ok {
			t.Errorf("panel %q asks for %s, which does not exist", panel, name)
		}
		asked[base] = true
		known = append(known, labels...)
	}
	for _, s := range selector.FindAllStringSubmatch(expr, -1) {
		for _, l := range matched.FindAllStringSubmatch(s[2], -1) {
			if !slices.Contains(known, l[1]) {
				t.Errorf("panel %q: %s has no label %s", panel, s[1], l[1])
			}
		}
	}
	for _, g := range grouped.FindAllStringSubmatch(expr, -1) {
		for _, l := range strings.Split(g[1], ",") {
			if !slices.Contains(known, strings.TrimSpace(l)) {
				t.Errorf("panel %q: there is no label %s", panel, l)
			}
		}
	}
}
