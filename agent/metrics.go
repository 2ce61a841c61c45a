package agent

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"cidrx/agent/control"
	"cidrx/agent/jail"
	"cidrx/detect"
	"cidrx/firewall"
)

// Every metric name is in this file.
var (
	metricLines     = describe("lines_total", "Log lines by what became of them: parsed, failed, ignored, cut (of the parsed).", "source", "result")
	metricLag       = describe("source_lag_seconds", "How long the newest line waited before it was counted.", "source")
	metricRequests  = describe("requests_total", "Requests that passed a strategy's filters.", "strategy")
	metricVerdicts  = describe("verdicts_total", "Verdicts raised by a strategy.", "strategy")
	metricWindow    = describe("window_seconds", "What a strategy's window covers; less than configured after evictions.", "strategy")
	metricEvictions = describe("evictions_total", "What was refused, or dropped for want of room.", "what")
	metricBans      = describe("bans", "Active bans.", "family")
	metricElements  = describe("kernel_elements", "Elements that the kernel has confirmed.", "set")
	metricDrift     = describe("kernel_drift", "Elements by which the kernel's confirmed state differs from what it should hold.")
	metricDropped   = describe("dropped_packets_total", "Packets dropped, by set, since the table was written.", "set")
	metricRepairs   = describe("firewall_repairs_total", "Times that changes made to our table by others were put right.")
	metricMode      = describe("mode", "1 for the mode the agent is in, 0 for the other: observe or enforce.", "mode")
	metricHealth    = describe("broken", "1 if the agent cannot do what its mode says; cidrxctl status says why.")
	metricBuild     = describe("build_info", "1, with the version and commit of this build.", "version", "commit")
)

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("cidrx_"+name, help, labels, nil)
}

// There is no cidrx_signals{kind,state}, the campaigns of account takeover: they are raised by [login.NAME] sections, which this version does
// not have, and a 0 would claim that something looks for them.

// metrics are what is counted as it happens; everything else is read from the loop at each scrape.
type metrics struct {
	bans    *prometheus.CounterVec // by strategy, or how else they came about
	latency prometheus.Histogram
	leaked  prometheus.Counter
}

func newMetrics() *metrics {
	return &metrics{
		bans:    prometheus.NewCounterVec(prometheus.CounterOpts{Name: "cidrx_bans_total", Help: "Bans made: by the strategy that asked for it, manual, from the deny list, or other (a strategy that is configured no more)."}, []string{"reason"}),
		latency: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "cidrx_ban_latency_seconds", Help: "From a line's being read to the kernel's confirmation of the ban that followed.", Buckets: prometheus.ExponentialBuckets(0.0005, 2, 14)}),
		leaked:  prometheus.NewCounter(prometheus.CounterOpts{Name: "cidrx_leaked_requests_total", Help: "Requests seen in the logs of clients that had been banned for five seconds."}),
	}
}

// banned counts a new ban.
func (m *metrics) banned(ch jail.Change, strategies []detect.Strategy) {
	if ch.Kind == jail.Banned {
		m.bans.WithLabelValues(reasonLabel(ch, strategies)).Inc()
	}
}

// expect begins to count bans of each reason at 0: what appears out of nothing has no rate.
func (m *metrics) expect(strategies []detect.Strategy) {
	m.bans.WithLabelValues(manualLabel)
	m.bans.WithLabelValues(denyListLabel)
	for _, s := range strategies {
		m.bans.WithLabelValues(s.Name)
	}
}

// Reasons of bans that no strategy asked for.
const (
	manualLabel   = "manual"
	denyListLabel = "deny list"
)

// reasonLabel says where a ban comes from in one of few values: there are as many as strategies in the configuration, whatever the logs hold.
func reasonLabel(ch jail.Change, strategies []detect.Strategy) string {
	switch ch.Ban.Origin {
	case jail.Manual:
		return manualLabel
	case jail.DenyList:
		return denyListLabel
	}
	for _, s := range strategies {
		if strings.HasPrefix(ch.Reason, fmt.Sprintf("strategy %q,", s.Name)) { // as detect.Verdict.Reason begins
			return s.Name
		}
	}
	return "other"
}

// collector reads the agent's figures at each scrape.
type collector struct{ a *Agent }

// Describe sends nothing: the collector is unchecked, as label values come with the configuration.
func (c collector) Describe(chan<- *prometheus.Desc) {}

// Collect asks the loop.
func (c collector) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), scrapeTimeout)
	defer cancel()
	drops := c.a.dropped(ctx)
	type snapshot struct {
		status   control.Status
		evicted  []control.Count
		requests map[string]uint64
		holds    []jail.Hold
	}
	got, err := ask(ctx, c.a, func(now time.Time) (snapshot, error) {
		s := snapshot{status: c.a.status(now, drops, nil), evicted: c.a.refusals(), requests: map[string]uint64{}}
		if c.a.kernel.holds {
			s.holds, _ = c.a.core.jail.Holds()
		}
		for _, st := range c.a.core.engine.Stats() {
			s.requests[st.Name] = st.Seen
		}
		return s, nil
	})
	if err != nil {
		out <- prometheus.NewInvalidMetric(metricHealth, fmt.Errorf("the agent does not answer: %w", err))
		return
	}
	m := emitter{out}
	m.sources(got.status.Sources)
	m.strategies(got.status.Strategies, got.requests)
	m.rest(got.status)
	for _, e := range got.evicted { // those that are 0 too: what appears out of nothing has no rate
		m.counter(metricEvictions, float64(e.N), e.What)
	}
	m.elements(got.holds)
	for set, n := range drops.Sets {
		m.counter(metricDropped, float64(n), set)
	}
}

const scrapeTimeout = 5 * time.Second

// emitter writes const metrics.
type emitter struct{ out chan<- prometheus.Metric }

func (m emitter) counter(d *prometheus.Desc, v float64, labels ...string) {
	m.out <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, v, labels...)
}

func (m emitter) gauge(d *prometheus.Desc, v float64, labels ...string) {
	m.out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
}

func (m emitter) sources(list []control.Source) {
	for _, s := range list {
		m.counter(metricLines, float64(s.Lines-s.Failed-s.Ignored), s.Name, "parsed")
		m.counter(metricLines, float64(s.Failed), s.Name, "failed")
		m.counter(metricLines, float64(s.Ignored), s.Name, "ignored")
		m.counter(metricLines, float64(s.Cut), s.Name, "cut")
		m.gauge(metricLag, s.LagS, s.Name)
	}
}

func (m emitter) strategies(list []control.Strategy, requests map[string]uint64) {
	for _, s := range list {
		m.counter(metricRequests, float64(requests[s.Name]), s.Name)
		m.counter(metricVerdicts, float64(s.Verdicts), s.Name)
		m.gauge(metricWindow, s.WindowS, s.Name)
	}
}

// elements counts what the kernel holds by set, as of what it was last asked to hold.
func (m emitter) elements(holds []jail.Hold) {
	count := map[firewall.Set]int{firewall.Host4: 0, firewall.Net4: 0, firewall.Host6: 0, firewall.Net6: 0}
	for _, h := range holds {
		count[firewall.SetOf(h.Prefix)]++
	}
	for set, n := range count {
		m.gauge(metricElements, float64(n), string(set))
	}
}

func (m emitter) rest(s control.Status) {
	m.gauge(metricBans, float64(s.Bans.IPv4), "ipv4")
	m.gauge(metricBans, float64(s.Bans.IPv6), "ipv6")
	m.gauge(metricDrift, float64(s.Kernel.Drift))
	m.counter(metricRepairs, float64(s.Kernel.Repairs))
	for _, mode := range []string{"observe", "enforce"} {
		m.gauge(metricMode, map[bool]float64{true: 1}[s.Mode == mode], mode)
	}
	m.gauge(metricHealth, map[bool]float64{true: 1}[s.State == "broken"])
	b := control.Build()
	m.gauge(metricBuild, 1, b.Version, b.Commit)
}

// serveMetrics answers Prometheus at an address, if that is not empty, until ctx is done.
func (a *Agent) serveMetrics(ctx context.Context, address string) error {
	if address == "" {
		return nil
	}
	ln, err := net.Listen("tcp", address)
	if err != nil {
		return fmt.Errorf("agent.metricsListen: %w", err)
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(collector{a}, a.metrics.bans, a.metrics.latency, a.metrics.leaked, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	mux := http.NewServeMux()
	mux.Handle("/metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	srv := &http.Server{Handler: mux, ReadHeaderTimeout: scrapeTimeout, ReadTimeout: scrapeTimeout, WriteTimeout: 4 * scrapeTimeout}
	go func() { <-ctx.Done(); srv.Close() }()
	if err := srv.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("metrics: %w", err)
	}
	return nil
}
