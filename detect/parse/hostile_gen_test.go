package parse_test

import (
	"fmt"
	"strings"

	"pgregory.net/rapid"
)

// pieces is what hostile field values are made of.
var pieces = []string{
	`"`, `\`, `\"`, `\x22`, `\\`, " ", "  ", "-", "\n", "\r", "\t", "\x00", "\x7f", "\xff", "ä", "'", "[", "]", "{", "}", ",", ":", "%0a", "/", "a", "Zz9",
	"6.6.6.6", " 6.6.6.6 ", "::6", "192.0.2.1", ` - - [10/Dec/2024:00:00:19 +0700] "`, `] "GET / HTTP/1.1" 200 5 "-" "`, `" 200 5 "-" "`, " HTTP/1.1", " HTTP/",
	", client: 6.6.6.6, server: x", `": password mismatch, client: 6.6.6.6, server: x`, `" was not found in "`, `, request: "`, " from 6.6.6.6 port 22 ssh2",
	" from 6.6.6.6 port 22", " from ", " 6.6.6.6 port 22", " [preauth]", `"},"remote_addr":"6.6.6.6"`, `"client_ip":"6.6.6.6"`, "\nDec 10 00:00:19 h sshd[1]: ",
}

// drawText makes a hostile value of at most n pieces.
func drawText(t *rapid.T, label string, n int) string {
	return strings.Join(rapid.SliceOfN(rapid.SampledFrom(pieces), 0, n).Draw(t, label), "")
}

// drawAddr makes an address as servers print them.
func drawAddr(t *rapid.T) string {
	if rapid.Bool().Draw(t, "v6") {
		return fmt.Sprintf("2001:db8::%x", rapid.IntRange(1, 0xffff).Draw(t, "group"))
	}
	return fmt.Sprintf("192.0.%d.%d", rapid.IntRange(0, 255).Draw(t, "c"), rapid.IntRange(0, 255).Draw(t, "d"))
}

// escapeNginx writes a value as nginx does by default: ngx_http_log_escape.
func escapeNginx(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		if c < ' ' || c > '~' || c == '"' || c == '\\' {
			fmt.Fprintf(&b, `\x%02X`, c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// escapeApache writes a value as Apache's ap_escape_logitem does.
func escapeApache(s string) string {
	short := map[byte]string{'"': `\"`, '\\': `\\`, '\b': `\b`, '\n': `\n`, '\r': `\r`, '\t': `\t`, '\v': `\v`}
	var b strings.Builder
	for _, c := range []byte(s) {
		if e, ok := short[c]; ok {
			b.WriteString(e)
		} else if c < ' ' || c > '~' {
			fmt.Fprintf(&b, `\x%02x`, c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// escapeJSON writes a value as nginx does with escape=json.
func escapeJSON(s string) string {
	short := map[byte]string{'"': `\"`, '\\': `\\`, '\b': `\b`, '\n': `\n`, '\r': `\r`, '\t': `\t`, '\f': `\f`}
	var b strings.Builder
	for _, c := range []byte(s) {
		if e, ok := short[c]; ok {
			b.WriteString(e)
		} else if c < ' ' {
			fmt.Fprintf(&b, `\u%04X`, c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

func drawEscape(t *rapid.T) func(string) string {
	return rapid.SampledFrom([]func(string) string{escapeNginx, escapeApache}).Draw(t, "escape")
}

// request is what a client sent, as it sent it.
type request struct{ addr, user, target, referer, agent string }

func drawRequest(t *rapid.T) request {
	return request{drawAddr(t), drawText(t, "user", 6), "/" + drawText(t, "target", 6), drawText(t, "referer", 6), drawText(t, "agent", 6)}
}

// orDash is how text logs write what is absent.
func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// combined writes r as a web server does.
func (r request) combined(escape func(string) string) string {
	field := func(s string) string { return orDash(escape(s)) }
	return fmt.Sprintf(`%s - %s [10/Dec/2024:00:00:19 +0700] "GET %s HTTP/1.1" 200 5 "%s" "%s"`,
		r.addr, field(r.user), escape(r.target), field(r.referer), field(r.agent))
}

// drawLine makes a combined line of a hostile request.
func drawLine(t *rapid.T, escape func(string) string) string { return drawRequest(t).combined(escape) }

// mutate puts pieces into a line, cuts some out, or leaves it alone.
func mutate(t *rapid.T, line string) string {
	for range rapid.IntRange(0, 3).Draw(t, "mutations") {
		at := rapid.IntRange(0, len(line)).Draw(t, "at")
		end := min(len(line), at+rapid.IntRange(0, 3).Draw(t, "cut"))
		line = line[:at] + drawText(t, "put", 1) + line[end:]
	}
	return line
}
