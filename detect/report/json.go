package report

import (
	"bytes"
	"encoding/json"
	"io"
	"strconv"
	"unicode/utf8"
)

// JSON writes the report as one document: on one line if compact, indented by two blanks otherwise. Its keys are those that pipelines
// for the cidrx 1.x tool read. Times are RFC 3339 in UTC, and left out where there is none; percentages are 0 to 100; lists are never
// null. It is ASCII wherever a character could do more than be seen.
func JSON(w io.Writer, r *Report, compact bool) error {
	var doc bytes.Buffer
	enc := json.NewEncoder(&doc)
	enc.SetEscapeHTML(false) // it is read by programs and people, and nobody should find \u003c in an expression
	if !compact {
		enc.SetIndent("", "  ")
	}
	if err := enc.Encode(wired(r)); err != nil {
		return err
	}
	return writeVisible(w, doc.Bytes())
}

// writeVisible writes a JSON document so that a terminal shows it and does nothing else. JSON itself escapes only what is below the
// blank: not DEL, nor the C1 controls, nor what turns the direction of writing. Line breaks inside of strings are escaped already.
func writeVisible(w io.Writer, doc []byte) error {
	acts := func(r rune) bool { return r != '\n' && hidden(r) }
	for len(doc) > 0 {
		seen := bytes.IndexFunc(doc, acts)
		if seen < 0 {
			seen = len(doc)
		}
		if _, err := w.Write(doc[:seen]); err != nil {
			return err
		}
		if doc = doc[seen:]; len(doc) == 0 {
			break
		}
		r, size := utf8.DecodeRune(doc)
		if _, err := w.Write(escaped(r)); err != nil {
			return err
		}
		doc = doc[size:]
	}
	return nil
}

// escaped is r as a JSON string has it: behind the first 65,536 characters as two surrogates (RFC 8259, section 7).
func escaped(r rune) []byte {
	unit := func(dst []byte, r rune) []byte {
		return append(dst, `\u`+strconv.FormatUint(0x10000+uint64(r), 16)[1:]...)
	}
	if r <= 0xffff {
		return unit(nil, r)
	}
	r -= 0x10000
	return unit(unit(nil, 0xd800+r>>10), 0xdc00+r&0x3ff)
}
