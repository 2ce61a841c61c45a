package main

import (
	"bytes"
	"strconv"
	"unicode"
	"unicode/utf8"
)

// Log lines are written by attackers, and a terminal obeys the escape sequences in them (ESC and the C1 controls): what does not print is
// written as an escape, in text by report.Printable, in JSON here.

// hidden says whether r does something other than being seen, such as to turn the direction of what follows.
func hidden(r rune) bool { return !unicode.IsPrint(r) }

// appendPrintableJSON appends a JSON document that has no line breaks outside of strings; its meaning stays. JSON itself escapes only
// what is below the blank.
func appendPrintableJSON(dst, doc []byte) []byte {
	if !bytes.ContainsFunc(doc, hidden) {
		return append(dst, doc...)
	}
	for _, r := range string(doc) {
		switch {
		case !hidden(r):
			dst = utf8.AppendRune(dst, r)
		case r > 0xffff: // as two surrogates (RFC 8259, section 7)
			r -= 0x10000
			dst = appendEscape(appendEscape(dst, 0xd800+r>>10), 0xdc00+r&0x3ff)
		default:
			dst = appendEscape(dst, r)
		}
	}
	return dst
}

func appendEscape(dst []byte, r rune) []byte {
	return append(dst, `\u`+strconv.FormatUint(0x10000+uint64(r), 16)[1:]...)
}
