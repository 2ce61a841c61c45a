package control_test

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"cidrx/agent/control"
	"cidrx/agent/control/controltest"
)

// slow is an agent that answers when told to, and says how its callers' contexts end.
type slow struct {
	*controltest.Agent
	asked, answer chan struct{}
	ended         chan error
}

func newSlow() slow {
	return slow{controltest.New(controltest.Script{Status: control.Status{Version: "1"}}), make(chan struct{}), make(chan struct{}), make(chan error, 1)}
}

func (s slow) wait(ctx context.Context) error {
	s.asked <- struct{}{}
	select {
	case <-s.answer:
	case <-ctx.Done():
		s.ended <- ctx.Err()
	}
	return ctx.Err()
}

func (s slow) Status(ctx context.Context) (control.Status, error) {
	return control.Status{Version: "1"}, s.wait(ctx)
}

func (s slow) Top(ctx context.Context) (control.Top, error) { return control.Top{}, s.wait(ctx) }

func (s slow) Ban(ctx context.Context, _ control.Caller, r control.BanRequest) (control.Done, error) {
	return control.Done{Done: []netip.Prefix{r.Prefix}}, s.wait(ctx)
}

func (s slow) Events(ctx context.Context, _ bool, _ func(control.Event) error) error {
	return s.wait(ctx)
}

// old is a request as a client of HTTP/1.0 sends it.
func old(request string) string {
	return strings.NewReplacer("HTTP/1.1", "HTTP/1.0", "Connection: close\r\n", "").Replace(request)
}

// A caller that says that it sends no more gets its answer all the same, whether the server hears of that before the answer or after.
func TestHalfClosedCallerIsAnswered(t *testing.T) {
	ban := postText("/v1/ban", `{"prefix":"192.0.2.0/24"}`)
	tests := []struct{ name, request, want string }{
		{"status", getText("/v1/status"), `"version":"1"`},
		{"ban", ban, `"done":["192.0.2.0/24"]`},
		{"status, HTTP/1.0", old(getText("/v1/status")), `"version":"1"`},
		{"ban, HTTP/1.0", old(ban), `"done":["192.0.2.0/24"]`},
		{"kept alive", strings.Replace(getText("/v1/status"), "Connection: close\r\n", "", 1), `"version":"1"`},
	}
	agent := newSlow()
	_, path := serve(t, agent, control.ServerOptions{})
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for range 20 {
				c := dial(t, path)
				io.WriteString(c, tt.request)
				<-agent.asked
				c.(*net.UnixConn).CloseWrite()
				select {
				case agent.answer <- struct{}{}:
				case err := <-agent.ended:
					t.Fatalf("the caller waits, and its context has ended: %v", err)
				}
				answer, err := io.ReadAll(c)
				if text := string(answer); err != nil || !strings.HasPrefix(text, "HTTP/1.") || !strings.Contains(text, " 200 OK\r\n") || !strings.Contains(text, tt.want) {
					t.Fatalf("answer is %q (%v), want %q in it", answer, err, tt.want)
				}
				c.Close()
			}
		})
	}
}

// Requests at once, as scripts send them: everything written and the writing side shut before anybody reads.
func TestHalfClosedAtOnce(t *testing.T) {
	_, client := serveScript(t, controltest.Script{Status: control.Status{Version: "1"}, Done: control.Done{Done: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}}})
	for _, request := range []string{getText("/v1/status"), getText("/v1/bans"), postText("/v1/unblock", `{"all":true}`), old(getText("/v1/status"))} {
		for range 50 {
			c := dial(t, client.Socket)
			io.WriteString(c, request)
			c.(*net.UnixConn).CloseWrite()
			answer, _ := io.ReadAll(c)
			_, body, _ := strings.Cut(string(answer), "\r\n\r\n")
			if !json.Valid([]byte(body)) {
				t.Fatalf("%q is answered with %q", request, answer)
			}
			c.Close()
		}
	}
}

// Half of a request, and then no more, is an error at once and not after the time that a peer has for a request.
func TestHalfClosedHalfRequest(t *testing.T) {
	_, path := serve(t, controltest.New(controltest.Script{}), control.ServerOptions{RequestTimeout: time.Hour})
	whole := postText("/v1/ban", `{"prefix":"192.0.2.0/24"}`)
	c := dial(t, path)
	io.WriteString(c, whole[:len(whole)-3])
	c.(*net.UnixConn).CloseWrite()
	if answer, _ := io.ReadAll(c); !strings.HasPrefix(string(answer), "HTTP/1.1 400 ") {
		t.Errorf("answer is %q, want 400", answer)
	}
}

// Who follows the trail and says that it sends no more is still told what happens; the stream ends when the connection does.
func TestHalfClosedFollower(t *testing.T) {
	agent, client := serveScript(t, exampleScript())
	c := dial(t, client.Socket)
	io.WriteString(c, getText("/v1/events?follow=1"))
	c.(*net.UnixConn).CloseWrite()
	lines := bufio.NewScanner(c)
	for range queuedRounds {
		if err := agent.Emit(t.Context(), control.Event{At: later, Event: "reload"}); err != nil {
			t.Fatal(err)
		}
		for lines.Scan() && !strings.Contains(lines.Text(), `"reload"`) {
		}
	}
	if err := lines.Err(); err != nil {
		t.Error(err)
	}
}

// queuedRounds is how many events a follower is sent, one after the other.
const queuedRounds = 50

// A caller that has gone ends what it asked for, though nothing is written to it, and leaves nothing behind.
func TestGoneCallerEndsItsRequest(t *testing.T) {
	gone := []struct {
		name string
		how  func(*net.UnixConn)
	}{
		{"closed", func(c *net.UnixConn) { c.Close() }},
		{"half closed first", func(c *net.UnixConn) { c.CloseWrite(); c.Close() }},
		{"with something more to say", func(c *net.UnixConn) { io.WriteString(c, "more"); c.Close() }},
		{"shut down both ways", func(c *net.UnixConn) { c.CloseWrite(); c.CloseRead() }},
	}
	agent := newSlow()
	_, path := serve(t, agent, control.ServerOptions{AnswerTimeout: time.Hour})
	before := descriptors(t)
	for _, request := range []string{getText("/v1/events?follow=1"), getText("/v1/top"), postText("/v1/ban", `{"prefix":"192.0.2.0/24"}`), old(getText("/v1/top"))} {
		for _, g := range gone {
			t.Run(strings.Fields(request)[1]+" "+g.name, func(t *testing.T) {
				c := dial(t, path)
				io.WriteString(c, request)
				<-agent.asked
				g.how(c.(*net.UnixConn))
				select {
				case <-agent.ended:
				case <-time.After(deadline):
					t.Error("the agent is still busy with it")
				}
				c.Close()
			})
		}
	}
	until(t, "no descriptor is left", func() bool { return descriptors(t) <= before })
}

// descriptors is how many this process has open.
func descriptors(t *testing.T) int {
	t.Helper()
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}
