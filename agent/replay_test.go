package agent_test

import (
	"strings"
	"testing"
	"time"

	"cidrx/agent"
	"cidrx/agent/control"
)

// replayed runs logs through Replay. Its summary and its events are checked to be the same when it is done again.
func replayed(t *testing.T, config string, in ...oldLog) (*agent.ReplaySummary, []string) {
	t.Helper()
	r := newRig(t, config)
	cfg, _, err := r.load()
	if err != nil {
		t.Fatal(err)
	}
	var inputs []agent.ReplayInput
	for _, l := range in {
		for _, s := range cfg.Sources {
			if s.Name == l.source {
				inputs = append(inputs, agent.ReplayInput{Name: l.source, Reader: strings.NewReader(l.text), Source: s, Written: l.written})
			}
		}
	}
	var events []string
	sum, err := agent.Replay(t.Context(), cfg, inputs, func(e control.Event) error { events = appendEvent(events, e); return nil })
	if err != nil {
		t.Fatal(err)
	}
	return sum, events
}

// oldLog is a log to replay.
type oldLog struct {
	source, text string
	written      time.Time
}
