package report

import "slices"

// Tops are the most frequent of the texts of one kind that a range sent, and what is known of the others. There is room to count a bounded
// number of texts only. Who sends a new one with each request exceeds it, and then no text stands out: the list is short or empty, and what
// is said of the others tells of it.
type Tops struct {
	List   []Top  // those that are surely more frequent than any text that could not be counted, by their Least; at most 10
	Others int    // texts that are not listed
	More   bool   // there may be more than Others: not all could be counted, or only a sample of the lines was looked at
	Most   uint64 // requests: none of the others has more; with Detail.Approximate an estimate
}

// Top is one of the most frequent texts. Its text is what clients sent: hostile.
type Top struct {
	Text     string // empty: the field is absent
	Requests uint64 // the true number is at most this
	Above    uint64 // and at most this much lower; 0: it is exact
}

// Least is the number of requests that is certain.
func (t Top) Least() uint64 { return t.Requests - t.Above }

// Figure is the number of requests for people: "1,204", or "1,024 to 1,204" where it is known to lie between.
func (t Top) Figure() string {
	if t.Above == 0 {
		return Grouped(t.Requests)
	}
	return Grouped(t.Least()) + " to " + Grouped(t.Requests)
}

// Remark says to people what is known of the texts that are not listed, of a range with that many requests; nothing when there are none.
func (t *Tops) Remark(requests uint64, approximate bool) string {
	if t.Others == 0 {
		return ""
	}
	least, most, sample := "", Grouped(t.Most), ""
	if t.More {
		least = "at least "
	}
	if approximate {
		most, sample = "about "+most, " by the sample"
	}
	most = ", none with more than " + most + " of the " + counted(requests, "request")
	switch {
	case len(t.List) > 0:
		return "and " + least + counted(t.Others, "other") + most
	case t.Most >= requests: // in a sample only: of all lines, a text that has most of the requests is listed
		return "At least " + counted(t.Others, "different one") + ": too few lines to rank them" + sample
	}
	return "At least " + counted(t.Others, "different one") + most + ": too many and too even to rank" + sample
}

// Between tells whether a figure of the lists is given as one between two.
func (d *Detail) Between() bool {
	between := func(t Top) bool { return t.Above > 0 }
	return slices.ContainsFunc(d.Ranges, func(r RangeDetail) bool {
		return slices.ContainsFunc(r.Agents.List, between) || slices.ContainsFunc(r.Endpoints.List, between)
	})
}
