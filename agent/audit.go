package agent

import (
	"context"
	"encoding/json"

	"cidrx/agent/control"
	"cidrx/agent/state"
)

// sendAudit sends the audit trail from its oldest entry kept and, if follow, what is added.
func sendAudit(ctx context.Context, store *state.Store, follow bool, send func(control.Event) error) error {
	return store.Audit(ctx, follow, func(e state.Event) error {
		var out control.Event
		if err := json.Unmarshal(e.JSON, &out); err != nil {
			out = control.Event{At: e.At, Event: "error", Reason: "this entry of the audit trail cannot be read: " + err.Error()}
		}
		return send(out)
	})
}
