//go:build linux

package firewalltest

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"syscall"
	"testing"
	"time"

	"cidrx/firewall"
	"cidrx/firewall/netlab"
)

// BannedSourcesAreDroppedAndTheirNeighboursAreNot bans prefixes of all kinds, and sends from inside and beside each.
func (b Backend) BannedSourcesAreDroppedAndTheirNeighboursAreNot(t *testing.T) {
	n := NewNetwork(t)
	in4, in6 := Listen(t, n.Edge, To4), Listen(t, n.Edge, To6)
	tests := []struct {
		name, ban, inside, outside string
	}{
		{"IPv4 network", "203.0.113.0/24", "203.0.113.255", "198.51.100.1"},
		{"IPv4 half", "203.0.113.0/25", "203.0.113.127", "203.0.113.128"},
		{"IPv4 host", "203.0.113.7/32", "203.0.113.7", "203.0.113.8"},
		{"IPv6 host", "2001:db8:bad:1::/64", "2001:db8:bad:1:ffff::9", "2001:db8:bad:2::9"},
		{"IPv6 network", "2001:db8:bad::/56", "2001:db8:bad:ff::1", "2001:db8:bad:100::1"},
		{"IPv6 address", "2001:db8:bad:1::5/128", "2001:db8:bad:1::5", "2001:db8:bad:1::6"},
		{"IPv6 part of a /64", "2001:db8:bad:1::/96", "2001:db8:bad:1::ffff:ffff", "2001:db8:bad:1:0:1::"},
		{"everything but", "128.0.0.0/1", "203.0.113.9", ""},
	}
	for _, protect := range []bool{true, false} {
		f := b.Open(t, n.Edge, Options{ProtectOutbound: protect})
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				Sync(t, f, Ban(tt.ban))
				r, to := in4, To4
				if netip.MustParseAddr(tt.inside).Is6() {
					r, to = in6, To6
				}
				Dropped(t, n.Attackers, f, r, tt.inside, to)
				if tt.outside != "" {
					Passes(t, n.Attackers, r, tt.outside, to)
				}
			})
		}
		Sync(t, f, firewall.Want{})
		Passes(t, n.Attackers, in4, "203.0.113.7", To4)
		Passes(t, n.Attackers, in6, "2001:db8:bad:1::5", To6)
	}
}

// echo answers each connection with what it sends.
func echo(t testing.TB, ns *netlab.Namespace, address string) {
	t.Helper()
	ln, err := ns.Listen("tcp", address)
	Check(t, err)
	t.Cleanup(func() { ln.Close() })
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			go func() { defer conn.Close(); _, _ = io.Copy(conn, conn) }()
		}
	}()
}

func dialTCP(t testing.TB, ns *netlab.Namespace, from, to string) net.Conn {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), Patience)
	defer cancel()
	conn, err := ns.Dial(ctx, "tcp", netip.MustParseAddr(from), to)
	Check(t, err)
	t.Cleanup(func() { conn.Close() })
	return conn
}

func roundTrip(t testing.TB, conn net.Conn) {
	t.Helper()
	Check(t, conn.SetDeadline(time.Now().Add(Patience)))
	_, err := conn.Write([]byte("x"))
	Check(t, err)
	_, err = io.ReadFull(conn, make([]byte, 1))
	Check(t, err)
}

// EstablishedConnectionIsCut bans the client of a connection that is in use, and lets it go on.
func (b Backend) EstablishedConnectionIsCut(t *testing.T) {
	n := NewNetwork(t)
	f := b.Open(t, n.Edge, Options{ProtectOutbound: true})
	echo(t, n.Edge, Edge4+":80")
	echo(t, n.Edge, "["+Edge6+"]:80")
	for name, tt := range map[string]struct{ ban, from, to string }{
		"by a host": {"203.0.113.7/32", "203.0.113.7", Edge4 + ":80"}, "by a network": {"203.0.113.0/24", "203.0.113.7", Edge4 + ":80"},
		"by a /64": {"2001:db8:bad:1::/64", "2001:db8:bad:1::7", "[" + Edge6 + "]:80"}, "by a /48": {"2001:db8:bad::/48", "2001:db8:bad:1::7", "[" + Edge6 + "]:80"},
	} {
		t.Run(name, func(t *testing.T) {
			Sync(t, f, firewall.Want{})
			conn := dialTCP(t, n.Attackers, tt.from, tt.to)
			roundTrip(t, conn)
			Sync(t, f, Ban(tt.ban))
			_, err := conn.Write([]byte("x"))
			Check(t, err)
			Eventually(t, "its packets are dropped, again and again", func() bool { return Drops(t, f, tt.from) >= 2 })
			Check(t, conn.SetReadDeadline(time.Now()))
			if _, err := conn.Read(make([]byte, 1)); err == nil {
				t.Error("an answer came through")
			}
			Sync(t, f, firewall.Want{})
			Check(t, conn.SetReadDeadline(time.Now().Add(Patience)))
			if _, err := io.ReadFull(conn, make([]byte, 1)); err != nil {
				t.Errorf("the connection does not go on after the ban: %v", err)
			}
		})
	}
}

// ReplyToOurOwnConnectionPasses connects to a banned network.
func (b Backend) ReplyToOurOwnConnectionPasses(t *testing.T) {
	n := NewNetwork(t)
	in := Listen(t, n.Edge, To4)
	echo(t, n.Attackers, "203.0.113.50:443")
	echo(t, n.Attackers, "[2001:db8:bad:1::50]:443")
	f := b.Open(t, n.Edge, Options{ProtectOutbound: true})
	Sync(t, f, Ban("203.0.113.0/24", "2001:db8:bad::/48"))
	Dropped(t, n.Attackers, f, in, "203.0.113.50", To4)
	roundTrip(t, dialTCP(t, n.Edge, Edge4, "203.0.113.50:443"))
	roundTrip(t, dialTCP(t, n.Edge, Edge6, "[2001:db8:bad:1::50]:443"))

	t.Run("not without conntrack", func(t *testing.T) {
		f := b.Open(t, n.Edge, Options{ProtectOutbound: false})
		Sync(t, f, Ban("203.0.113.0/24"))
		before := Drops(t, f, "203.0.113.50")
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		failed := make(chan error, 1)
		go func() {
			conn, err := n.Edge.Dial(ctx, "tcp", netip.MustParseAddr(Edge4), "203.0.113.50:443")
			if err == nil {
				conn.Close()
			}
			failed <- err
		}()
		Eventually(t, "the answer is dropped", func() bool { return Drops(t, f, "203.0.113.50") > before })
		cancel()
		if <-failed == nil {
			t.Error("connected to a banned network")
		}
	})
}

// AllowedAddressPassesWithTheAgentDead allows single addresses in banned networks.
func (b Backend) AllowedAddressPassesWithTheAgentDead(t *testing.T) {
	n := NewNetwork(t)
	in4, in6 := Listen(t, n.Edge, To4), Listen(t, n.Edge, To6)
	f := b.Open(t, n.Edge, Options{ProtectOutbound: true})
	w := Ban("203.0.113.0/24", "2001:db8:bad::/48", "198.51.100.1/32")
	for _, p := range []string{"198.51.100.1/32", "203.0.113.7/32", "203.0.113.0/28", "2001:db8:bad:1::7/128"} { // the second inside the third
		w.Allow = append(w.Allow, netip.MustParsePrefix(p))
	}
	Sync(t, f, w)
	Dropped(t, n.Attackers, f, in4, "203.0.113.77", To4)
	Dropped(t, n.Attackers, f, in6, "2001:db8:bad:1::8", To6)
	Check(t, f.Close())
	Passes(t, n.Attackers, in4, "203.0.113.7", To4)
	Passes(t, n.Attackers, in4, "198.51.100.1", To4)
	Passes(t, n.Attackers, in6, "2001:db8:bad:1::7", To6)
}

// TimeoutEndsTheBanWithTheAgentDead leaves a ban to its timeout.
func (b Backend) TimeoutEndsTheBanWithTheAgentDead(t *testing.T) {
	n := NewNetwork(t)
	in4, in6 := Listen(t, n.Edge, To4), Listen(t, n.Edge, To6)
	f := b.Open(t, n.Edge, Options{ProtectOutbound: true})
	banned := []string{"203.0.113.0/24", "198.51.100.1/32", "2001:db8:bad:1::/64"}
	Sync(t, f, Ban(banned...))
	Dropped(t, n.Attackers, f, in4, "203.0.113.7", To4)
	Dropped(t, n.Attackers, f, in4, "198.51.100.1", To4)
	Sync(t, f, BanFor(1500*time.Millisecond, banned...)) // only now: on a busy host the packets above may take longer than that
	Check(t, f.Close())
	Passes(t, n.Attackers, in4, "203.0.113.7", To4) // sends until it does
	Passes(t, n.Attackers, in4, "198.51.100.1", To4)
	Passes(t, n.Attackers, in6, "2001:db8:bad:1::7", To6)
}

// Reject has clients told that they are banned.
func (b Backend) Reject(t *testing.T) {
	n := NewNetwork(t)
	echo(t, n.Edge, Edge4+":80")
	f := b.Open(t, n.Edge, Options{ProtectOutbound: true, Action: "reject"})
	for _, p := range []string{"203.0.113.0/24", "203.0.113.7/32"} {
		Sync(t, f, Ban(p))
		if _, err := n.Attackers.Dial(t.Context(), "tcp", netip.MustParseAddr("203.0.113.7"), Edge4+":80"); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("%s: TCP: %v, want connection refused", p, err)
		}
		conn, err := n.Attackers.Dial(t.Context(), "udp", netip.MustParseAddr("203.0.113.7"), To4)
		Check(t, err)
		defer conn.Close()
		Eventually(t, "UDP is told that it is prohibited", func() bool {
			_, err := conn.Write([]byte("x"))
			return errors.Is(err, syscall.EHOSTUNREACH) || errors.Is(err, syscall.EACCES)
		})
	}
}

// Ports bans from some ports only.
func (b Backend) Ports(t *testing.T) {
	n := NewNetwork(t)
	in, other := Listen(t, n.Edge, To4), Listen(t, n.Edge, Edge4+":9")
	f := b.Open(t, n.Edge, Options{ProtectOutbound: true, Ports: []uint16{443, 7, 80, 7}})
	for _, p := range []string{"203.0.113.0/24", "203.0.113.7/32"} {
		Sync(t, f, Ban(p))
		Dropped(t, n.Attackers, f, in, "203.0.113.7", To4)
		Passes(t, n.Attackers, other, "203.0.113.7", Edge4+":9")
	}
}
