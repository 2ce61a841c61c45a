package report

import (
	"bytes"
	"encoding/json"
	"io"
)

// The shape of a comparison. RANGE has no percentage: the totals of two sections need not be the same.
type (
	wireComparison struct {
		A     wireSide       `json:"a"`
		B     wireSide       `json:"b"`
		OnlyA []wireCompared `json:"only_a"`
		OnlyB []wireCompared `json:"only_b"`
		Both  []wireCompared `json:"both"`
	}
	wireSide struct {
		Name     string `json:"name"`
		Requests uint64 `json:"total_requests"`
		Ranges   int    `json:"ranges"`
		IPv4     uint64 `json:"ipv4_addresses"`
		IPv6     uint64 `json:"ipv6_64s"`
	}
	wireCompared struct {
		Prefix   string       `json:"cidr"`
		Requests uint64       `json:"requests"`
		Hosts    int          `json:"hosts"`
		A        []wireFinder `json:"found_by_a"`
		B        []wireFinder `json:"found_by_b"`
	}
	wireFinder struct {
		Section string `json:"section"`
		Tier    int    `json:"set"`
		Prefix  string `json:"cidr"`
		Pieces  int    `json:"pieces"`
	}
)

// JSONComparison writes c as one indented document. Lists are never null.
func JSONComparison(w io.Writer, c *Comparison) error {
	return indented(w, wireComparison{
		A: wiredSide(&c.A), B: wiredSide(&c.B),
		OnlyA: each(c.OnlyA, wiredCompared), OnlyB: each(c.OnlyB, wiredCompared), Both: each(c.Both, wiredCompared),
	})
}

// indented writes doc as JSON writes a report.
func indented(w io.Writer, doc any) error {
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(doc); err != nil {
		return err
	}
	return writeVisible(w, text.Bytes())
}

func wiredSide(s *Side) wireSide { return wireSide{s.Name, s.Requests, s.Ranges, s.IPv4, s.IPv6} }

func wiredCompared(c *Compared) wireCompared {
	return wireCompared{c.Prefix.String(), c.Requests, c.Hosts, each(c.A, wiredFinder), each(c.B, wiredFinder)}
}

func wiredFinder(f *Finder) wireFinder {
	return wireFinder{f.Section, f.Tier, f.Prefix.String(), f.Pieces}
}
