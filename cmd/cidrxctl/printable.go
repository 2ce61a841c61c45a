package main

import (
	"bytes"
	"reflect"
	"strconv"
	"unicode"

	view "cidrx/cmd/internal/term"
)

// Log lines, user agents and notes are written by whoever likes to. A terminal obeys escape sequences in them (ESC and the C1 controls),
// and bidirectional overrides make them look like something else, so nothing that does not print is ever printed.

// printable returns v with every string in it, however deep, safe to print. Lists are changed in place; the wire types have no maps.
func printable[T any](v T) T {
	out := reflect.New(reflect.TypeFor[T]()).Elem()
	out.Set(reflect.ValueOf(&v).Elem())
	clean(out)
	return out.Interface().(T)
}

func clean(v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(printableText(v.String()))
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() { // addresses and times have no exported fields, and print as themselves
				clean(v.Field(i))
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			clean(v.Index(i))
		}
	case reflect.Pointer:
		if !v.IsNil() {
			clean(v.Elem())
		}
	}
}

// printableText writes what does not print as an escape, as Go does: \x1b, \n, \u202e. What is not UTF-8 is written byte by byte.
func printableText(s string) string { return view.Printable(s) }

// hidden says whether r does something other than being seen.
func hidden(r rune) bool { return !unicode.IsPrint(r) }

// printableJSON does the same to a JSON document, whose meaning stays: JSON itself escapes only what is below the blank. Line breaks and
// indentation stand outside of strings and stay.
func printableJSON(doc []byte) []byte {
	if !bytes.ContainsFunc(doc, hiddenInJSON) {
		return doc
	}
	var b bytes.Buffer
	for _, r := range string(doc) {
		switch {
		case !hiddenInJSON(r):
			b.WriteRune(r)
		case r > 0xffff: // as two surrogates, which is how JSON writes it (RFC 8259, section 7)
			r -= 0x10000
			writeEscape(&b, 0xd800+r>>10)
			writeEscape(&b, 0xdc00+r&0x3ff)
		default:
			writeEscape(&b, r)
		}
	}
	return b.Bytes()
}

func hiddenInJSON(r rune) bool { return r != '\n' && hidden(r) }

func writeEscape(b *bytes.Buffer, r rune) {
	b.WriteString(`\u` + strconv.FormatUint(0x10000+uint64(r), 16)[1:])
}
