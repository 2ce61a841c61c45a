package parse_test

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unsafe"

	"cidrx/detect/parse"
)

// fuzzFormats are the formats that FuzzParse tries on every line.
var fuzzFormats = []string{"combined", "common", "vhost_combined", "nginx-json", "caddy", "sshd", "nginx-error", "auto",
	"traefik", "traefik-json", "haproxy", "envoy-json", "alb", "apache-error",
	`%h %^ %^ [%t] "%r" %s %b "%^" "%u"`, `%v|%h|%l|%t|%m|%U|%s "%F" %^`}

// addLines seeds f with the lines of the hostile corpora.
func addLines(f *testing.F) {
	files, err := filepath.Glob("testdata/hostile/*.txt")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		for _, row := range strings.Split(string(text), "\n") {
			if _, line, ok := strings.Cut(row, "\t"); ok {
				f.Add([]byte(line))
			}
		}
	}
	for _, line := range samples() {
		f.Add([]byte(line))
	}
}

// FuzzParse checks of every format and line: no panic, the line unchanged, an accepted event well-formed.
func FuzzParse(f *testing.F) {
	addLines(f)
	opts := parse.Options{Year: in2024, TrustedProxies: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}}
	var parsers []parse.Parser
	for _, format := range fuzzFormats {
		parsers = append(parsers, newParser(f, format, opts))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		line := bytes.Clone(data)
		for i, p := range parsers {
			a := parse.NewArena(2 * len(line))
			ev := parse.Event{Client: netip.MustParseAddr("255.0.0.1"), User: []byte("left over"), Status: 999}
			err := p.Parse(line, &ev, a)
			if !bytes.Equal(line, data) {
				t.Fatalf("%s changed the line", fuzzFormats[i])
			}
			if err == nil {
				checkEvent(t, fuzzFormats[i], &ev, a)
			}
			parse.AppendResult(nil, line, &ev, err)
		}
	})
}

// checkEvent checks what holds for every accepted event.
func checkEvent(t *testing.T, format string, ev *parse.Event, a *parse.Arena) {
	t.Helper()
	if !ev.Client.IsValid() || ev.Client.Is4In6() || ev.Client.Zone() != "" || ev.Repeat < 1 || ev.Status < 0 || ev.Bytes < -1 || string(ev.User) == "left over" {
		t.Errorf("%s: %+v of %q", format, ev, ev.Line)
	}
	if !clientIsInField(format, ev) {
		t.Errorf("%s: client %s of %q", format, ev.Client, ev.Line)
	}
	fields := [][]byte{ev.Method, ev.Target, ev.Host, ev.UserAgent, ev.Referer, ev.User}
	for _, h := range ev.Headers {
		fields = append(fields, h.Name, h.Value)
	}
	for _, field := range fields {
		if len(field) > 0 && !within(field, ev.Line) && !within(field, a.Buf()) {
			t.Errorf("%s: %q lies neither in the line nor in the arena", format, field)
		}
	}
}

// clientIsInField tells whether the client is the address in the place of the line that the format names, where a simple cut finds it.
func clientIsInField(format string, ev *parse.Event) bool {
	line := string(ev.Line)
	switch format {
	case "vhost_combined":
		_, line, _ = strings.Cut(line, " ")
	case "combined", "common":
	case "haproxy", "alb", "apache-error":
		return addressField(format, line) == ev.Client
	case "traefik":
		_, line = cutContainer(line)
		line, _, _ = strings.Cut(line, " - ")
		line = strings.TrimSpace(line[strings.LastIndex(line, ",")+1:])
		want, ok := twinAddr(line)
		return ok && want == ev.Client || ev.Forwarded
	default:
		return ev.Part.Kind == parse.NotPart || sshdAddress(line, ev.Client)
	}
	word, _, _ := strings.Cut(line, " ")
	want, ok := twinAddr(word)
	return ok && want == ev.Client
}

// sshdAddress tells whether one of the line's words is the address.
func sshdAddress(line string, client netip.Addr) bool {
	for _, word := range strings.FieldsFunc(line, func(r rune) bool { return r == ' ' }) {
		for _, w := range []string{word, strings.TrimSuffix(word, ":")} {
			if addr, ok := twinAddr(w); ok && addr == client {
				return true
			}
		}
	}
	return false
}

// within tells whether field is a part of memory.
func within(field, memory []byte) bool {
	if len(memory) == 0 {
		return false
	}
	start, end := uintptr(unsafe.Pointer(&memory[0])), uintptr(unsafe.Pointer(&memory[0]))+uintptr(len(memory))
	first := uintptr(unsafe.Pointer(&field[0]))
	return first >= start && first+uintptr(len(field)) <= end
}

// FuzzUsual compares the quick path of the presets with the layout that decides.
func FuzzUsual(f *testing.F) {
	addLines(f)
	type pair struct{ preset, layout parse.Parser }
	var pairs []pair
	for _, c := range []struct{ preset, layout string }{
		{"combined", `%h %^ %l [%t] "%r" %s %b "%R" "%u"`},
		{"common", `%h %^ %l [%t] "%r" %s %b`},
		{"vhost_combined", `%v:%^ %h %^ %l [%t] "%r" %s %b "%R" "%u"`},
	} {
		pairs = append(pairs, pair{newParser(f, c.preset, parse.Options{}), newParser(f, c.layout, parse.Options{})})
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		for _, p := range pairs {
			var want, got parse.Event
			if err := p.layout.Parse(line, &want, new(parse.Arena)); err != nil {
				continue // the preset lets fields follow, the format string does not
			}
			if err := p.preset.Parse(line, &got, new(parse.Arena)); err != nil {
				if stampIsCommon(line) {
					t.Errorf("preset refuses %q: %v", line, err)
				}
				continue
			}
			if w, g := parse.AppendJSON(nil, &want), parse.AppendJSON(nil, &got); !bytes.Equal(w, g) {
				t.Errorf("layout %s\npreset %s\n%q", w, g, line)
			}
		}
	})
}

// stampIsCommon tells whether the line's first bracket holds a stamp of the common log format's length.
func stampIsCommon(line []byte) bool {
	_, rest, _ := bytes.Cut(line, []byte("["))
	return bytes.IndexByte(rest, ']') == 26
}

// FuzzIPv6 compares with the standard library's parser.
func FuzzIPv6(f *testing.F) {
	for _, s := range []string{"::", "::1", "1::", "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7::", "::2:3:4:5:6:7:8", "1::8", "::ffff:192.0.2.1", "1:2:3:4:5:6:192.0.2.1",
		"1:2:3:4:5:6:7:192.0.2.1", "::192.0.2.1:1", ":1", "1:", "1:::2", "::1::", "12345::", "g::", "::01.2.3.4", "", ":", "1:2"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, ok := parse.ParseIPv6([]byte(s))
		want, err := netip.ParseAddr(s)
		if isWant := err == nil && want.Is6() && want.Zone() == ""; ok != isWant || ok && got != want {
			t.Errorf("%q: got %s, %v; want %s, %v", s, got, ok, want, err)
		}
		b := append([]byte(s), `" 0123456789abcdef:0123456789abcdef:0123456789abcdef`...)
		hi, lo, quick := parse.QuickIPv6(b, len(s))
		if quick != (ok && !strings.Contains(s, ".")) || quick && (hi != bigEndian(got, 0) || lo != bigEndian(got, 8)) {
			t.Errorf("%q: quickly %x %x, %v; want %s, %v", s, hi, lo, quick, want, err)
		}
	})
}

// bigEndian is eight bytes of an address.
func bigEndian(addr netip.Addr, from int) uint64 {
	raw := addr.As16()
	return binary.BigEndian.Uint64(raw[from:])
}

// FuzzClient compares with the slow reader of address fields.
func FuzzClient(f *testing.F) {
	for _, s := range []string{"192.0.2.1", "192.0.2.1:80", "[::1]:80", "[::1]", "fe80::1%eth0", "[fe80::1%eth0]:1", "1.2.3.4:", "1.2.3.04", "::ffff:1.2.3.4%x", "[1.2.3.4]:80", "1.2.3.4%x", "%x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, ok := parse.ParseClient([]byte(s))
		want, isWant := twinAddr(s)
		if ok != isWant || ok && got != want {
			t.Errorf("%q: got %s, %v; want %s, %v", s, got, ok, want, isWant)
		}
	})
}
