package control

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// route is what one method of one path does.
type route struct {
	access access
	query  []string // parameters it knows
	body   bool     // reads the body itself; else there must be none, or an empty object
	reply  func(*request) (any, error)
	stream func(http.ResponseWriter, *request) // in place of reply
}

// table lists everything the socket answers.
func (s *Server) table() map[string]map[string]route {
	a := s.agent
	unblock := change(a.Unblock)
	return map[string]map[string]route{
		"/v1/status":       {http.MethodGet: ask(a.Status)},
		"/v1/bans":         {http.MethodGet: {access: reading, query: []string{"all"}, reply: s.bans}},
		"/v1/why":          {http.MethodGet: {access: reading, query: []string{"address"}, reply: s.why}},
		"/v1/top":          {http.MethodGet: {access: reading, reply: s.top}},
		"/v1/allow/list":   {http.MethodGet: ask(a.AllowList)},
		"/v1/version":      {http.MethodGet: ask(a.Version)},
		"/v1/events":       {http.MethodGet: {access: reading, query: []string{"follow", "since"}, stream: s.events}},
		"/v1/mode":         {http.MethodGet: ask(s.mode), http.MethodPost: change(a.Mode)},
		"/v1/ban":          {http.MethodPost: change(a.Ban)},
		"/v1/unblock":      {http.MethodPost: unblock},
		"/v1/unban":        {http.MethodPost: unblock},
		"/v1/allow/add":    {http.MethodPost: change(a.AllowAdd)},
		"/v1/allow/remove": {http.MethodPost: change(a.AllowRemove)},
		"/v1/confirm":      {http.MethodPost: order(a.Confirm)},
		"/v1/reload":       {http.MethodPost: order(a.Reload)},
		"/v1/flush":        {http.MethodPost: order(a.Flush)},
		"/v1/selftest":     {http.MethodPost: order(a.Selftest)},
	}
}

// ask is a route that reads.
func ask[T any](f func(context.Context) (T, error)) route {
	return route{access: reading, reply: func(q *request) (any, error) { return f(q.ctx) }}
}

// order is a route that changes something and needs to be told nothing.
func order[T any](f func(context.Context, Caller) (T, error)) route {
	return route{access: everything, reply: func(q *request) (any, error) { return f(q.ctx, q.caller) }}
}

// change is a route that changes something as its body says.
func change[R checked[R], T any](f func(context.Context, Caller, R) (T, error)) route {
	return route{access: everything, body: true, reply: func(q *request) (any, error) {
		r, err := decode[R](q.body)
		if err != nil {
			return nil, err
		}
		return f(q.ctx, q.caller, r)
	}}
}

func (s *Server) bans(q *request) (any, error) {
	all, err := q.flag("all")
	if err != nil {
		return nil, err
	}
	return s.agent.Bans(q.ctx, all)
}

func (s *Server) why(q *request) (any, error) {
	addr, err := ParseAddress(q.query.Get("address"))
	if err != nil {
		return nil, err
	}
	return s.agent.Why(q.ctx, addr)
}

// top says too what the caller may do: a view offers nobody keys that only fail.
func (s *Server) top(q *request) (any, error) {
	t, err := s.agent.Top(q.ctx)
	t.MayAct = q.access == everything
	return t, err
}

// mode is the mode as it is; the agent says it in its status.
func (s *Server) mode(ctx context.Context) (ModeReply, error) {
	st, err := s.agent.Status(ctx)
	return ModeReply{Mode: st.Mode, ConfirmBy: st.ConfirmBy}, err
}

// flag reads a parameter that is true or false; without it, false.
func (q *request) flag(name string) (bool, error) {
	if !q.query.Has(name) {
		return false, nil
	}
	v, err := strconv.ParseBool(q.query.Get(name))
	if err != nil {
		return false, Invalid(fmt.Sprintf("%s=%s is neither true nor false", name, q.query.Get(name)), "write "+name+"=1")
	}
	return v, nil
}

// allowed lists methods for the Allow header.
func allowed(methods map[string]route) string {
	return strings.Join(slices.Sorted(maps.Keys(methods)), ", ")
}

// instant reads a parameter that is a time (RFC 3339); without it, the zero time.
func (q *request) instant(name string) (time.Time, error) {
	if !q.query.Has(name) {
		return time.Time{}, nil
	}
	at, err := time.Parse(time.RFC3339, q.query.Get(name))
	if err != nil {
		return at, Invalid(fmt.Sprintf("%s=%s is not a time", name, q.query.Get(name)), "write it like 2026-11-21T20:00:00Z")
	}
	return at, nil
}
