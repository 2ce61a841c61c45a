package match

import (
	"bytes"

	"cidrx/detect/parse"
)

// hidden are the bytes of which a literal that no line shows may be made nonetheless: what logs escape and targets encode becomes them.
// An escape that becomes another byte hides nothing.
type hidden struct {
	byLog     [256]bool // what an escape of the log must become to be suspected
	byPercent [256]bool // what a percent code must become; no byte where targets are not looked at
	percent   bool
}

// hiding returns what may hide one of set; in targets, percent codes may.
func hiding(set literals, target bool) hidden {
	h := hidden{percent: target}
	for _, l := range set {
		for k := range len(l.text) {
			h.byLog[l.text[k]] = true
			h.byLog[l.text[k]&^l.fold[k]] = true
		}
	}
	if target {
		h.byPercent = h.byLog
		for _, c := range []byte("%0123456789abcdefABCDEF") { // a percent code that the log escapes
			h.byLog[c] = true
		}
	}
	return h
}

// at reports whether what stands at i of b is an escape or a code that may hide a literal.
func (h *hidden) at(b []byte, i int) bool {
	switch b[i] {
	case '%':
		if !h.percent || i+2 >= len(b) {
			return false
		}
		hi, lo := hexValue(b[i+1]), hexValue(b[i+2])
		return hi >= 0 && lo >= 0 && h.byPercent[hi<<4|lo]
	case '\\':
		return h.escape(b[i:])
	}
	return false
}

// escape judges the escape of the log that b begins with. Of runes, which few lines have, all are suspected.
func (h *hidden) escape(b []byte) bool {
	if len(b) > 1 && b[1] == 'u' {
		return true
	}
	c, n := parse.EscapedByte(b)
	return n > 1 && h.byLog[c]
}

// in reports whether line may hide a literal.
func (h *hidden) in(line []byte) bool { return h.inAt(line, '\\') || h.percent && h.inAt(line, '%') }

// inAt looks at each c of line.
func (h *hidden) inAt(line []byte, c byte) bool {
	for i := bytes.IndexByte(line, c); i >= 0; {
		if h.at(line, i) {
			return true
		}
		n := bytes.IndexByte(line[i+1:], c)
		if n < 0 {
			return false
		}
		i += 1 + n
	}
	return false
}
