package jail_test

import (
	"fmt"
	"net/netip"
	"time"

	"cidrx/agent/jail"
	"cidrx/detect"
)

// A network is banned, one of its hosts is let out, and time does the rest.
func Example() {
	j := jail.New(jail.Options{Stages: []time.Duration{10 * time.Minute}, MaxPrefix4: 16, MaxPrefix6: 32})
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	show := func(changes []jail.Change) {
		for _, c := range changes {
			fmt.Println(c.Kind, c.Prefix, c.Reason)
		}
	}
	show(j.Judge(now, detect.Verdict{
		Prefix: netip.MustParsePrefix("203.0.113.0/30"), Jail: true, Enforceable: true, Needed: 10,
		Reason: `strategy "botnet", tier 1 [10,16,32,0.06]`, Evidence: detect.Evidence{Requests: 40, Hosts: 4},
	}))
	_, changes := j.Unblock(now.Add(time.Minute), []netip.Prefix{netip.MustParsePrefix("203.0.113.2/32")}, time.Hour, "root")
	show(changes)
	holds, _ := j.Holds()
	for _, h := range holds {
		fmt.Println("hold", h.Prefix)
	}
	next, _ := j.Next()
	show(j.Advance(next))
	// Output:
	// ban 203.0.113.0/30 strategy "botnet", tier 1 [10,16,32,0.06]
	// unban 203.0.113.2/32 unblocked; carved out of 203.0.113.0/30
	// hold 203.0.113.0/31
	// hold 203.0.113.3/32
	// unban 203.0.113.0/30 its time is over
}
