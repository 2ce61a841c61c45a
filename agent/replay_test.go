package agent_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"cidrx/agent"
	"cidrx/agent/config"
	"cidrx/agent/control"
)

// oldLog is a log to replay.
type oldLog struct {
	source, text string
	written      time.Time
}

// replay runs logs through Replay.
func replay(t *testing.T, text string, event func(control.Event) error, in ...oldLog) (*agent.ReplaySummary, error) {
	t.Helper()
	cfg, _, err := newRig(t, text).load()
	if err != nil {
		t.Fatal(err)
	}
	var inputs []agent.ReplayInput
	for _, l := range in {
		i := slices.IndexFunc(cfg.Sources, func(s config.Source) bool { return s.Name == l.source })
		inputs = append(inputs, agent.ReplayInput{Name: l.source + ".log", Reader: strings.NewReader(l.text), Source: cfg.Sources[i], Written: l.written})
	}
	return agent.Replay(t.Context(), cfg, inputs, event)
}

// replayed is replay where nothing goes wrong.
func replayed(t *testing.T, text string, in ...oldLog) (*agent.ReplaySummary, []string) {
	t.Helper()
	var events []string
	sum, err := replay(t, text, func(e control.Event) error { events = appendEvent(events, e); return nil }, in...)
	if err != nil {
		t.Fatal(err)
	}
	return sum, events
}

var may = time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)

// inSummary compares summaries by what others see of them.
var inSummary = cmp.Options{
	cmpopts.IgnoreUnexported(agent.ReplaySummary{}, agent.ReplayBan{}), cmpopts.EquateComparable(netip.Prefix{}), cmpopts.EquateApproxTime(0),
}

// TestReplayDoesNotDependOnTheFiles cuts logs into files at random lines, which also cuts sshd's connections in two, and gives them in
// any order: the events are the same to the last byte, and the summary.
func TestReplayDoesNotDependOnTheFiles(t *testing.T) {
	for seed := range uint64(5) {
		rng := rand.New(rand.NewPCG(seed, 2))
		parts := logs(generate(seed, may, 2000))
		var whole, files []oldLog
		for _, source := range []string{"ssh", "web"} {
			lines := onTime(parts[source])
			whole = append(whole, oldLog{source, text(lines), may})
			files = append(files, cutUp(rng, source, lines)...)
		}
		wantSum, want := replayed(t, twoSources, whole...)
		rng.Shuffle(len(files), func(i, j int) { files[i], files[j] = files[j], files[i] })
		gotSum, got := replayed(t, twoSources, files...)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("seed %d: events of %d files (-whole +cut)\n%s", seed, len(files), diff)
		}
		wantSum.Logs, gotSum.Logs = nil, nil
		if diff := cmp.Diff(wantSum, gotSum, inSummary); diff != "" {
			t.Errorf("seed %d: summary of %d files (-whole +cut)\n%s", seed, len(files), diff)
		}
	}
}

// onTime leaves out the lines that were written late: merged by time they stand elsewhere.
func onTime(lines []oldLine) []oldLine {
	var newest time.Time
	return slices.DeleteFunc(slices.Clone(lines), func(l oldLine) bool {
		late := l.at.Before(newest)
		newest = maxTime(newest, l.at)
		return late
	})
}

func maxTime(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// cutUp makes several files of a log, each last written at another time.
func cutUp(rng *rand.Rand, source string, lines []oldLine) []oldLog {
	var out []oldLog
	for len(lines) > 0 {
		n := min(len(lines), 1+rng.IntN(500))
		out = append(out, oldLog{source, text(lines[:n]), may.Add(time.Duration(len(out)) * time.Hour)})
		lines = lines[n:]
	}
	return out
}

// webLines are n lines of a client at a time, in the combined format.
func webLines(n int, at time.Time, client, request string, status int) string {
	line := fmt.Sprintf("%s - - [%s] %q %d 12 \"-\" \"test\"\n", client, at.Format("02/Jan/2006:15:04:05 -0700"), request, status)
	return strings.Repeat(line, n)
}

// TestStoppedLinesDoNotCount bans a host, which goes on meanwhile and makes one request fewer than needed when the ban is over.
func TestStoppedLinesDoNotCount(t *testing.T) {
	probe := func(n, second int) string {
		return webLines(n, may.Add(time.Duration(second)*time.Second), "203.0.113.77", "GET /x", 404)
	}
	text := probe(12, 0) + probe(5, 0) + probe(100, 1) + probe(100, 39) + // banned for 40 to 44 s
		probe(11, 60) + probe(11, 181) + webLines(1, may.Add(time.Hour), "192.0.2.1", "GET /", 200)
	sum, events := replayed(t, twoSources, oldLog{"web", text, may})
	if len(events) != 2 || !strings.Contains(events[0], `"event":"ban"`) || !strings.Contains(events[1], `"event":"unban"`) {
		t.Errorf("events:\n%s", strings.Join(events, "\n"))
	}
	if sum.Stopped != 205 || sum.Requests != 12+205+22+1 || sum.StoppedHosts != 1 || sum.Bans != 1 || sum.Active != 0 {
		t.Errorf("summary: %+v", sum)
	}
	_, events = replayed(t, twoSources, oldLog{"web", text[:len(text)-len(webLines(1, may, "192.0.2.1", "GET /", 200))] + probe(1, 182), may})
	if len(events) != 3 || !strings.Contains(events[2], `"at":"2026-05-01T00:03:02Z"`) || !strings.Contains(events[2], `"stage":1`) {
		t.Errorf("with one request more:\n%s", strings.Join(events, "\n"))
	}
}

// TestBansEndWithoutLines looks for the end of each ban at its own time, in order, although no line comes near it.
func TestBansEndWithoutLines(t *testing.T) {
	var text string
	for i := range 5 {
		text += webLines(12, may.Add(time.Duration(i)*time.Second), fmt.Sprintf("203.0.113.%d", 10*i), "GET /x", 404)
	}
	text += webLines(1, may.Add(24*time.Hour), "192.0.2.1", "GET /", 200)
	until, last := map[string]time.Time{}, time.Time{}
	_, err := replay(t, twoSources, func(e control.Event) error {
		if e.At.Before(last) {
			t.Errorf("%s of %s at %s comes after an event of %s", e.Event, e.Prefix, e.At, last)
		}
		last = e.At
		switch e.Event {
		case "ban":
			until[e.Prefix.String()] = *e.Until
		case "unban":
			if !e.At.Equal(until[e.Prefix.String()]) {
				t.Errorf("%s was to end at %s and ends at %s", e.Prefix, until[e.Prefix.String()], e.At)
			}
			delete(until, e.Prefix.String())
		}
		return nil
	}, oldLog{"web", text, may})
	if err != nil || len(until) != 0 || last.IsZero() {
		t.Errorf("%v; not ended: %v", err, until)
	}
}

// TestLinesOutOfOrder counts late lines at their own second, and those that are too late for every window not at all.
func TestLinesOutOfOrder(t *testing.T) {
	at := func(n, second int) string {
		return webLines(n, may.Add(time.Duration(second)*time.Second), "203.0.113.77", "GET /x", 404)
	}
	for _, tt := range []struct {
		name string
		text string
		bans int
		late uint64
	}{
		{"late, within the window", at(6, 100) + at(6, 0), 1, 0},
		{"late, so that the window never holds them together", at(6, 300) + at(6, 0), 0, 0},
		{"later than every window", at(6, 3600) + at(30, 0) + at(5, 3601), 0, 30},
	} {
		sum, _ := replayed(t, twoSources, oldLog{"web", tt.text, may})
		if sum.Bans != tt.bans || sum.Late != tt.late {
			t.Errorf("%s: %d bans, %d late; want %d and %d", tt.name, sum.Bans, sum.Late, tt.bans, tt.late)
		}
	}
}

func TestLinesWithoutTime(t *testing.T) {
	noTime := strings.Replace(twoSources, `format = "combined"`, `format = "%h %s"`, 1)
	if _, err := replay(t, noTime, func(control.Event) error { return nil }, oldLog{"web", strings.Repeat("203.0.113.77 404\n", 50), may}); !errors.Is(err, agent.ErrNoTime) {
		t.Errorf("a format without times: %v", err)
	}
	some := strings.Replace(twoSources, `format = "combined"`, `format = "nginx-json"`, 1)
	text := strings.Repeat(`{"remote_addr":"203.0.113.77","status":404}`+"\n", 30) +
		`{"remote_addr":"192.0.2.1","status":200,"time_iso8601":"2026-05-01T00:00:00+00:00"}` + "\n" +
		strings.Repeat(`{"remote_addr":"203.0.113.77","status":404}`+"\n", 12)
	sum, events := replayed(t, some, oldLog{"web", text, may})
	if len(events) != 1 || !strings.Contains(events[0], `"at":"2026-05-01T00:00:00Z"`) || sum.Untimed != 30 || sum.Requests != 13 {
		t.Errorf("%v; summary %+v", events, sum)
	}
}

func TestReplayEndsWithItsReceiver(t *testing.T) {
	full := errors.New("no space left on device")
	text := generate(1, may, 20000)
	var n int
	_, err := replay(t, twoSources, func(control.Event) error { n++; return full }, oldLog{"web", textOf(text, "web"), may}, oldLog{"ssh", textOf(text, "ssh"), may})
	if !errors.Is(err, full) || n != 1 {
		t.Errorf("after %d events: %v", n, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	cfg, _, err := newRig(t, twoSources).load()
	if err != nil {
		t.Fatal(err)
	}
	in := agent.ReplayInput{Name: "web", Reader: strings.NewReader(textOf(text, "web")), Source: cfg.Sources[1], Written: may}
	if _, err := agent.Replay(ctx, cfg, []agent.ReplayInput{in}, func(control.Event) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("an interrupted replay: %v", err)
	}
}

func textOf(lines []oldLine, source string) string { return text(logs(lines)[source]) }

// TestReplayRows looks at what the summary says of IPv6 hosts, of the deny list, and of somebody who logged in from a banned network.
func TestReplayRows(t *testing.T) {
	var web string
	for i := range 40 {
		web += webLines(1, may, fmt.Sprintf("2001:db8:5:6::%x", i), "GET /x", 404)
	}
	web += webLines(7, may, "192.0.2.130", "GET /", 200) + webLines(2, may, "192.0.2.131", "GET /", 200)
	ssh := "2026-05-01T00:00:00Z edge sshd[7]: Accepted password for ann from 203.0.113.5 port 22 ssh2\n" +
		strings.Repeat("2026-05-01T00:00:09Z edge sshd[8]: Failed password for ann from 203.0.113.5 port 23 ssh2\n", 6)
	sum, _ := replayed(t, twoSources, oldLog{"web", web, may}, oldLog{"ssh", ssh, may})
	want := []agent.ReplayBan{
		{Prefix: prefix("2001:db8:5:6::/64"), Times: 1, First: may, Banned: 9 * time.Second, Reason: `strategy "probes", tier 1 [12,32,32,0]`, Stopped: 28, Hosts: 1, Open: true},
		{Prefix: denied, Reason: "on the deny list", Stopped: 9, Hosts: 2, Open: true, Listed: true},
		{
			Prefix: prefix("203.0.113.5/32"), Times: 1, First: may.Add(9 * time.Second), Reason: `strategy "ssh", tier 1 [5,32,32,0]`, Stopped: 1, Hosts: 1, Open: true,
			Caution: []string{"logged in from 203.0.113.5 at 2026-05-01T00:00:00Z"},
		},
	}
	if diff := cmp.Diff(want, sum.ByPrefix, inSummary); diff != "" {
		t.Errorf("rows (-want +got)\n%s", diff)
	}
	if sum.StoppedHosts != 4 || sum.Bans != 2 || sum.Active != 2 {
		t.Errorf("%d hosts stopped, %d bans, %d active", sum.StoppedHosts, sum.Bans, sum.Active)
	}
}
