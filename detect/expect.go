package detect

import (
	"cidrx/detect/cidr"
	"cidrx/detect/parse"
)

// Ahead is how many events one Expect takes.
const Ahead = cidr.Lanes

// Expect says which events the next calls of Observe or Warm are about, at most Ahead, with their masks, so that memory is read for all
// of them at the same time: waiting for it is most of what an event costs on a busy host. It changes nothing that can be seen, and
// events that do not come do no harm.
func (e *Engine) Expect(events []parse.Event, masks []Mask) {
	n := min(len(events), len(masks), Ahead)
	var all, some [Ahead]cidr.Key
	var any Mask
	for i := range n {
		all[i] = cidr.KeyOf(events[i].Client)
		any |= masks[i]
	}
	for _, t := range e.everything {
		t.win.Expect(all[:n])
	}
	for i := range e.strategies {
		if any>>i&1 == 0 {
			continue
		}
		wanted := 0
		for j := range n {
			if masks[j]>>i&1 != 0 {
				some[wanted] = all[j]
				wanted++
			}
		}
		e.strategies[i].win.Expect(some[:wanted])
	}
}
