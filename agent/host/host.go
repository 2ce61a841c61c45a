// Package host finds out what this host is: its own addresses, its gateways and resolvers, and from where people are logged in. These
// must never be banned.
package host

import (
	"context"
	"log/slog"
	"net/netip"
	"time"
)

// Kind says what an address is to this host.
type Kind uint8

const (
	Own      Kind = iota // an address of one of our interfaces
	Gateway              // next hop of a default route
	Resolver             // name server in resolv.conf
	Login                // far end of an authenticated login session
)

// Fact is one address that matters to this host.
type Fact struct {
	Addr netip.Addr // without zone, IPv4-mapped IPv6 unmapped
	Kind Kind
	Why  string // for people: "own address (eth0)", "default gateway (eth0)", "resolver (/etc/resolv.conf)", "alice is logged in (pts/0)"
}

// Facts are all facts, sorted by address, then kind; one per address, kind and why.
type Facts []Fact

// Options of a Reader. The zero value reads this host.
type Options struct {
	Root   string        // put before the paths of the files that are read; for tests
	Every  time.Duration // how often Watch looks at the files of login sessions and resolvers; 0: 10 s
	Logger *slog.Logger
}

// Reader reads the facts of a host.
type Reader struct{ o Options }

// New returns a Reader.
func New(o Options) *Reader { return &Reader{o} }

// Facts reads everything once. What could not be read is left out and said in the error, which then comes with the facts that could.
func (r *Reader) Facts(ctx context.Context) (Facts, error) { return nil, nil }

// Watch calls changed with the facts as they are at first, and again whenever they have changed, until ctx is done; it returns nil then.
// The kernel tells of addresses and routes at once; sessions and resolvers are looked at every Options.Every. changed is called from one
// goroutine, never twice at a time.
func (r *Reader) Watch(ctx context.Context, changed func(Facts)) error { return nil }
