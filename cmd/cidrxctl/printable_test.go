package main

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"cidrx/agent/control"
)

func TestPrintableText(t *testing.T) {
	tests := []struct{ in, want string }{
		{"plain, ü, 漢字, 😀", "plain, ü, 漢字, 😀"},
		{"\x1b[2J", `\x1b[2J`},
		{"a\nb\r\tc", `a\nb\r\tc`},
		{"\u009b2J", `\u009b2J`},
		{"\u202etxt", `\u202etxt`},
		{"\u200b\ufeff\u00ad", `\u200b\ufeff\u00ad`},
		{"\x00\x7f", `\x00\x7f`},
		{"bad \xff\x9b utf8 \xc2", `bad \xff\x9b utf8 \xc2`},
		{"really \ufffd", "really \ufffd"},
		{"'\"\\", `'"\`},
		{"\U000e0041", `\U000e0041`},
	}
	for _, tt := range tests {
		if got := printableText(tt.in); got != tt.want {
			t.Errorf("%q: got %s, want %s", tt.in, got, tt.want)
		}
	}
}

// Whatever the bytes, what is printed is printable, and JSON says the same as before.
func FuzzPrintable(f *testing.F) {
	for _, s := range []string{"\x1b[2J", "\u009b", "\u202e\U000e0041😀", "\xff\xc2", `\u001b`, "\u2028"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		out := printable(control.Why{Bans: []control.Ban{{Samples: []string{s}}}}).Bans[0].Samples[0]
		if !utf8.ValidString(out) || strings.ContainsFunc(out, func(r rune) bool { return !unicode.IsPrint(r) }) {
			t.Errorf("%q is printed as %s", s, strconv.Quote(out))
		}
		doc, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		safe := printableJSON(doc)
		var before, after string
		if err := json.Unmarshal(doc, &before); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(safe, &after); err != nil || before != after {
			t.Errorf("%s becomes %s: %v", doc, safe, err)
		}
		if strings.ContainsFunc(string(safe), func(r rune) bool { return !unicode.IsPrint(r) }) {
			t.Errorf("%q is printed as %q", s, safe)
		}
	})
}
