package parse_test

import (
	"errors"
	"testing"
	"time"

	"cidrx/detect/parse"
)

// event is a parse.Event that reads well in a table: absent fields are empty.
type event struct {
	Time, Client, Method, Target, Host, Agent, Referer, User string
	Status                                                   int
	Bytes                                                    int64 // 0: absent
	Repeat                                                   int   // 0: once
	Outcome                                                  parse.Outcome
	Forwarded                                                bool
	Headers                                                  []string // "name: value"
	Part                                                     parse.Part
}

// plain turns an event into one of tables.
func plain(ev *parse.Event) event {
	e := event{
		Client: ev.Client.String(), Method: string(ev.Method), Target: string(ev.Target), Host: string(ev.Host), Agent: string(ev.UserAgent),
		Referer: string(ev.Referer), User: string(ev.User), Status: ev.Status, Bytes: max(ev.Bytes, 0), Repeat: ev.Repeat - 1,
		Outcome: ev.Outcome, Forwarded: ev.Forwarded, Part: ev.Part,
	}
	if !ev.Time.IsZero() {
		e.Time = ev.Time.Format(time.RFC3339Nano)
	}
	for _, h := range ev.Headers {
		e.Headers = append(e.Headers, string(h.Name)+": "+string(h.Value))
	}
	return e
}

// newParser makes a parser or ends the test.
func newParser(t testing.TB, format string, opts parse.Options) parse.Parser {
	t.Helper()
	p, err := parse.New(format, opts)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// parseOne parses a line with a fresh parser.
func parseOne(t testing.TB, format string, opts parse.Options, line string) (event, error) {
	t.Helper()
	var ev parse.Event
	var a parse.Arena
	if err := newParser(t, format, opts).Parse([]byte(line), &ev, &a); err != nil {
		return event{}, err
	}
	return plain(&ev), nil
}

// verdict says in a word what became of a line.
func verdict(ev *parse.Event, err error) string {
	switch {
	case err == nil:
		return ev.Client.String()
	case errors.Is(err, parse.ErrIgnored):
		return "ignored"
	}
	return "refused"
}

// in2024 is the reference of stamps without a year.
func in2024() time.Time { return time.Date(2024, 12, 31, 12, 0, 0, 0, time.UTC) }
