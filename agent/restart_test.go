package agent_test

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"cidrx/agent/control"
	"cidrx/firewall"
)

// TestCountersBeginAnew has a restart write the kernel's elements anew: what they count since is no count of the whole ban.
func TestCountersBeginAnew(t *testing.T) {
	r := newRig(t, baseConfig).start()
	r.write("access.log", 20, "198.51.100.7", "GET /x", 404)
	if b := r.inForce("198.51.100.7/32"); b.DroppedSince != nil {
		t.Errorf("a new ban's counter began at %v, its start is %v", b.DroppedSince, b.Start)
	}
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	r.skew.Store(int64(10 * time.Second))
	r.fake = firewall.NewFake(r.now) // the real one of a new process writes everything anew, too
	restarted := r.now()
	r.start()
	b := r.inForce("198.51.100.7/32")
	if b.DroppedSince == nil || b.DroppedSince.Before(restarted.Add(-time.Second)) {
		t.Errorf("after a restart at %v the counter began at %v", restarted, b.DroppedSince)
	}
	r.write("access.log", 20, "198.51.100.8", "GET /x", 404)
	if b := r.inForce("198.51.100.8/32"); b.DroppedSince != nil {
		t.Errorf("a new ban's counter began at %v", b.DroppedSince)
	}
}

// TestCallersStayProtected keeps the far end of the session that cidrxctl was called from over restarts, for its day, and no longer. An
// entry of the run-time allowlist with the same prefix goes before, and leaves it when it is removed.
func TestCallersStayProtected(t *testing.T) {
	r := newRig(t, baseConfig).start()
	caller := prefix("203.0.113.66/32")
	protected := func() bool {
		for _, p := range r.status().Protected {
			if p.Prefix == caller && strings.Contains(p.Why, "cidrxctl was called from there by mary") {
				return true
			}
		}
		return false
	}
	again := func(what string) {
		t.Helper()
		if err := r.stop(); err != nil {
			t.Fatal(err)
		}
		r.start()
		if !protected() {
			t.Errorf("%s: after a restart the caller is not protected", what)
		}
	}
	r.agent.SawCaller(control.Caller{Name: "mary", SSHPeer: netip.MustParseAddr("203.0.113.66")})
	r.await("the caller is protected", protected)
	again("once")
	if list, err := r.client.AllowList(t.Context()); err != nil || len(list) != 0 {
		t.Errorf("the allowlist is %v, %v", list, err)
	}
	if _, err := r.client.AllowAdd(t.Context(), control.AllowRequest{Prefix: caller}); err != nil {
		t.Fatal(err)
	}
	if _, err := r.client.AllowRemove(t.Context(), control.AllowRequest{Prefix: caller}); err != nil {
		t.Fatal(err)
	}
	again("off the allowlist")
	if _, err := r.client.AllowAdd(t.Context(), control.AllowRequest{Prefix: caller, ForS: 60}); err != nil {
		t.Fatal(err)
	}
	r.skew.Store(int64(2 * time.Minute))
	before := r.ticks.Load()
	r.await("the entry has ended", func() bool { return r.ticks.Load() >= before+2 }) // one may have been under way
	if list, err := r.client.AllowList(t.Context()); err != nil || len(list) != 0 {
		t.Errorf("two minutes later the allowlist is %v, %v", list, err)
	}
	again("when its entry on the allowlist has ended")
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	r.skew.Store(int64(25 * time.Hour))
	r.start()
	r.await("a day later it is forgotten", func() bool { return !protected() })
}

const denyConfig = baseConfig + `
[deny]
networks = ["192.0.2.0/24", "198.51.100.0/24"]
`

// TestUnblockOfADeniedNetwork holds over reloads, and both say so.
func TestUnblockOfADeniedNetwork(t *testing.T) {
	r := newRig(t, denyConfig).start()
	r.inForce("192.0.2.0/24")
	done, err := r.client.Unblock(t.Context(), control.UnblockRequest{Prefixes: []netip.Prefix{prefix("192.0.2.0/24")}})
	if err != nil || len(done.Listed) != 1 || done.Listed[0] != prefix("192.0.2.0/24") {
		t.Errorf("unblock: %+v, %v", done, err)
	}
	reply, err := r.client.Reload(t.Context())
	if err != nil || len(reply.Lifted) != 1 || reply.Lifted[0] != prefix("192.0.2.0/24") {
		t.Errorf("reload: %+v, %v", reply, err)
	}
	if _, banned := r.bans()["192.0.2.0/24"]; banned {
		t.Error("the reload has brought it back")
	}
	if _, err := r.client.Ban(t.Context(), control.BanRequest{Prefix: prefix("192.0.2.0/24")}); err != nil {
		t.Fatal(err)
	}
	if reply, err := r.client.Reload(t.Context()); err != nil || len(reply.Lifted) != 0 {
		t.Errorf("reload after a ban: %+v, %v", reply, err)
	}
}

// TestAdviceOnce has refusals say once what has become of it and what to do.
func TestAdviceOnce(t *testing.T) {
	r := newRig(t, baseConfig).start()
	_, err := r.client.Ban(t.Context(), control.BanRequest{Prefix: prefix("10.0.0.0/8")})
	if want := "too wide to be banned: 10.0.0.0/8 is wider than [jail] maxPrefix4 = 16; ban narrower networks, or change that key and reload"; err == nil || err.Error() != want {
		t.Errorf("a ban that is too wide: %v, want %s", err, want)
	}
	r.config = "nonsense = 1\n" + r.config
	_, err = r.client.Reload(t.Context())
	if err == nil || strings.Count(err.Error(), "nothing has changed") != 1 || strings.Count(err.Error(), "cidrx check") != 1 || !strings.Contains(err.Error(), "nonsense") {
		t.Errorf("a reload: %v", err)
	}
	r.await("it is in the audit trail", func() bool {
		events := r.events()
		if len(events) == 0 {
			return false
		}
		last := events[len(events)-1]
		return last.Event == "reload" && strings.Count(last.Reason, "nothing has changed") == 1 && !strings.Contains(last.Reason, "cidrx check")
	})
}
