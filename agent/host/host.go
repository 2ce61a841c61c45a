// Package host finds out what this host is: its own addresses, its gateways and resolvers, and from where people are logged in. These
// must never be banned.
package host

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"slices"
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

// Fact is one address that matters to this host. Loopback, link-local, multicast and unspecified addresses are left out: nobody may ban
// them anyway, and without their zone they say nothing.
type Fact struct {
	Addr netip.Addr // without zone, IPv4-mapped IPv6 unmapped
	Kind Kind
	Why  string // for people: "own address (eth0)", "default gateway", "resolver (/etc/resolv.conf)", "login of alice"
}

// Facts are all facts, sorted by address, then kind, then why: one for each address and kind, and for each user of a login.
type Facts []Fact

// Options of a Reader. The zero value reads this host.
type Options struct {
	Root   string        // put before the paths of the files that are read; for tests
	Every  time.Duration // how often Watch looks at the files of login sessions and resolvers; 0: 10 s
	Logger *slog.Logger  // nil: silent
}

// defaultEvery is Options.Every where none is given.
const defaultEvery = 10 * time.Second

// Reader reads the facts of a host. Addresses and routes are those of the network namespace of the calling thread.
type Reader struct{ o Options }

// New returns a Reader.
func New(o Options) *Reader {
	if o.Every <= 0 {
		o.Every = defaultEvery
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return &Reader{o}
}

// Facts reads everything once. What could not be read is left out and named in the error, which then comes with the facts that could.
func (r *Reader) Facts(ctx context.Context) (Facts, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	var p parts
	err := errors.Join(r.readAddresses(&p), r.readGateways(&p), r.readFiles(&p))
	return p.all(), err
}

// parts are the facts by where they are read, because they change at different times.
type parts struct {
	addresses, gateways, files Facts
}

// all puts the parts together.
func (p *parts) all() Facts {
	all := slices.Concat(p.addresses, p.gateways, p.files)
	slices.SortFunc(all, compare)
	return slices.CompactFunc(all, func(a, b Fact) bool {
		return a.Addr == b.Addr && a.Kind == b.Kind && (a.Why == b.Why || a.Kind != Login)
	})
}

func compare(a, b Fact) int {
	return cmp.Or(a.Addr.Compare(b.Addr), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Why, b.Why))
}

// add appends a fact about an address, if it says something.
func (f *Facts) add(addr netip.Addr, kind Kind, why string) {
	addr = addr.Unmap().WithZone("")
	if !addr.IsValid() || addr.IsUnspecified() || addr.IsLoopback() || addr.IsLinkLocalUnicast() || addr.IsMulticast() {
		return
	}
	*f = append(*f, Fact{Addr: addr, Kind: kind, Why: why})
}
