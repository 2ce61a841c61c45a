package parse_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cidrx/detect/parse"
)

const errorHead = "2026/11/21 20:26:00 [error] 9503#9503: *6 "

func TestNginxError(t *testing.T) {
	const stamp = "2026-11-21T20:26:00Z"
	for _, c := range []struct {
		name, message string
		want          event
	}{
		{"limit_req", `limiting requests, excess: 1.000 by zone "one", client: 192.0.2.1, server: , request: "GET /l HTTP/1.1", host: "h:8099"`,
			event{Method: "GET", Target: "/l", Host: "h:8099"}},
		{"limit_req that only warns", `limiting requests, dry run, excess: 1.000 by zone "one", client: 192.0.2.1, server: _, request: "GET /l HTTP/1.1", host: "h"`,
			event{Method: "GET", Target: "/l", Host: "h"}},
		{"limit_conn", `limiting connections by zone "addr", client: 192.0.2.1, server: _, request: "GET /l HTTP/1.1", upstream: "http://[::1]:80/", host: "h", referrer: "http://r/"`,
			event{Method: "GET", Target: "/l", Host: "h", Referer: "http://r/"}},
		{"unknown user", `user "bo" was not found in "/etc/nginx/pw", client: 192.0.2.1, server: x, request: "GET /a HTTP/1.1", host: "ab"`,
			event{User: "bo", Outcome: parse.Failure, Status: 401, Method: "GET", Target: "/a", Host: "ab"}},
		{"wrong password", `user "a "b": password mismatch, client: 2001:db8::1, server: x, request: "GET /a HTTP/2.0", host: "ab"`,
			event{Client: "2001:db8::1", User: `a "b`, Outcome: parse.Failure, Status: 401, Method: "GET", Target: "/a", Host: "ab"}},
		{"access rule", `access forbidden by rule, client: 192.0.2.1, server: x, request: "GET /f/"x HTTP/1.1", host: "ab"`,
			event{Status: 403, Method: "GET", Target: `/f/"x`, Host: "ab"}},
		{"no host", `access forbidden by rule, client: 192.0.2.1, server: x, request: "GET /f HTTP/1.0"`,
			event{Status: 403, Method: "GET", Target: `/f`}},
		{"cut by nginx", `access forbidden by rule, client: 192.0.2.1, server: x, request: "GET /f`,
			event{Status: 403, Method: "GET", Target: `/f`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := parseOne(t, "nginx-error", parse.Options{}, errorHead+c.message)
			if err != nil {
				t.Fatal(err)
			}
			c.want.Time = stamp
			if c.want.Client == "" {
				c.want.Client = "192.0.2.1"
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestNginxErrorOthers(t *testing.T) {
	for _, c := range []struct{ line, want string }{
		{"2026/11/21 20:25:59 [notice] 9503#9503: nginx/1.22.1", "ignored"},
		{errorHead + `no user/password was provided for basic authentication, client: 192.0.2.1, server: , request: "GET /a HTTP/1.1"`, "ignored"},
		{errorHead + `delaying request, excess: 0.5, by zone "one", client: 192.0.2.1, server: , request: "GET /a HTTP/1.1"`, "ignored"},
		{errorHead + `open() "/x" failed (2: No such file or directory), client: 192.0.2.1, server: , request: "GET /x HTTP/1.1"`, "ignored"},
		{errorHead + `client 192.0.2.1 closed keepalive connection`, "ignored"},
		{errorHead + `access forbidden by rule`, "refused"},
		{errorHead + `access forbidden by rule, client: unix:, server: x, request: "GET / HTTP/1.1"`, "refused"},
		{errorHead + `access forbidden by rule, client: 192.0.2.1`, "refused"},
		{errorHead + `user "x": password mismatch`, "refused"},
		{errorHead + `user "x", client: 192.0.2.1, server: , request: "GET / HTTP/1.1"`, "refused"},
		{`, client: 6.6.6.6, server: x`, "refused"},
		{"2026/11/21 20:26:00 access forbidden by rule, client: 6.6.6.6, server: x", "refused"},
		{"", "refused"},
	} {
		var ev parse.Event
		err := newParser(t, "nginx-error", parse.Options{}).Parse([]byte(c.line), &ev, new(parse.Arena))
		if got := verdict(&ev, err); got != c.want {
			t.Errorf("%s\ngot %s (%v), want %s", c.line, got, err, c.want)
		}
	}
}

// TestNginxErrorShadow checks how far a message that quotes a client's text puts what follows in doubt.
func TestNginxErrorShadow(t *testing.T) {
	head := errorHead + `open() "/html/x`
	genuine := errorHead + `access forbidden by rule, client: 192.0.2.1, server: , request: "GET / HTTP/1.1"`
	for _, c := range []struct {
		name    string
		between int // bytes of other lines
		want    bool
	}{
		{"next line", 0, false},
		{"last byte of the message", 2048 - len(head) - 1 - 1, false},
		{"behind it", 2048 - len(head) - 1, true},
	} {
		p := newParser(t, "nginx-error", parse.Options{})
		lines := []string{head}
		if c.between > 0 {
			lines = append(lines, strings.Repeat("x", c.between-1))
		}
		var ev parse.Event
		for _, line := range lines {
			if err := p.Parse([]byte(line), &ev, new(parse.Arena)); !errors.Is(err, parse.ErrIgnored) {
				t.Fatalf("%s: error %v", line, err)
			}
		}
		if err := p.Parse([]byte(genuine), &ev, new(parse.Arena)); (err == nil) != c.want {
			t.Errorf("%s: error %v, want accepted: %v", c.name, err, c.want)
		}
	}
}
