// Package sample looks at some lines of a log, as a source of the configuration reads them: whether they parse, who the clients are, what
// the format tells and what it leaves out.
package sample

import (
	"bytes"
	"errors"
	"net/netip"
	"strings"
	"time"

	"cidrx/agent/config"
	"cidrx/detect/parse"
)

// Sample is what the lines say. Memory grows with the lines given.
type Sample struct {
	Lines, Parsed, Ignored, Failed int
	Looks                          string // the preset that reads the most of them; empty: none does
	FirstFailed                    string // a line that failed, at most 200 bytes, as logged
	Why                            string // it failed

	Requests  int // events that are about no login
	Clients   int // distinct, of Requests
	Private   int // of Requests, from private, shared or loopback addresses
	Busiest   netip.Addr
	Top       int // of Requests, from Busiest
	Forwarded int // of Requests, those whose clients' packets do not reach this host

	Timed      int       // events with a time
	Newest     time.Time // the latest of them
	UserAgents int       // of Requests, those with one
	Hosts      int       // of Requests, with the host that was asked for
	HeaderSets int       // of Requests, with further request headers
	Statuses   int       // of Requests, with a status
	Logins     int       // lines about login attempts
}

// maxQuoted bounds what is kept of a line.
const maxQuoted = 200

// Read reads lines as a source does. written stands for the year where stamps have none.
func Read(lines [][]byte, src config.Source, written time.Time) (Sample, error) {
	zone := src.Timezone
	if zone == nil {
		zone = time.Local
	}
	parser, err := parse.New(src.Format, parse.Options{
		Location: zone, Year: func() time.Time { return written }, Fields: src.Fields, TrustedProxies: src.TrustedProxies, Forwarded: src.Forwarded,
	})
	if err != nil {
		return Sample{}, err
	}
	r := reader{clients: map[netip.Addr]int{}}
	var arena parse.Arena
	for _, line := range lines {
		if line = bytes.TrimRight(line, "\r\n"); len(line) == 0 {
			continue
		}
		var ev parse.Event
		arena.Reset()
		r.add(line, &ev, parser.Parse(line, &ev, &arena))
	}
	r.Looks, _ = parse.Detect(lines)
	r.Clients = len(r.clients)
	for a, n := range r.clients {
		if n > r.Top || n == r.Top && a.Less(r.Busiest) {
			r.Busiest, r.Top = a, n
		}
	}
	return r.Sample, nil
}

type reader struct {
	Sample
	clients map[netip.Addr]int
}

func (r *reader) add(line []byte, ev *parse.Event, err error) {
	r.Lines++
	switch {
	case errors.Is(err, parse.ErrIgnored):
		r.Ignored++
		return
	case err != nil:
		if r.Failed++; r.Failed == 1 {
			r.FirstFailed, r.Why = string(line[:min(len(line), maxQuoted)]), err.Error()
		}
		return
	}
	r.Parsed++
	if !ev.Time.IsZero() {
		r.Timed++
		if ev.Time.After(r.Newest) {
			r.Newest = ev.Time
		}
	}
	if ev.Part.Kind != parse.NotPart || ev.Outcome != parse.NoOutcome {
		r.Logins++
		return
	}
	r.request(ev)
}

func (r *reader) request(ev *parse.Event) {
	r.Requests++
	r.clients[ev.Client]++
	r.Private += one(Private(ev.Client))
	r.Forwarded += one(ev.Forwarded)
	r.UserAgents += one(ev.UserAgent != nil)
	r.Hosts += one(ev.Host != nil)
	r.HeaderSets += one(len(ev.Headers) > 0)
	r.Statuses += one(ev.Status > 0)
}

func one(is bool) int {
	if is {
		return 1
	}
	return 0
}

// shared is the space between a provider and its customers (RFC 6598).
var shared = netip.MustParsePrefix("100.64.0.0/10")

// Private says that an address is of a kind that no client on the Internet has.
func Private(a netip.Addr) bool {
	return a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast() || shared.Contains(a)
}

// FailedShare is how many of the lines that are its business the format does not read, 0 to 1.
func (s Sample) FailedShare() float64 {
	if s.Lines == s.Ignored {
		return 0
	}
	return float64(s.Failed) / float64(s.Lines-s.Ignored)
}

// Samples of fewer requests say nothing about who the clients are.
const fewRequests = 50

// Proxied says why the clients look like a proxy that stands in front; empty: they do not.
func (s Sample) Proxied() string {
	switch {
	case s.Requests < fewRequests || s.Forwarded > s.Requests/2:
		return ""
	case s.Private*10 >= s.Requests*9:
		return "nearly all requests come from private addresses, such as " + s.Busiest.String()
	case s.Clients <= 3:
		return "all requests come from " + []string{"", "one address", "two addresses", "three addresses"}[s.Clients] + ", such as " + s.Busiest.String()
	}
	return ""
}

// ForwardedList says whether a format can have a list of forwarded addresses in its lines, which trustedProxies needs.
func ForwardedList(format string) bool {
	switch format {
	case "caddy", "nginx-json", "traefik-json", "envoy-json", "auto":
		return true
	}
	return strings.Contains(format, "%F")
}

// ProxyAdvice is what to do about a log in which the clients look like a proxy.
func ProxyAdvice(src config.Source) string {
	switch {
	case len(src.TrustedProxies) > 0 && !ForwardedList(src.Format):
		return listAdvice(src.Format)
	case len(src.TrustedProxies) > 0:
		return "see that the lines have the forwarded list, and that trustedProxies names these addresses"
	case ForwardedList(src.Format):
		return "name the proxy in trustedProxies of the source, and log X-Forwarded-For"
	}
	return "have the server put the client's address first (nginx: set_real_ip_from and real_ip_header; Apache: mod_remoteip) and set forwarded = true"
}

// listAdvice is how to get a forwarded list into the lines, and how to have it read.
func listAdvice(format string) string {
	switch {
	case format == "combined" || format == "common":
		return `log X-Forwarded-For as the last field, behind the user agent (nginx: "$http_x_forwarded_for", the first field being $realip_remote_addr; ` +
			`Apache: "%{X-Forwarded-For}i"), and write format = '%h %^ %l [%t] "%r" %s %b "%R" "%u" "%F"'; docs/proxies.md has all of it`
	case strings.Contains(format, "%"):
		return "log X-Forwarded-For, and write %F where it stands into the format string; docs/proxies.md"
	case format == "haproxy":
		return "http-request set-src in HAProxy, and forwarded = true in place of trustedProxies"
	}
	return "log it in a format that has one: a format string with %F, nginx-json, caddy, traefik-json, envoy-json; docs/proxies.md"
}
