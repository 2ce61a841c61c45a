package control_test

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"cidrx/agent/control"
	"cidrx/agent/control/controltest"
)

func TestEvents(t *testing.T) {
	script := exampleScript()
	_, c := serveScript(t, script)
	var got []control.Event
	err := c.Events(t.Context(), false, func(e control.Event) error { got = append(got, e); return nil })
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(kinds(script.Events), kinds(got)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func kinds(events []control.Event) (s []string) {
	for _, e := range events {
		s = append(s, e.At.Format(time.RFC3339)+" "+e.Event)
	}
	return s
}

func TestFollow(t *testing.T) {
	agent, c := serveScript(t, exampleScript())
	ctx, cancel := context.WithTimeout(t.Context(), deadline)
	defer cancel()
	seen := make(chan string, 10)
	done := make(chan error, 1)
	go func() { done <- c.Events(ctx, true, func(e control.Event) error { seen <- e.Event; return nil }) }()
	if a, b := <-seen, <-seen; a != "ban" || b != "unban" {
		t.Errorf("first come %s and %s, want ban and unban", a, b)
	}
	if err := agent.Emit(ctx, control.Event{At: later, Event: "mode"}); err != nil {
		t.Fatal(err)
	}
	if e := <-seen; e != "mode" {
		t.Errorf("then comes %s, want mode", e)
	}
	cancel()
	if err := <-done; err != nil {
		t.Errorf("stopped by ourselves: %v", err)
	}
}

func TestFollowUntilAgentStops(t *testing.T) {
	l, err := control.Listen(t.TempDir() + "/s.sock")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	done := make(chan error, 1)
	go func() {
		done <- control.NewServer(controltest.New(exampleScript()), control.ServerOptions{}).Run(ctx, l)
	}()
	c := &control.Client{Socket: l.Addr().String()}
	err = c.Events(t.Context(), true, func(control.Event) error { stop(); return nil })
	if !errors.Is(err, control.ErrUnreachable) || !strings.Contains(err.Error(), "the agent has stopped") {
		t.Errorf("error is %v, want ErrUnreachable", err)
	}
	if err := <-done; err != nil {
		t.Errorf("Run: %v", err)
	}
}

func TestEventsErrorComesLast(t *testing.T) {
	script := exampleScript()
	script.Errors = map[string]controltest.Failure{"events": {Error: "the audit trail is damaged\nfrom here on"}}
	_, c := serveScript(t, script)
	n := 0
	err := c.Events(t.Context(), false, func(control.Event) error { n++; return nil })
	if n != 2 || err == nil || !strings.Contains(err.Error(), "events broke off: the audit trail is damaged from here on") {
		t.Errorf("%d events, error is %v; want 2 and the agent's error", n, err)
	}
}

func TestEventsSince(t *testing.T) {
	script := controltest.Script{}
	for minute := range 4 {
		script.Events = append(script.Events, control.Event{At: at.Add(time.Duration(minute) * time.Minute), Event: "ban"})
	}
	_, c := serveScript(t, script)
	enough := errors.New("enough")
	var got []time.Time
	err := c.EventsSince(t.Context(), at.Add(2*time.Minute), func(e control.Event) error {
		if got = append(got, e.At); len(got) == 2 {
			return enough
		}
		return nil
	})
	if want := []time.Time{at.Add(2 * time.Minute), at.Add(3 * time.Minute)}; err != enough || !slices.EqualFunc(got, want, time.Time.Equal) {
		t.Errorf("events of %v (%v), want those of %v", got, err, want)
	}
}

func TestEachEndsEvents(t *testing.T) {
	_, c := serveScript(t, exampleScript())
	enough := errors.New("enough")
	if err := c.Events(t.Context(), true, func(control.Event) error { return enough }); err != enough {
		t.Errorf("error is %v, want %v", err, enough)
	}
}

// flood is an agent that sends events as fast as they are taken.
type flood struct {
	*controltest.Agent
	ended chan error
}

func (f flood) Events(_ context.Context, _ bool, send func(control.Event) error) error {
	for {
		if err := send(control.Event{At: at, Event: "ban", Reason: strings.Repeat("x", 1000)}); err != nil {
			f.ended <- err
			return err
		}
	}
}

// One who asks for events and does not read them is dropped; the agent gets an error and others are answered all the while.
func TestSlowReaderIsDropped(t *testing.T) {
	agent := flood{controltest.New(controltest.Script{}), make(chan error, 1)}
	_, path := serve(t, agent, control.ServerOptions{ReaderPatience: 50 * time.Millisecond})
	c := dial(t, path)
	io.WriteString(c, getText("/v1/events?follow=1"))
	if _, err := (&control.Client{Socket: path}).Status(t.Context()); err != nil {
		t.Error(err)
	}
	select {
	case err := <-agent.ended:
		if err == nil {
			t.Error("no error for the agent")
		}
	case <-time.After(deadline):
		t.Error("the reader is never dropped")
	}
	until(t, "its connection is closed", func() bool {
		_, err := c.Read(make([]byte, 1<<20))
		return err != nil
	})
}

// Slow senders are dropped in the middle of whatever they say.
func TestSlowSenderIsDropped(t *testing.T) {
	agent := controltest.New(controltest.Script{})
	_, path := serve(t, agent, control.ServerOptions{RequestTimeout: 50 * time.Millisecond})
	whole := postText("/v1/ban", `{"prefix":"192.0.2.0/24"}`)
	for _, n := range []int{0, 1, 20, len(whole) - 1} {
		c := dial(t, path)
		io.WriteString(c, whole[:n])
		// It ends when the server hangs up, long before our own deadline; with a reset if it has not read what came late.
		if _, err := io.ReadAll(c); err != nil && !errors.Is(err, unix.ECONNRESET) {
			t.Errorf("after %d bytes: %v", n, err)
		}
	}
	if calls := agent.Calls(); len(calls) > 0 {
		t.Errorf("the agent was asked to %q", calls)
	}
}

// stuck is an agent that is busy for ever.
type stuck struct{ *controltest.Agent }

func (stuck) Status(ctx context.Context) (control.Status, error) {
	<-ctx.Done()
	return control.Status{}, ctx.Err()
}

// An agent that does not answer is no reason to wait for ever; waiting for it may take longer than sending a request may.
func TestStuckAgent(t *testing.T) {
	_, path := serve(t, stuck{controltest.New(controltest.Script{})}, control.ServerOptions{AnswerTimeout: 200 * time.Millisecond, RequestTimeout: 100 * time.Millisecond})
	var answer []byte
	until(t, "the server gives up", func() bool { // on a busy host our own request may come too slowly, and is dropped
		c := dial(t, path)
		io.WriteString(c, getText("/v1/status"))
		answer, _ = io.ReadAll(c)
		return len(answer) > 0
	})
	if !strings.HasPrefix(string(answer), "HTTP/1.1 504 ") || !strings.Contains(string(answer), "has not done it within 200ms") {
		t.Errorf("got %s, want 504 and why", answer)
	}
}
