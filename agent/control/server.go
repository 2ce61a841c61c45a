package control

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/user"
	"strconv"
	"sync/atomic"
	"time"
)

const (
	// AnswerTimeout is how long the agent has for an answer, in which the kernel may have to confirm something.
	AnswerTimeout = time.Minute
	// RequestTimeout is how long a peer has to send all of a request.
	RequestTimeout = 10 * time.Second
	// ReaderPatience is how long a reader of events may read nothing before it is dropped.
	ReaderPatience = 5 * time.Second

	idleTimeout = 30 * time.Second
	// writeTimeout is how long a peer may take to read an answer, of which the largest has 100,000 bans.
	writeTimeout = 30 * time.Second
	// stopTimeout is how long answers under way have when the agent stops.
	stopTimeout    = 3 * time.Second
	maxHeaderBytes = 16 << 10
)

// ServerOptions are all optional.
type ServerOptions struct {
	Logger     *slog.Logger // nil: silent
	AdminGroup string       // may do everything; default "cidrx"
	ReadGroup  string       // may read; default "cidrx-read"
	// LookupGroup finds a group's id by name; default os/user. A group that is missing when the server is made gives nobody access.
	LookupGroup func(name string) (*user.Group, error)
	// Seen is told of every caller that may change things and names the far end of its SSH session, before its request (a reading one
	// too) is handled, so that the far end can be protected. It must not wait for anything.
	Seen func(Caller)
	// What stands in for the constants of the same names, if not zero.
	AnswerTimeout, RequestTimeout, ReaderPatience time.Duration
}

// Server answers the control socket.
type Server struct {
	agent   Agent
	options ServerOptions // without gaps
	log     *slog.Logger
	rules   rules
	routes  map[string]map[string]route // by path and method
	refused atomic.Uint64
	stopped chan struct{} // closed when Run stops: ends what would go on for ever
}

// NewServer makes a server for agent. Groups are looked up here, once.
func NewServer(agent Agent, o ServerOptions) *Server {
	o = o.filled()
	s := &Server{agent: agent, options: o, log: o.Logger, stopped: make(chan struct{})}
	s.rules = rules{own: os.Geteuid(), admin: s.group(o.AdminGroup), read: s.group(o.ReadGroup)}
	s.routes = s.table()
	return s
}

// filled puts the defaults where nothing is given.
func (o ServerOptions) filled() ServerOptions {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.LookupGroup == nil {
		o.LookupGroup = user.LookupGroup
	}
	if o.Seen == nil {
		o.Seen = func(Caller) {}
	}
	o.AdminGroup = cmp.Or(o.AdminGroup, "cidrx")
	o.ReadGroup = cmp.Or(o.ReadGroup, "cidrx-read")
	o.AnswerTimeout = cmp.Or(o.AnswerTimeout, AnswerTimeout)
	o.RequestTimeout = cmp.Or(o.RequestTimeout, RequestTimeout)
	o.ReaderPatience = cmp.Or(o.ReaderPatience, ReaderPatience)
	return o
}

// group finds a group; one that does not exist is normal before the package has made it.
func (s *Server) group(name string) group {
	g := group{name: name, gid: -1}
	found, err := s.options.LookupGroup(name)
	if err == nil {
		g.gid, err = strconv.Atoi(found.Gid)
	}
	if err != nil {
		g.gid = -1
		s.log.Info("control socket: nobody has access through this group", "group", name, "reason", err)
	}
	return g
}

// Refused is the number of connections turned away so far because too many were open.
func (s *Server) Refused() uint64 { return s.refused.Load() }

// Run answers at l, which it closes, until ctx is done; then it lets answers under way finish for a few seconds and returns nil.
// It can be run once.
func (s *Server) Run(ctx context.Context, l net.Listener) error {
	srv := &http.Server{
		Handler:           s,
		ReadHeaderTimeout: s.options.RequestTimeout,
		ReadTimeout:       s.options.RequestTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug), // mostly what hostile peers do
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			return context.WithValue(ctx, connKey{}, c)
		},
	}
	srv.RegisterOnShutdown(func() { close(s.stopped) })
	served := make(chan error, 1)
	go func() { served <- srv.Serve(newGuard(l, s.rules, s.log, &s.refused)) }()
	select {
	case err := <-served:
		return errors.Join(fmt.Errorf("control socket %s: %w", l.Addr(), err), srv.Close())
	case <-ctx.Done():
	}
	stop, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	if err := srv.Shutdown(stop); err != nil {
		s.log.Warn("control socket: closed under requests that had no answer yet", "reason", err)
		srv.Close()
	}
	<-served
	return nil
}

// connKey is the context key of the connection, a *peerConn.
type connKey struct{}

// ServeHTTP decides who may do what, and only then looks at what is asked.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c, ok := r.Context().Value(connKey{}).(*peerConn)
	if !ok {
		c = &peerConn{} // without a peer there is no access
	}
	p := c.peer
	if p.access == nothing {
		w.Header().Set("Connection", "close")
		s.fail(w, http.StatusForbidden, s.rules.refusal(p.creds, reading))
		return
	}
	methods, ok := s.routes[r.URL.Path]
	if !ok {
		s.fail(w, http.StatusNotFound, &Error{Message: fmt.Sprintf("there is no %q", r.URL.Path), Next: "paths are named after the commands, such as /v1/status"})
		return
	}
	route, ok := methods[r.Method]
	if !ok {
		w.Header().Set("Allow", allowed(methods))
		s.fail(w, http.StatusMethodNotAllowed, &Error{Message: fmt.Sprintf("%s does not take %s", r.URL.Path, r.Method), Next: "use " + allowed(methods)})
		return
	}
	if p.access < route.access {
		s.fail(w, http.StatusForbidden, s.rules.refusal(p.creds, route.access))
		return
	}
	s.answer(w, r, c, route)
}

// answer reads the request, lets the route answer it, and writes that.
func (s *Server) answer(w http.ResponseWriter, r *http.Request, c *peerConn, rt route) {
	q, err := s.read(w, r, c.peer, rt)
	if err != nil {
		s.fail(w, http.StatusBadRequest, err)
		return
	}
	// All of the request is read: from here on a deadline for reading would only end what tells at once that the caller has gone.
	if err := http.NewResponseController(w).SetReadDeadline(time.Time{}); err != nil {
		s.log.Debug("control connection", "error", err)
		return
	}
	there, leave := present(r, c)
	defer leave()
	q.ctx = there
	if rt.stream != nil {
		rt.stream(w, q)
		return
	}
	ctx, cancel := context.WithTimeout(there, s.options.AnswerTimeout)
	defer cancel()
	q.ctx = ctx
	reply, err := rt.reply(q)
	switch {
	case there.Err() != nil:
		s.log.Debug("control request ended without an answer: the caller has gone", "path", r.URL.Path)
	case errors.Is(err, context.DeadlineExceeded):
		s.fail(w, http.StatusGatewayTimeout, &Error{Message: fmt.Sprintf("the agent has not done it within %v", s.options.AnswerTimeout),
			Next: "it may still do: cidrxctl status, journalctl -u cidrx", Err: err})
	case errors.Is(err, ErrInvalid):
		s.fail(w, http.StatusBadRequest, err)
	case err != nil:
		s.fail(w, http.StatusInternalServerError, err)
	default:
		s.write(w, http.StatusOK, reply)
	}
}
