package agent_test

import (
	"testing"

	"cidrx/agent/control"
)

// A view is told what is hot before it is banned, by strategy, and what the kernel drops afterwards.
func TestTop(t *testing.T) {
	r := newRig(t, baseConfig)
	r.write("access.log", 0, "192.0.2.1", "GET /", 200)
	r.start()
	r.write("access.log", 15, "192.0.2.7", "GET /x", 404)
	r.write("access.log", 5, "2001:db8::7", "GET /x", 404)
	r.write("access.log", 100, "198.51.100.9", "POST /login", 200)
	r.lines(120)
	var top control.Top
	r.await("the view has the newest", func() bool {
		var err error
		top, err = r.client.Top(t.Context())
		return err == nil && len(top.Hottest) == 3 && top.Hottest[0].Requests == 100
	})
	want := []control.Standing{
		{Name: "nets", Tier: "tier 1 [300,20,28,0.1]", Prefix: prefix("198.51.100.0/28"), Requests: 100, Needed: 300, Hosts: 1, HostsNeeded: 3},
		{Name: "probes", Tier: "tier 1 [20,32,32,0]", Prefix: prefix("192.0.2.7/32"), Requests: 15, Needed: 20, Hosts: 1, HostsNeeded: 1},
		{Name: "probes", Tier: "tier 1 [20,32,32,0]", Prefix: prefix("2001:db8::/64"), Requests: 5, Needed: 20, Hosts: 1, HostsNeeded: 1},
	}
	for i := range want {
		if top.Hottest[i].Standing != want[i] || top.Hottest[i].State != "" {
			t.Errorf("hottest %d is %+v, want %+v", i, top.Hottest[i], want[i])
		}
	}
	if tally := (control.Tally{Name: "probes", Requests: 20}); top.Tallies[1] != tally || !top.MayAct || top.Status.State != "enforcing" {
		t.Errorf("%+v, may act %v, %s", top.Tallies, top.MayAct, top.Status.State)
	}

	r.write("access.log", 5, "192.0.2.7", "GET /x", 404)
	r.inForce("192.0.2.7/32")
	r.passes("192.0.2.7")
	r.await("the view has what the kernel dropped", func() bool {
		top, err := r.client.Top(t.Context())
		return err == nil && top.DroppedAt != nil && top.Status.Kernel.DroppedPackets == 1 && top.Hottest[1].State == "in_force"
	})
}
