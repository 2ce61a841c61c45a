package term

import (
	"bytes"
	"io"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"
)

// Printable is text that a terminal shows and does not obey, a column or two for each character: control characters, escape sequences,
// marks that turn the direction of what follows, and marks that pile up on a neighbour are written as Go writes them (\x1b, \u202e), and
// so are bytes that are not UTF-8.
func Printable(s string) string {
	if plain(s) {
		return s
	}
	shown := escape(s, hidden)
	// Where the two ways to reckon a width differ (flags, emoji with modifiers, Hangul in pieces), no one can tell how many columns the
	// terminal will use.
	if ansi.StringWidth(shown) != ansi.StringWidthWc(shown) {
		return escape(s, func(r rune) bool { return r > unicode.MaxASCII || hidden(r) })
	}
	return shown
}

// plain says whether s is nothing but printing ASCII, as nearly all is.
func plain(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// hidden says whether r does something other than fill columns of its own.
func hidden(r rune) bool { return !unicode.IsPrint(r) || unicode.Is(unicode.M, r) }

func escape(s string, hides func(rune) bool) string {
	var b strings.Builder
	for len(s) > 0 {
		r, size := utf8.DecodeRuneInString(s)
		switch {
		case r == utf8.RuneError && size == 1:
			b.WriteString(`\x` + strconv.FormatUint(0x100+uint64(s[0]), 16)[1:])
		case hides(r):
			b.WriteString(strings.Trim(strconv.QuoteRuneToASCII(r), "'"))
		default:
			b.WriteString(s[:size])
		}
		s = s[size:]
	}
	return b.String()
}

// AppendPrintableJSON appends a JSON document to dst, with what a terminal would not show written as JSON escapes; its meaning stays. JSON
// itself escapes only what is below the blank. Line breaks stand outside of strings, and stay.
func AppendPrintableJSON(dst, doc []byte) []byte {
	if !bytes.ContainsFunc(doc, unseen) {
		return append(dst, doc...)
	}
	for _, r := range string(doc) {
		switch {
		case !unseen(r):
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

// PrintableJSON is a writer that passes on JSON documents, one a call, as AppendPrintableJSON writes them.
func PrintableJSON(w io.Writer) io.Writer { return jsonWriter{w} }

type jsonWriter struct{ w io.Writer }

func (j jsonWriter) Write(doc []byte) (int, error) {
	if _, err := j.w.Write(AppendPrintableJSON(nil, doc)); err != nil {
		return 0, err
	}
	return len(doc), nil
}

// unseen says whether r, in JSON, does something other than being seen, such as to turn the direction of what follows.
func unseen(r rune) bool { return r != '\n' && !unicode.IsPrint(r) }

func appendEscape(dst []byte, r rune) []byte {
	return append(dst, `\u`+strconv.FormatUint(0x10000+uint64(r), 16)[1:]...)
}
