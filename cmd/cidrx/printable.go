package main

import (
	"bytes"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Log lines are written by attackers, and a terminal obeys the escape sequences in them (ESC and the C1 controls): what does not print is
// written as an escape.

// printable is text in which everything can be seen, as Go writes it: \x1b, \n, \u202e. What is not UTF-8 is written byte by byte.
func printable(s string) string {
	if !strings.ContainsFunc(s, hidden) && utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for len(s) > 0 {
		r, size := utf8.DecodeRuneInString(s)
		switch {
		case r == utf8.RuneError && size == 1:
			b.WriteString(`\x` + strconv.FormatUint(0x100+uint64(s[0]), 16)[1:])
		case hidden(r):
			b.WriteString(strings.Trim(strconv.QuoteRuneToASCII(r), "'"))
		default:
			b.WriteString(s[:size])
		}
		s = s[size:]
	}
	return b.String()
}

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
