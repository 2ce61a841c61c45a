package agent

import (
	"context"
	"time"

	"cidrx/agent/control"
)

// Taken says how many bytes of each source's log have been dealt with, whether the kernel holds what follows from them, and whether the
// disk does.
func (a *Agent) Taken(ctx context.Context) (bytes map[string]int64, held, saved bool, err error) {
	bytes, err = ask(ctx, a, func(time.Time) (map[string]int64, error) {
		out := map[string]int64{}
		for _, s := range a.sources.list {
			for _, p := range s.positions {
				out[s.cfg.Name] = max(out[s.cfg.Name], p.Offset)
			}
		}
		held, saved = a.confirmed == a.gen, a.ledger.idle()
		return out, nil
	})
	return bytes, held, saved, err
}

// SawCaller is what the control server tells of whoever calls.
func (a *Agent) SawCaller(c control.Caller) { a.sawCaller(c) }
