package syslog_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/leodido/go-syslog/v4/rfc5424"

	"cidrx/agent/syslog"
)

// access is a line as web servers write it.
const access = `203.0.113.7 - - [12/Feb/2024:14:10:21 +0000] "GET /a: b HTTP/1.1" 404 12 "-" "x: y"`

func TestParse(t *testing.T) {
	for name, c := range map[string]struct{ datagram, program, pid, text string }{
		"nginx":                        {"<190>Nov 22 00:10:11 edge nginx: " + access, "nginx", "", access},
		"nginx, nohostname":            {"<190>Nov  2 00:10:11 nginx: " + access, "nginx", "", access},
		"nginx, tag":                   {"<190>Nov 22 00:10:11 edge front_1: " + access, "front_1", "", access},
		"host is an address":           {"<190>Nov 22 00:10:11 2001:db8::1 nginx: " + access, "nginx", "", access},
		"haproxy":                      {"<134>Nov 22 00:10:11 haproxy[77]: 203.0.113.7:50210 [x]", "haproxy", "77", "203.0.113.7:50210 [x]"},
		"syslog(3)":                    {"<38>Nov 22 00:10:11 sshd[4711]: Failed password for root from 203.0.113.7 port 22 ssh2", "sshd", "4711", "Failed password for root from 203.0.113.7 port 22 ssh2"},
		"rsyslog, traditional":         {"<38>Nov 22 00:10:11 edge sshd[4711]: a", "sshd", "4711", "a"},
		"rsyslog, RSYSLOG_Forward":     {"<38>2026-11-22T00:10:11.123456+01:00 edge sshd[4711]: a", "sshd", "4711", "a"},
		"RFC 3339, no host":            {"<38>2026-11-22T00:10:11Z sshd: a", "sshd", "", "a"},
		"busybox":                      {"<38>Nov 22 00:10:11 sshd[4711]: a", "sshd", "4711", "a"},
		"no stamp":                     {"<38>sshd[4711]: a", "sshd", "4711", "a"},
		"no blank behind the tag":      {"<38>Nov 22 00:10:11 sshd[4711]:a", "", "", "sshd[4711]:a"},
		"two blanks behind the tag":    {"<38>Nov 22 00:10:11 sshd:  a", "sshd", "", " a"},
		"no text":                      {"<38>Nov 22 00:10:11 sshd: ", "sshd", "", ""},
		"no text, no blank":            {"<38>Nov 22 00:10:11 sshd:", "sshd", "", ""},
		"a thread for a process":       {"<38>Nov 22 00:10:11 app[main]: a", "app", "", "a"},
		"no tag":                       {"<190>Nov 22 00:10:11 " + access, "", "", access},
		"no tag, but a host":           {"<190>Nov 22 00:10:11 edge " + access, "", "", "edge " + access},
		"the text has a tag, too":      {"<190>Nov 22 00:10:11 nginx: evil: " + access, "nginx", "", "evil: " + access},
		"the text has a header, too":   {"<190>Nov 22 00:10:11 nginx: <38>Nov 22 00:10:11 sshd[1]: a", "nginx", "", "<38>Nov 22 00:10:11 sshd[1]: a"},
		"no header":                    {access, "", "", access},
		"JSON":                         {`{"a":"<1>"}` + "\n", "", "", `{"a":"<1>"}`},
		"the third word is no tag":     {"<190>Nov 22 00:10:11 a b c: d", "", "", "a b c: d"},
		"bracket never closed":         {"<190>Nov 22 00:10:11 a[1 b: c", "", "", "a[1 b: c"},
		"a long tag":                   {"<190>Nov 22 00:10:11 " + strings.Repeat("a", 65) + ": b", "", "", strings.Repeat("a", 65) + ": b"},
		"priority of four digits":      {"<1234>x: a", "", "", "<1234>x: a"},
		"priority without digits":      {"<>x: a", "", "", "<>x: a"},
		"priority alone":               {"<13>", "", "", ""},
		"priority never closed":        {"<13", "", "", "<13"},
		"empty":                        {"", "", "", ""},
		"NULs":                         {"\x00\x00", "", "", ""},
		"NUL at the end":               {"<38>Nov 22 00:10:11 sshd: a\x00", "sshd", "", "a"},
		"newline at the end":           {"<38>Nov 22 00:10:11 sshd: a\r\n", "sshd", "", "a"},
		"bytes":                        {"\xff\xfe<38>", "", "", "\xff\xfe<38>"},
		"RFC 5424":                     {"<165>1 2026-11-22T00:10:11.003Z edge nginx 4711 ID47 - " + access, "nginx", "4711", access},
		"RFC 5424, nothing known":      {"<165>1 - - - - - - a", "", "", "a"},
		"RFC 5424, byte order mark":    {"<165>1 - - app - - - \xef\xbb\xbfa", "app", "", "a"},
		"RFC 5424, structured":         {`<165>1 - - app x - [a@1 b="c \"] [d\\" e="]"][f] a`, "app", "", "a"},
		"RFC 5424, no text":            {`<165>1 - - app 7 - [a b="c"]`, "app", "7", ""},
		"RFC 5424, structured, no end": {`<165>1 - - app 7 - [a b="c] d`, "", "", `1 - - app 7 - [a b="c] d`},
		"RFC 5424, a field is missing": {"<165>1 - - app 7 -", "", "", "1 - - app 7 -"},
		"RFC 5424, glued to the data":  {"<165>1 - - app 7 - -a", "", "", "1 - - app 7 - -a"},
		"RFC 5424, logger --rfc5424":   {`<13>1 2026-11-22T00:10:11.003717+00:00 edge sshd - - [timeQuality tzKnown="1" isSynced="0"] a b`, "sshd", "", "a b"},
		"a version that is none":       {"<165>2 x: a", "", "", "2 x: a"},
	} {
		m := syslog.Parse([]byte(c.datagram))
		got := []string{string(m.Program), string(m.PID), string(m.Text)}
		if diff := cmp.Diff([]string{c.program, c.pid, c.text}, got); diff != "" {
			t.Errorf("%s: %q (-want +got)\n%s", name, c.datagram, diff)
		}
	}
}

func TestAppendLine(t *testing.T) {
	at := time.Date(2026, 11, 22, 1, 10, 11, 123456789, time.FixedZone("", 3600))
	for name, c := range map[string]struct {
		m      syslog.Message
		header bool
		want   string
	}{
		"text":           {syslog.Message{Program: []byte("a"), PID: []byte("1"), Text: []byte("t")}, false, "t\n"},
		"header":         {syslog.Message{Program: []byte("sshd"), PID: []byte("1"), Text: []byte("t")}, true, "2026-11-22T00:10:11.123456Z - sshd[1]: t\n"},
		"no process":     {syslog.Message{Program: []byte("sshd"), Text: []byte("t")}, true, "2026-11-22T00:10:11.123456Z - sshd: t\n"},
		"no program":     {syslog.Message{Text: []byte("t")}, true, "2026-11-22T00:10:11.123456Z - -: t\n"},
		"evil program":   {syslog.Message{Program: []byte("a b[\n:"), PID: []byte("1] x"), Text: []byte("t")}, true, "2026-11-22T00:10:11.123456Z - a_b___: t\n"},
		"newlines":       {syslog.Message{Text: []byte("\na\n\nb\r\n\n")}, false, " a  b\n"},
		"nothing":        {syslog.Message{}, false, "\n"},
		"a NUL stays in": {syslog.Message{Text: []byte("a\x00b\x00")}, false, "a\x00b\n"},
	} {
		if got := string(c.m.AppendLine([]byte("before "), at, c.header)); got != "before "+c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}

// FuzzParse compares with a full parser of RFC 5424 where that one accepts, and looks at what must hold for everything: one datagram is
// one line, made of what the datagram ends with.
func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"", "<190>Nov 22 00:10:11 edge nginx: " + access, "<38>Nov 22 00:10:11 sshd[1]: a\nb\x00", "<38>2026-11-22T00:10:11Z sshd: a",
		"<165>1 2026-11-22T00:10:11.003Z edge nginx 4711 ID47 - a", `<165>1 - - app 7 - [a b="c\]"][d] a`, "<1>1 - - - - - - \xef\xbb\xbfa", "<13>[]:", "<13>a[]]:",
	} {
		f.Add([]byte(s))
	}
	strict := rfc5424.NewParser()
	f.Fuzz(func(t *testing.T, b []byte) {
		m := syslog.Parse(b)
		rest := bytes.TrimRight(b, "\x00\r\n")
		if !bytes.HasSuffix(rest, m.Text) || len(m.Program) > 0 && !bytes.Contains(rest, m.Program) {
			t.Fatalf("%q is not of %q", m, b)
		}
		line := m.AppendLine(nil, time.Unix(0, 0), true)
		if bytes.IndexByte(line, '\n') != len(line)-1 {
			t.Errorf("not one line: %q", line)
		}
		want, err := strict.Parse(rest)
		if err != nil {
			return
		}
		full := want.(*rfc5424.SyslogMessage)
		if full.Version != 1 {
			return
		}
		if full.Message != nil && strings.TrimPrefix(*full.Message, "\xef\xbb\xbf") != string(m.Text) {
			t.Errorf("%q: text %q, want %q", b, m.Text, *full.Message)
		}
		if full.Appname != nil && *full.Appname != string(m.Program) {
			t.Errorf("%q: program %q, want %q", b, m.Program, *full.Appname)
		}
	})
}

func BenchmarkParse(b *testing.B) {
	for name, s := range map[string]string{"3164": "<190>Nov 22 00:10:11 edge nginx: " + access, "5424": "<165>1 2026-11-22T00:10:11.003Z edge nginx 4711 ID47 - " + access} {
		b.Run(name, func(b *testing.B) {
			d, line := []byte(s), []byte(nil)
			for b.Loop() {
				line = syslog.Parse(d).AppendLine(line[:0], time.Time{}, false)
			}
		})
	}
}
