package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"sync"
	"time"

	"cidrx/firewall/netlab"
)

// The demonstration's network: addresses reserved for documentation (RFC 5737), so that nothing in it looks like anybody's.
const (
	demoSite     = "10.77.0.1" // the edge host
	demoInternet = "10.77.0.2" // everybody else, behind one link
	demoPort     = "80"
)

var (
	demoVisitors = netip.MustParsePrefix("192.0.2.0/24")
	demoBotnet   = netip.MustParsePrefix("198.51.100.64/26")
	demoNearby   = netip.MustParseAddr("198.51.100.10") // same /24 as the botnet, outside its /26
	demoLoud     = netip.MustParseAddr("203.0.113.77")
)

// site is an edge host with a web server, and the rest of the world.
type site struct {
	lab   *netlab.Lab
	edge  *netlab.Namespace
	world *netlab.Namespace
	http  *http.Server
	log   *accessLog
}

func newSite(logPath string) (*site, error) {
	s := &site{lab: netlab.New()}
	err := s.connect()
	if err == nil {
		err = s.serve(logPath)
	}
	if err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

func (s *site) connect() (err error) {
	if s.edge, err = s.lab.Namespace("edge"); err != nil {
		return err
	}
	if s.world, err = s.lab.Namespace("world"); err != nil {
		return err
	}
	if err := s.lab.Link(s.edge, s.world, demoSite+"/30", demoInternet+"/30"); err != nil {
		return err
	}
	for _, network := range []string{"192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24"} {
		if err := errors.Join(s.world.Own(network), s.edge.AddRoute(network, demoInternet)); err != nil {
			return err
		}
	}
	return nil
}

func (s *site) serve(logPath string) (err error) {
	if s.log, err = newAccessLog(logPath); err != nil {
		return err
	}
	ln, err := s.edge.Listen("tcp", net.JoinHostPort(demoSite, demoPort))
	if err != nil {
		return err
	}
	s.http = &http.Server{Handler: s.log.record(http.HandlerFunc(demoPages)), ReadHeaderTimeout: 5 * time.Second}
	go s.http.Serve(ln) // ends with close
	return nil
}

func (s *site) close() error {
	var errs []error
	if s.http != nil {
		errs = append(errs, s.http.Close())
	}
	if s.log != nil {
		errs = append(errs, s.log.file.Close())
	}
	return errors.Join(append(errs, s.lab.Close())...)
}

// demoPages is the site: a few pages, and a login that nobody here knows the password of.
func demoPages(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.URL.Path == "/login" && r.Method == http.MethodPost:
		http.Error(w, "wrong password", http.StatusUnauthorized)
	case r.URL.Path == "/" || r.URL.Path == "/products" || r.URL.Path == "/login":
		fmt.Fprintln(w, "welcome")
	default:
		http.NotFound(w, r)
	}
}

// accessLog writes the combined format, as nginx and Apache do.
type accessLog struct {
	mu      sync.Mutex
	file    *os.File
	knocked int // requests of hosts that are known to be banned
}

func newAccessLog(path string) (*accessLog, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o640)
	return &accessLog{file: f}, err
}

func (l *accessLog) record(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer := &statusWriter{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(answer, r)
		host, _, _ := net.SplitHostPort(r.RemoteAddr)
		l.write(fmt.Sprintf("%s - - [%s] \"%s %s %s\" %d %d \"-\" \"%s\"\n", host, time.Now().Format("02/Jan/2006:15:04:05 -0700"),
			r.Method, r.URL.RequestURI(), r.Proto, answer.status, answer.bytes, r.UserAgent()), r.UserAgent() == demoKnocker)
	})
}

func (l *accessLog) write(line string, knock bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	io.WriteString(l.file, line)
	if knock {
		l.knocked++
	}
}

// knocks counts the requests that came in by site.knock: others that were on their way when a ban came may be logged after it.
func (l *accessLog) knocks() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.knocked
}

type statusWriter struct {
	http.ResponseWriter
	status, bytes int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

func (w *statusWriter) Write(p []byte) (int, error) {
	n, err := w.ResponseWriter.Write(p)
	w.bytes += n
	return n, err
}

// request sends one request from a source address and returns the status; 0 if no answer came in time.
func (s *site) request(ctx context.Context, from netip.Addr, method, path, agent string) int {
	ctx, cancel := context.WithTimeout(ctx, demoPatience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, "http://"+demoSite+path, nil)
	if err != nil {
		return 0
	}
	req.Header.Set("User-Agent", agent)
	client := http.Client{Transport: &http.Transport{DialContext: s.world.Dialer(from), DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		return 0
	}
	resp.Body.Close()
	return resp.StatusCode
}

// knock sends a request from a host that is banned, and does not wait for long.
func (s *site) knock(ctx context.Context, from netip.Addr) int {
	ctx, cancel := context.WithTimeout(ctx, knockPatience)
	defer cancel()
	return s.request(ctx, from, "GET", "/", demoKnocker)
}

const (
	// demoPatience is how long a client waits for an answer that should come, on a host that may be busy with other things.
	demoPatience = 20 * time.Second
	// knockPatience is how long one waits whose packets are dropped: the kernel sends the first after a second again.
	knockPatience = 1500 * time.Millisecond
	// demoKnocker is the user agent of those.
	demoKnocker = "curl/8.0"
)
