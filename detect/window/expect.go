package window

import "cidrx/detect/cidr"

// Expect says which hosts the next Adds are about, at most cidr.Lanes, so that memory is read for all of them at the same time. It
// changes no count, and Adds of others do no harm.
func (w *Window) Expect(hosts []cidr.Key) {
	w.read += w.trie.Touch(hosts)
	if w.entries+len(hosts) > w.maxEntries { // each Add evicts an entry
		if head := w.at(w.floor + 1).head; head != 0 {
			w.expectLeave(w.chunks.At(head), len(hosts))
		}
	}
}

// expectLeave reads ahead for the next entries of c that will leave.
func (w *Window) expectLeave(c *chunk, most int) {
	var hosts [cidr.Lanes]cidr.Key
	n := 0
	for i := c.from; i < c.n && n < min(most, len(hosts)); n++ {
		p, _, next := c.entry(i)
		hosts[n], i = p.Key(), next
	}
	w.read += w.trie.Touch(hosts[:n])
}
