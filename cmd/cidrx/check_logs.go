package main

import (
	"cmp"
	"context"
	"io"
	"net/netip"
	"slices"
	"time"

	"cidrx/agent"
	"cidrx/agent/config"
	"cidrx/agent/control"
	"cidrx/cmd/internal/sample"
	"cidrx/cmd/internal/tierview"
	"cidrx/detect"
	"cidrx/detect/cidr"
)

// measurement is what check --logfile says.
type measurement struct {
	Logs       []measuredLog      `json:"logs"`
	From       *time.Time         `json:"from"`
	To         *time.Time         `json:"to"`
	Requests   uint64             `json:"requests"`
	Ordinary   uint64             `json:"ordinary"`             // of them, those that look like an ordinary visitor's
	Unmeasured uint64             `json:"unmeasured,omitempty"` // of them, those of so many clients that shares leave them out
	Strategies []measuredStrategy `json:"strategies"`
	Warnings   []string           `json:"warnings"`
}

type measuredLog struct {
	Name    string `json:"name"`
	Source  string `json:"source"`
	Format  string `json:"format"`
	Lines   uint64 `json:"lines"`
	Failed  uint64 `json:"failed"`
	Ignored uint64 `json:"ignored"`
}

type measuredStrategy struct {
	Name      string         `json:"name"`
	WindowS   int64          `json:"window_s"`
	Passed    uint64         `json:"passed"`  // requests that pass the filters, of the whole log
	Typical   uint64         `json:"typical"` // requests in a window: the median
	Busiest   uint64         `json:"busiest"`
	BusiestAt *time.Time     `json:"busiest_at"`
	Hosts     int            `json:"hosts"` // most in a window
	Tiers     []measuredTier `json:"tiers"`
}

type measuredTier struct {
	Tier     string            `json:"tier"`
	Bans     bool              `json:"bans"`
	Typical  needed            `json:"typical"`
	Busiest  needed            `json:"busiest"`
	Reported int               `json:"reported"` // distinct prefixes
	Largest  []measuredNetwork `json:"largest"`  // of them, by requests
	Share    float64           `json:"share"`    // of the log's requests: those from within Reported, 0 to 1
	Ordinary float64           `json:"ordinary"` // of those that look ordinary, the same
}

// measuredNetwork is a prefix that a tier reports.
type measuredNetwork struct {
	Prefix   netip.Prefix `json:"prefix"`
	First    time.Time    `json:"first"`    // when it is reported for the first time
	Requests uint64       `json:"requests"` // of the whole log
	Hosts    int          `json:"hosts"`
}

// needed is T, and the condition that makes it.
type needed struct {
	T       uint64 `json:"needed"`
	Decides string `json:"decides"`
}

func checkLogs(ctx context.Context, cfg *config.Config, f replayFlags, stdout, stderr io.Writer) error {
	logs, err := openLogs(f.logs)
	if err != nil {
		return err
	}
	defer logs.close()
	in, err := replayInputs(cfg, logs, f, stderr)
	if err != nil {
		return err
	}
	m := &measurement{Logs: []measuredLog{}, Strategies: []measuredStrategy{}, Warnings: []string{}}
	m.lookAtClients(logs, in)
	look, err := tierview.NewMeasure(cfg.Live)
	if err != nil {
		return err
	}
	sum, err := logs.replay(ctx, harmless(cfg), in, look, func(control.Event) error { return nil })
	if err != nil {
		return err
	}
	m.sum(cfg, sum, look)
	return m.print(stdout, f.json)
}

// harmless is a configuration in which every tier reports and none bans.
func harmless(cfg *config.Config) *config.Config {
	copied := *cfg
	copied.Deny = config.List{}
	copied.Live = make([]detect.Strategy, len(cfg.Live))
	for i, s := range cfg.Live {
		s.Tiers = slices.Clone(s.Tiers)
		for j := range s.Tiers {
			s.Tiers[j].Jail = false
		}
		copied.Live[i] = s
	}
	return &copied
}

// lookAtClients warns of logs whose clients look like a proxy, by their first lines.
func (m *measurement) lookAtClients(logs oldLogs, in []agent.ReplayInput) {
	for _, i := range in {
		for _, l := range logs {
			if l.name != i.Name {
				continue
			}
			if s, err := sample.Read(l.firstLines(), i.Source, i.Written); err == nil && s.Proxied() != "" {
				m.warn("%s: the clients look like a proxy: %s; %s", i.Name, s.Proxied(), sample.ProxyAdvice(i.Source))
			}
		}
	}
}

// sum puts together what was seen.
func (m *measurement) sum(cfg *config.Config, sum *agent.ReplaySummary, look *tierview.Measure) {
	m.From, m.To, m.Requests, m.Ordinary, m.Unmeasured = known(sum.Start), known(sum.End), look.Requests, look.Ordinary, look.Unmeasured
	for _, l := range sum.Logs {
		m.Logs = append(m.Logs, measuredLog{l.Name, l.Source, l.Format, l.Lines, l.Failed, l.Ignored})
		if lines := l.Lines - l.Ignored; l.Failed*100 >= lines && l.Failed > 0 {
			m.warn("%s: %s of %s do not parse as %s, such as %s", l.Name, thousands(l.Failed), plural(lines, "line"), l.Format, l.Unparsable[0])
		}
	}
	if sum.Unreported > 0 {
		m.warn("too many prefixes are reported: the figures leave out some of them")
	}
	for i, s := range cfg.Live {
		t := &look.Strategies[i]
		st := measuredStrategy{
			Name: s.Name, WindowS: int64(s.Window / time.Second), Passed: t.Passed, Typical: t.Typical(), Busiest: t.Busiest, BusiestAt: known(t.BusiestAt),
			Hosts: t.Hosts, Tiers: []measuredTier{},
		}
		for j, tier := range s.Tiers {
			st.Tiers = append(st.Tiers, measureTier(st, s.Name, j, tier, sum, look))
		}
		m.doubt(st, s)
		m.Strategies = append(m.Strategies, st)
	}
}

// maxLargest bounds the prefixes that are listed of a tier.
const maxLargest = 5

func measureTier(st measuredStrategy, name string, j int, t cidr.Tier, sum *agent.ReplaySummary, look *tierview.Measure) measuredTier {
	out := measuredTier{
		Tier: tierview.Text(j, t), Bans: t.Jail, Largest: []measuredNetwork{},
		Typical: needed{t.Needed(st.Typical), tierview.Decides(t, st.Typical)}, Busiest: needed{t.Needed(st.Busiest), tierview.Decides(t, st.Busiest)},
	}
	var prefixes []netip.Prefix
	for _, r := range sum.Reported {
		if r.Reason == tierview.Reason(name, j, t) {
			requests, hosts := look.In(r.Prefix)
			out.Largest = append(out.Largest, measuredNetwork{r.Prefix, r.First, requests, hosts})
			prefixes = append(prefixes, r.Prefix)
		}
	}
	out.Reported = len(prefixes)
	var nets []cidr.Net
	for _, p := range cidr.Merge(prefixes) {
		nets = append(nets, cidr.Nets(p)...)
	}
	out.Share, out.Ordinary = look.Share(nets)
	slices.SortStableFunc(out.Largest, func(a, b measuredNetwork) int { return cmp.Compare(b.Requests, a.Requests) })
	out.Largest = out.Largest[:min(len(out.Largest), maxLargest)]
	return out
}
