package parse_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"cidrx/detect/parse"
)

// TestNoAllocations parses lines of each shape again and again.
func TestNoAllocations(t *testing.T) {
	for _, c := range []struct{ name, format, line string }{
		{"usual", "combined", combinedLine},
		{"usual common", "common", commonLine},
		{"usual virtual host", "vhost_combined", vhostLine},
		{"escapes", "combined", `192.0.2.1 - - [10/Dec/2024:00:00:19 +0700] "\x16\x03\x01" 400 1 "a\"b" "c\x22"`},
		{"IPv6 and user", "combined", `2001:db8::1 - a b [10/Dec/2024:00:00:19 +0700] "GET / HTTP/1.1" 200 1 "-" "-"`},
		{"refused", "combined", "x" + combinedLine},
		{"refused IPv6", "combined", "1:" + combinedLine},
		{"format string", `%h %^ %^ [%t] "%r" %s %b "%^" "%u"`, combinedLine},
		{"nginx-json", "nginx-json", nginxJSON},
		{"caddy", "caddy", caddyLine},
		{"sshd", "sshd", sshdLine},
		{"sshd, another program", "sshd", "Dec 10 00:00:19 host CRON[1]: x"},
		{"nginx-error", "nginx-error", errorLine},
		{"traefik", "traefik", traefikLine},
		{"traefik, escapes", "traefik", strings.Replace(traefikLine, "Mozilla", `M\"`, 1)},
		{"traefik, refused", "traefik", combinedLine},
		{"traefik-json", "traefik-json", traefikJSON},
		{"traefik-json of a container", "traefik-json", "2024-12-09T17:00:19.189830187Z stdout F " + traefikJSON},
		{"haproxy", "haproxy", haproxyLine},
		{"haproxy, escapes", "haproxy", strings.Replace(haproxyLine, "Script", "#22#23", 1)},
		{"haproxy, another program", "haproxy", sshdLine},
		{"envoy-json", "envoy-json", envoyJSONLine},
		{"alb", "alb", albLine},
		{"alb, escapes", "alb", strings.Replace(albLine, "Mozilla", `\x22`, 1)},
		{"apache-error", "apache-error", apacheLine},
		{"apache-error, escapes", "apache-error", strings.Replace(apacheLine, "badmin", `bad\nmin`, 1)},
		{"auto", "auto", combinedLine},
	} {
		p := newParser(t, c.format, parse.Options{Year: in2024})
		line := []byte(c.line)
		var ev parse.Event
		var a parse.Arena
		n := testing.AllocsPerRun(100, func() {
			_ = p.Parse(line, &ev, &a)
			a.Reset()
		})
		if n != 0 {
			t.Errorf("%s: %v allocations a line", c.name, n)
		}
	}
}

// TestLongLines parses lines of a mebibyte, made to be slow.
func TestLongLines(t *testing.T) {
	const size = 1 << 20
	for _, piece := range []string{"a", `"`, `\`, `\"`, " ", " [", `] "`, " from 6.6.6.6 port 1 ssh2", " from ", " 6.6.6.6 port 1:", `", host: "`, ` ---- 1/1/1/1/0 0/0 "`, "} ", "#2", ` [10/Dec/2024:00:00:19 +0000] "x`, ` "a"`, `{"a":`, `["`, ",6.6.6.6", "::", "1.", "\x00"} {
		fill := bytes.Repeat([]byte(piece), size/len(piece))
		for _, head := range []string{"", `192.0.2.1 - `, `192.0.2.1 - - [10/Dec/2024:00:00:19 +0700] "`, `{"remote_addr":"192.0.2.1","a":"`, `{"request":{"headers":{"A":["`,
			"Dec 10 00:00:19 host sshd[1]: Failed password for invalid user ", "Dec 10 00:00:19 host sshd[1]: Disconnecting invalid user ", errorHead + `user "`,
			errorHead + `access forbidden by rule, client: 192.0.2.1, server: x, request: "`, "h:1 192.0.2.1 - ",
			`192.0.2.1:5 [10/Dec/2024:00:00:19.326] a b/c 0/0/1/48/49 200 3313 `, `192.0.2.1:5 [10/Dec/2024:00:00:19.326] a b/c 0/0/1/48/49 200 3313 c - ---- 3/2/0/0/0 0/0 {`,
			`192.0.2.1:5 [10/Dec/2024:00:00:19.326] a b/c 0/0/1/48/49 200 3313 - - ---- 3/2/0/0/0 0/0 "`, `http 2024-12-09T17:00:19Z n 192.0.2.1:2 - 0 0 0 200 200 0 57 "`,
			apacheHead, apacheHead + `AH01618: user `, apacheHead + `ModSecurity: Access denied with code 403 [uri "`} {
			line := append([]byte(head), fill...)
			for _, format := range fuzzFormats {
				var ev parse.Event
				err := newParser(t, format, parse.Options{Year: in2024}).Parse(line, &ev, new(parse.Arena))
				if err == nil && ev.Client.String() != "192.0.2.1" {
					t.Errorf("%s: client %s of %q… with %q", format, ev.Client, head, piece)
				}
			}
		}
	}
}

// TestIgnoredWraps checks that what is ignored can be told from what failed.
func TestIgnoredWraps(t *testing.T) {
	_, err := parseOne(t, "sshd", parse.Options{}, "Dec 10 00:00:19 host CRON[1]: x")
	if !errors.Is(err, parse.ErrIgnored) || err.Error() == "" {
		t.Errorf("error %v", err)
	}
}

// TestArena checks that a reset arena gives its memory out again, and that fields cannot grow over each other.
func TestArena(t *testing.T) {
	p := newParser(t, "combined", parse.Options{})
	var a parse.Arena
	var ev parse.Event
	line := []byte(`192.0.2.1 - - [10/Dec/2024:00:00:19 +0700] "GET /\x41 HTTP/1.1" 200 1 "r\x42" "u\x43"`)
	for range 3 {
		if err := p.Parse(line, &ev, &a); err != nil {
			t.Fatal(err)
		}
		_ = append(ev.Target, "zzzz"...)
		if string(ev.Target) != "/A" || string(ev.UserAgent) != "uC" || string(ev.Referer) != "rB" {
			t.Errorf("fields are %q, %q, %q", ev.Target, ev.UserAgent, ev.Referer)
		}
		a.Reset()
	}
}
