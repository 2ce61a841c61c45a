package agent_test

import (
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cidrx/agent/control"
)

// What the kernel dropped counts for one ban: the narrowest that has an element of its own there.
func TestDroppedCountsOnce(t *testing.T) {
	tests := []struct {
		name    string
		host    time.Duration // the bans, longer or shorter than each other
		network time.Duration
		want    map[string]uint64 // by ban
		with    string            // of the host's ban, what it is counted with
	}{
		{"inside a longer one", 10 * time.Minute, time.Hour, map[string]uint64{"203.0.113.5/32": 0, "203.0.113.0/26": 5}, "203.0.113.0/26"},
		{"inside a shorter one", time.Hour, 10 * time.Minute, map[string]uint64{"203.0.113.5/32": 3, "203.0.113.0/26": 2}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, baseConfig)
			r.fixed.Store(time.Date(2026, 11, 22, 6, 0, 0, 0, time.UTC).UnixNano())
			r.start()
			r.banFor("203.0.113.5/32", tt.host)
			r.banFor("203.0.113.0/26", tt.network)
			for _, addr := range []string{"203.0.113.9", "203.0.113.5", "203.0.113.5", "203.0.113.60", "203.0.113.5"} {
				if r.passes(addr) {
					t.Fatalf("%s passes", addr)
				}
			}
			r.fixed.Add(int64(2 * time.Second)) // counters are read anew
			list, err := r.client.Bans(t.Context(), false)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, dropped(list)); diff != "" {
				t.Errorf("bans (-want +got):\n%s", diff)
			}
			why, err := r.client.Why(t.Context(), netip.MustParseAddr("203.0.113.5"))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, dropped(why.Bans)); diff != "" {
				t.Errorf("why (-want +got):\n%s", diff)
			}
			for _, b := range why.Bans {
				with := ""
				if b.DroppedWith != nil {
					with = b.DroppedWith.String()
				}
				if want := map[string]string{"203.0.113.5/32": tt.with}[b.Prefix.String()]; with != want {
					t.Errorf("%s is counted with %q, want %q", b.Prefix, with, want)
				}
			}
			if total := r.status().Kernel.DroppedPackets; total != 5 {
				t.Errorf("the kernel dropped %d packets, want 5", total)
			}
		})
	}
}

// A ban with something allowed inside is several elements, all of which are its own.
func TestDroppedOfPieces(t *testing.T) {
	r := newRig(t, baseConfig+"[allow]\nnetworks = [\"203.0.113.9\"]\n")
	r.fixed.Store(time.Date(2026, 11, 22, 6, 0, 0, 0, time.UTC).UnixNano())
	r.start()
	r.banFor("203.0.113.0/26", time.Hour)
	for _, addr := range []string{"203.0.113.8", "203.0.113.10", "203.0.113.63"} {
		if r.passes(addr) {
			t.Fatalf("%s passes", addr)
		}
	}
	r.fixed.Add(int64(2 * time.Second))
	if got := r.bans()["203.0.113.0/26"]; got.DroppedPackets != 3 || got.DroppedWith != nil {
		t.Errorf("%d packets, counted with %v; want 3 of its own", got.DroppedPackets, got.DroppedWith)
	}
}

// banFor bans by hand; it is in force when it returns.
func (r *rig) banFor(p string, length time.Duration) {
	r.t.Helper()
	if _, err := r.client.Ban(r.t.Context(), control.BanRequest{Prefix: prefix(p), ForS: int64(length / time.Second)}); err != nil {
		r.t.Fatal(err)
	}
}

func dropped(list []control.Ban) map[string]uint64 {
	out := map[string]uint64{}
	for _, b := range list {
		out[b.Prefix.String()] = b.DroppedPackets
	}
	return out
}
