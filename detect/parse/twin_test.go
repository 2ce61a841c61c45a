package parse_test

import (
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"cidrx/detect/parse"
)

// The slow twin of combined and common: regular expressions over what the servers' documentation says.
const (
	inside   = `(?:[^"\\]|\\.)*` // of a quoted field
	twinHead = `(?s)^([^ ]+) ([^ ]*) (.*?) \[(\d\d/[A-Z][a-z][a-z]/\d{4}:\d\d:\d\d:\d\d [+-]\d{4})\] "(` + inside + `)" (\d{1,3}|-) (\d{1,18}|-)`
)

var (
	twinCommon   = regexp.MustCompile(twinHead + `( .*)?$`)
	twinCombined = regexp.MustCompile(twinHead + ` "(` + inside + `)" "(` + inside + `)(?:"( .*)?|\\)?$`)
	twinRequest  = regexp.MustCompile(`(?s)^([-!#$%&'*+.^_|~0-9A-Za-z` + "`" + `]{1,32}) (.+) HTTP/[^ ]*$`)
	twinOld      = regexp.MustCompile(`(?s)^([-!#$%&'*+.^_|~0-9A-Za-z` + "`" + `]{1,32}) (/.*)$`)
	twinPort     = regexp.MustCompile(`^(?:(\d+\.\d+\.\d+\.\d+)|\[([^]%]*)(?:%[^]]+)?\]):(\d{1,5})$`)
	twinZone     = regexp.MustCompile(`(?s)^\[?([0-9a-fA-F:.]*)(?:%.+?)?\]?$`)
	twinPair     = regexp.MustCompile(`(?s)\\.`)
	twinEscape   = regexp.MustCompile(`\\x[0-9A-Fa-f]{2}|\\["\\/nrtbfv]`)
)

// twinUnescape undoes escapes one after the other.
func twinUnescape(s string) string {
	return twinEscape.ReplaceAllStringFunc(s, func(e string) string {
		if e[1] == 'x' {
			v, _ := strconv.ParseUint(e[2:], 16, 8)
			return string([]byte{byte(v)})
		}
		return map[byte]string{'"': `"`, '\\': `\`, '/': "/", 'n': "\n", 'r': "\r", 't': "\t", 'b': "\b", 'f': "\f", 'v': "\v"}[e[1]]
	})
}

// twinField is a text field: absent when it is "-".
func twinField(s string) string {
	if s == "-" {
		return ""
	}
	return twinUnescape(s)
}

// twinAddr reads a client.
func twinAddr(s string) (netip.Addr, bool) {
	if m := twinPort.FindStringSubmatch(s); m != nil {
		if port, _ := strconv.Atoi(m[3]); port > 65535 {
			return netip.Addr{}, false
		}
		s = m[1] + m[2]
		if (m[2] != "") != strings.Contains(s, ":") {
			return netip.Addr{}, false
		}
	} else if m := twinZone.FindStringSubmatch(s); m != nil && strings.Contains(m[1], ":") && strings.HasPrefix(s, "[") == strings.HasSuffix(s, "]") {
		s = m[1]
	}
	addr, err := netip.ParseAddr(s)
	return addr.Unmap(), err == nil && addr.Zone() == ""
}

// twin parses a line of combined, or common.
func twin(line string, long bool) (e event, ok bool) {
	re := twinCommon
	if long {
		re = twinCombined
	}
	m := re.FindStringSubmatch(line)
	if m == nil {
		return event{}, false
	}
	addr, ok := twinAddr(m[1])
	at, err := time.Parse("02/Jan/2006:15:04:05 -0700", m[4])
	if !ok || err != nil || m[3] != `""` && strings.Contains(twinPair.ReplaceAllString(m[3], ""), `"`) {
		return event{}, false
	}
	e = event{Client: addr.String(), Time: at.UTC().Format(time.RFC3339Nano)}
	if m[3] != `""` {
		e.User = twinField(m[3])
	}
	e.Target = twinField(m[5])
	if r := twinRequest.FindStringSubmatch(m[5]); r != nil {
		e.Method, e.Target = r[1], twinUnescape(r[2])
	} else if r := twinOld.FindStringSubmatch(m[5]); r != nil {
		e.Method, e.Target = r[1], twinUnescape(r[2])
	}
	e.Status, _ = strconv.Atoi(m[6])
	e.Bytes, _ = strconv.ParseInt(m[7], 10, 64)
	if long {
		e.Referer, e.Agent = twinField(m[8]), twinField(m[9])
	}
	return e, true
}

// sameAsTwin compares both presets with their twin on a line. Where the twin's pattern differs on purpose the line is passed over:
// leap seconds, which time.Parse refuses, and lines that end within an escape or without their last quote.
func sameAsTwin(t interface {
	Helper()
	Errorf(string, ...any)
}, combined, common parse.Parser, line string) {
	t.Helper()
	if strings.Contains(line, ":60 ") || strings.HasSuffix(line, `\`) {
		return
	}
	for _, p := range []struct {
		parse.Parser
		long bool
	}{{combined, true}, {common, false}} {
		var ev parse.Event
		var got event
		err := p.Parse([]byte(line), &ev, new(parse.Arena))
		if err == nil {
			got = plain(&ev)
		}
		want, ok := twin(line, p.long)
		if ok != (err == nil) {
			t.Errorf("long %v: error %v, the twin says %v\n%q", p.long, err, ok, line)
		} else if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("long %v: (-twin +got)\n%s\n%q", p.long, diff, line)
		}
	}
}

func TestTwin(t *testing.T) {
	combined, common := newParser(t, "combined", parse.Options{}), newParser(t, "common", parse.Options{})
	rapid.Check(t, func(t *rapid.T) {
		line := drawLine(t, drawEscape(t))
		sameAsTwin(t, combined, common, mutate(t, line))
	})
}

// FuzzTwin compares the presets with the twin on what the fuzzer finds.
func FuzzTwin(f *testing.F) {
	for _, line := range []string{combinedLine, commonLine, vhostLine, `192.0.2.1 - "" [10/Dec/2024:00:00:19 +0700] "-" 408 - "-" "a\"b" x`} {
		f.Add(line)
	}
	combined, common := newParser(f, "combined", parse.Options{}), newParser(f, "common", parse.Options{})
	f.Fuzz(func(t *testing.T, line string) { sameAsTwin(t, combined, common, line) })
}
