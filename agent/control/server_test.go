package control_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cidrx/agent/control"
	"cidrx/agent/control/controltest"
)

func TestRequests(t *testing.T) {
	tests := []struct {
		name, request string
		status        int
		want          string // in the body
	}{
		{"status", getText("/v1/status"), 200, `"state":""`},
		{"bans are a list", getText("/v1/bans"), 200, "[]\n"},
		{"top", getText("/v1/top"), 200, `"may_act":true,"status":{"state":"","why":"","mode":"enforce"`},
		{"top has lists", getText("/v1/top"), 200, `"hottest":[],"dropped":[],"dropped_at":null,"tallies":[]`},
		{"events since", getText("/v1/events?since=yesterday"), 400, "is not a time"},
		{"all bans", getText("/v1/bans?all=1"), 200, "[]\n"},
		{"mode as it is", getText("/v1/mode"), 200, `{"mode":"enforce","changed":false}`},
		{"why", getText("/v1/why?address=::ffff:192.0.2.7"), 200, `"address":"192.0.2.7"`},
		{"why of nothing", getText("/v1/why"), 400, `is not an address`},
		{"why of a zone", getText("/v1/why?address=fe80::1%25eth0"), 400, "has a zone"},
		{"unknown path", getText("/v1/statuses"), 404, "named after the commands"},
		{"no other spelling of a path", getText("/v1//status"), 404, ""},
		{"root", getText("/"), 404, ""},
		{"wrong method", postText("/v1/status", ""), 405, `"next":"use GET"`},
		{"either method", "PUT /v1/mode HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", 405, "use GET, POST"},
		{"unknown parameter", getText("/v1/bans?al=1"), 400, `unknown or repeated parameter \"al\"`},
		{"repeated parameter", getText("/v1/bans?all=1&all=0"), 400, "repeated"},
		{"parameter where there is none", getText("/v1/status?x"), 400, "unknown"},
		{"flag that is none", getText("/v1/bans?all=maybe"), 400, "neither true nor false"},
		{"reading with a body", "GET /v1/status HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 3\r\n\r\n[1]", 400, "takes no body"},
		{"ban", postText("/v1/ban", `{"prefix":"192.0.2.0/24","for_s":60,"reason":"noise"}`), 200, `"done":[]`},
		{"unban is unblock", postText("/v1/unban", `{"all":true,"grace_s":0}`), 200, `"nothing":[]`},
		{"order with an empty object", postText("/v1/reload", " {}\n"), 200, `"changed":[]`},
		{"order with a body", postText("/v1/flush", `{"sure":true}`), 400, "takes no body"},
		{"no body", postText("/v1/ban", ""), 400, "not a JSON object"},
		{"host bits", postText("/v1/ban", `{"prefix":"192.0.2.7/24"}`), 400, "did you mean 192.0.2.0/24 or 192.0.2.7/32?"},
		{"bad SSH peer", "POST /v1/reload HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\nCidrx-Ssh-Peer: me\r\n\r\n", 400, "is not an address"},
		{"body too large", postText("/v1/ban", `{"reason":"`+strings.Repeat("x", 2<<20)+`"}`), 400, "too large"},
		{"agent's error", postText("/v1/confirm", ""), 500, `{"error":"nothing to confirm","next":"see status"}`},
		{"caller's mistake", postText("/v1/selftest", ""), 400, `{"error":"not while observing","next":""}`},
	}
	_, path := serve(t, controltest.New(controltest.Script{
		Status: control.Status{Mode: "enforce"},
		Errors: map[string]controltest.Failure{
			"confirm":  {Error: "nothing to confirm", Next: "see status"},
			"selftest": {Error: "not while observing", Invalid: true},
		},
	}), control.ServerOptions{})
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			resp, body := ask(t, path, tt.request)
			if resp.StatusCode != tt.status || !strings.Contains(body, tt.want) {
				t.Errorf("got %d, %q; want %d, %q", resp.StatusCode, body, tt.status, tt.want)
			}
			if got := resp.Header.Get("Content-Type"); got != "application/json" {
				t.Errorf("content type is %q", got)
			}
			var document any
			if err := json.Unmarshal([]byte(body), &document); err != nil {
				t.Errorf("no JSON document: %v", err)
			}
		})
	}
}

// ask sends a request from another goroutine, since the answer to one that is too large comes before its end, and reads the answer.
func ask(t *testing.T, path, request string) (*http.Response, string) {
	t.Helper()
	c := dial(t, path)
	var sent sync.WaitGroup
	sent.Go(func() { io.WriteString(c, request) })
	defer sent.Wait()
	defer c.Close()
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(body)
}

func TestGarbage(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"not HTTP", "\x00\x01\x02\x03rubbish\r\n\r\n", "HTTP/1.1 400 "},
		{"TLS", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", "HTTP/1.1 400 "},
		{"no host", "GET /v1/status HTTP/1.1\r\n\r\n", "HTTP/1.1 400 "},
		{"huge header", "GET /v1/status HTTP/1.1\r\nHost: x\r\nX: " + strings.Repeat("x", 40<<10) + "\r\n\r\n", "HTTP/1.1 431 "},
		{"two lengths", "POST /v1/reload HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx", "HTTP/1.1 400 "},
		{"length is no number", "POST /v1/reload HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n", "HTTP/1.1 400 "},
		{"unknown transfer coding", "POST /v1/reload HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", "HTTP/1.1 501 "},
		{"HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "HTTP/1.1 404 "},
		{"tunnel", "CONNECT 192.0.2.1:80 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "HTTP/1.1 404 "},
		{"asterisk", "OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "HTTP/1.1 "},
	}
	agent, client := serveScript(t, controltest.Script{})
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := dial(t, client.Socket)
			io.WriteString(c, tt.text) // may fail half-way, when the server has seen enough
			c.(*net.UnixConn).CloseWrite()
			answer, _ := io.ReadAll(c) // what it sent before it closed on unread bytes
			if !strings.HasPrefix(string(answer), tt.want) {
				t.Errorf("answer is %q, want %q", answer, tt.want)
			}
		})
	}
	if _, err := client.Status(context.Background()); err != nil {
		t.Errorf("after all that: %v", err)
	}
	if calls := agent.Calls(); len(calls) != 0 {
		t.Errorf("the agent was asked to %q", calls)
	}
}

// Peers that connect, say half of something and leave or stay do not keep others from being heard.
func TestHalfRequests(t *testing.T) {
	_, client := serveScript(t, controltest.Script{})
	whole := postText("/v1/ban", `{"prefix":"192.0.2.0/24"}`)
	for n := 0; n < len(whole); n += 7 {
		c := dial(t, client.Socket)
		if _, err := io.WriteString(c, whole[:n]); err != nil {
			t.Fatal(err)
		}
		if n%2 == 0 {
			c.Close()
		}
	}
	if _, err := client.Status(context.Background()); err != nil {
		t.Error(err)
	}
}

// Somebody without any permission fills all the places there are for the likes of them; root gets in none the less, and they do again
// when they have let go.
func TestConnectionLimit(t *testing.T) {
	server, path := serve(t, controltest.New(controltest.Script{}), control.ServerOptions{LookupGroup: fakeGroups(nil), RequestTimeout: time.Minute})
	client := &control.Client{Socket: path}
	var held []net.Conn
	for uid := range 20 {
		for range 10 {
			held = append(held, dialAs(t, who{uid: nobody + uid, gid: nobody}, path))
		}
	}
	until(t, "connections are refused", func() bool { return server.Refused() == 200-64 })
	if _, err := client.Status(context.Background()); err != nil {
		t.Errorf("root is kept out: %v", err)
	}
	told := slices.ContainsFunc(held[len(held)-100:], func(c net.Conn) bool { // one of them: the server does not wait for long to tell
		answer, _ := io.ReadAll(c)
		return strings.HasPrefix(string(answer), "HTTP/1.1 503 ") && strings.Contains(string(answer), "too many connections")
	})
	if !told {
		t.Error("who is turned away is not told why")
	}
	for _, c := range held {
		c.Close()
	}
	until(t, "there is room again", func() bool {
		c := dialAs(t, who{uid: nobody, gid: nobody}, path)
		defer c.Close()
		io.WriteString(c, getText("/v1/status"))
		answer, _ := io.ReadAll(c)
		return strings.HasPrefix(string(answer), "HTTP/1.1 403 ")
	})
}

func TestConnectionLimitOfOneUser(t *testing.T) {
	for _, tt := range []struct {
		name string
		who  who
		most uint64
	}{{"reader", who{uid: nobody, gid: readGID}, 16}, {"root", who{}, 64}} {
		t.Run(tt.name, func(t *testing.T) {
			server, path := serve(t, controltest.New(controltest.Script{}),
				control.ServerOptions{LookupGroup: fakeGroups(map[string]int{"cidrx-read": readGID}), RequestTimeout: time.Minute})
			for range 80 {
				dialAs(t, tt.who, path)
			}
			until(t, "connections are refused", func() bool { return server.Refused() == 80-tt.most })
		})
	}
}

// A client that is turned away tries again before it gives up.
func TestClientWaitsForRoom(t *testing.T) {
	server, path := serve(t, controltest.New(controltest.Script{}), control.ServerOptions{RequestTimeout: time.Minute})
	until(t, "it gets in", func() bool { return getsIn(t, server, path) }) // not at once where it takes a second to make room
}

// getsIn says whether a client gets in that finds all places taken, and is given room when it has been turned away.
func getsIn(t *testing.T, server *control.Server, path string) bool {
	t.Helper()
	before := server.Refused()
	var held []net.Conn
	for range 64 {
		held = append(held, dial(t, path))
	}
	done := make(chan error, 1)
	go func() {
		_, err := (&control.Client{Socket: path}).Status(context.Background())
		done <- err
	}()
	until(t, "the client is turned away", func() bool { return server.Refused() > before })
	for _, c := range held {
		c.Close()
	}
	return <-done == nil
}

func TestSeen(t *testing.T) {
	var seen []control.Caller
	agent := controltest.New(controltest.Script{})
	groups := fakeGroups(map[string]int{"cidrx-read": readGID})
	_, path := serve(t, agent, control.ServerOptions{LookupGroup: groups, Seen: func(c control.Caller) { seen = append(seen, c) }})
	client := &control.Client{Socket: path, SSHPeer: netip.MustParseAddr("2001:db8::7%eth0")}
	_, err1 := client.Status(t.Context())
	_, err2 := client.Reload(t.Context())
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	withPeer := strings.Replace(getText("/v1/status"), "\r\n\r\n", "\r\nCidrx-Ssh-Peer: 192.0.2.66\r\n\r\n", 1)
	wantStatus(t, dialAs(t, who{uid: nobody, gid: readGID}, path), withPeer, true) // a reader cannot have anything protected

	if len(seen) != 2 || seen[0].SSHPeer.String() != "2001:db8::7" || seen[0].Name != "root" || seen[0] != seen[1] {
		t.Errorf("seen: %+v, want root from 2001:db8::7 twice", seen)
	}
	if diff := cmp.Diff([]string{"reload by root from 2001:db8::7"}, agent.Calls()); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
}

func TestRunEndsWithItsListener(t *testing.T) {
	l, err := control.Listen(t.TempDir() + "/s.sock")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	err = control.NewServer(controltest.New(controltest.Script{}), control.ServerOptions{}).Run(t.Context(), l)
	if !errors.Is(err, net.ErrClosed) {
		t.Errorf("error is %v, want net.ErrClosed", err)
	}
}
