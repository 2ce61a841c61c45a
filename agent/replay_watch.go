package agent

import (
	"context"
	"time"

	"cidrx/agent/config"
	"cidrx/agent/control"
	"cidrx/detect"
	"cidrx/detect/parse"
)

// Onlooker is shown a replay from inside. It must not change the engine, nor keep what it is shown.
type Onlooker interface {
	// Counted is called when an event has been dealt with at its time now. It passed the filters of the strategies in mask. stopped: its
	// client was banned at that time, so that it was counted nowhere.
	Counted(now time.Time, e *detect.Engine, ev *parse.Event, mask detect.Mask, stopped bool)
	// SecondOver is called when nothing more comes that counts in the second of now, before the windows move on.
	SecondOver(now time.Time, e *detect.Engine)
	// Over is called once, at the time of the last line, if any line has one.
	Over(now time.Time, e *detect.Engine)
}

// ReplayWatched is Replay, with an onlooker.
func ReplayWatched(ctx context.Context, cfg *config.Config, inputs []ReplayInput, look Onlooker, event func(control.Event) error) (*ReplaySummary, error) {
	return replayLogs(ctx, cfg, inputs, look, event)
}

// nobody looks on.
type nobody struct{}

func (nobody) Counted(time.Time, *detect.Engine, *parse.Event, detect.Mask, bool) {}
func (nobody) SecondOver(time.Time, *detect.Engine)                               {}
func (nobody) Over(time.Time, *detect.Engine)                                     {}

// secondOver tells the onlooker, if time is about to leave the second it is in.
func (r *replay) secondOver(next time.Time) {
	if !r.core.now.IsZero() && next.Unix() != r.core.now.Unix() {
		r.look.SecondOver(r.core.now, r.core.engine)
	}
}
