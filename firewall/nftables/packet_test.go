//go:build linux

package nftables_test

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
	"cidrx/firewall/nftables"
)

const (
	to4 = edge4 + ":7"
	to6 = "[" + edge6 + "]:7"
)

func TestBannedSourcesAreDroppedAndTheirNeighboursAreNot(t *testing.T) {
	n := newNetwork(t)
	in4, in6 := listen(t, n.edge, to4), listen(t, n.edge, to6)
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
		f := open(t, n.edge, nftables.Options{ProtectOutbound: protect})
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				sync(t, f, ban(tt.ban))
				r, to := in4, to4
				if netip.MustParseAddr(tt.inside).Is6() {
					r, to = in6, to6
				}
				dropped(t, n.attackers, f, r, tt.inside, to)
				if tt.outside != "" {
					passes(t, n.attackers, r, tt.outside, to)
				}
			})
		}
		sync(t, f, firewall.Want{})
		passes(t, n.attackers, in4, "203.0.113.7", to4)
		passes(t, n.attackers, in6, "2001:db8:bad:1::5", to6)
	}
}

// echo answers each connection with what it sends.
func echo(t testing.TB, ns *netlab.Namespace, address string) {
	t.Helper()
	ln, err := ns.Listen("tcp", address)
	check(t, err)
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
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	conn, err := ns.Dial(ctx, "tcp", netip.MustParseAddr(from), to)
	check(t, err)
	t.Cleanup(func() { conn.Close() })
	return conn
}

func roundTrip(t testing.TB, conn net.Conn) {
	t.Helper()
	check(t, conn.SetDeadline(time.Now().Add(patience)))
	_, err := conn.Write([]byte("x"))
	check(t, err)
	_, err = io.ReadFull(conn, make([]byte, 1))
	check(t, err)
}

func TestEstablishedConnectionIsCut(t *testing.T) {
	n := newNetwork(t)
	f := open(t, n.edge, nftables.Options{ProtectOutbound: true})
	echo(t, n.edge, edge4+":80")
	echo(t, n.edge, "["+edge6+"]:80")
	for name, tt := range map[string]struct{ ban, from, to string }{
		"by a host": {"203.0.113.7/32", "203.0.113.7", edge4 + ":80"}, "by a network": {"203.0.113.0/24", "203.0.113.7", edge4 + ":80"},
		"by a /64": {"2001:db8:bad:1::/64", "2001:db8:bad:1::7", "[" + edge6 + "]:80"}, "by a /48": {"2001:db8:bad::/48", "2001:db8:bad:1::7", "[" + edge6 + "]:80"},
	} {
		t.Run(name, func(t *testing.T) {
			sync(t, f, firewall.Want{})
			conn := dialTCP(t, n.attackers, tt.from, tt.to)
			roundTrip(t, conn)
			sync(t, f, ban(tt.ban))
			_, err := conn.Write([]byte("x"))
			check(t, err)
			eventually(t, "its packets are dropped, again and again", func() bool { return drops(t, f, tt.from) >= 2 })
			check(t, conn.SetReadDeadline(time.Now()))
			if _, err := conn.Read(make([]byte, 1)); err == nil {
				t.Error("an answer came through")
			}
			sync(t, f, firewall.Want{})
			check(t, conn.SetReadDeadline(time.Now().Add(patience)))
			if _, err := io.ReadFull(conn, make([]byte, 1)); err != nil {
				t.Errorf("the connection does not go on after the ban: %v", err)
			}
		})
	}
}

func TestReplyToOurOwnConnectionPasses(t *testing.T) {
	n := newNetwork(t)
	in := listen(t, n.edge, to4)
	echo(t, n.attackers, "203.0.113.50:443")
	echo(t, n.attackers, "[2001:db8:bad:1::50]:443")
	f := open(t, n.edge, nftables.Options{ProtectOutbound: true})
	sync(t, f, ban("203.0.113.0/24", "2001:db8:bad::/48"))
	dropped(t, n.attackers, f, in, "203.0.113.50", to4)
	roundTrip(t, dialTCP(t, n.edge, edge4, "203.0.113.50:443"))
	roundTrip(t, dialTCP(t, n.edge, edge6, "[2001:db8:bad:1::50]:443"))

	t.Run("not without conntrack", func(t *testing.T) {
		f := open(t, n.edge, nftables.Options{ProtectOutbound: false})
		sync(t, f, ban("203.0.113.0/24"))
		before := drops(t, f, "203.0.113.50")
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		failed := make(chan error, 1)
		go func() {
			conn, err := n.edge.Dial(ctx, "tcp", netip.MustParseAddr(edge4), "203.0.113.50:443")
			if err == nil {
				conn.Close()
			}
			failed <- err
		}()
		eventually(t, "the answer is dropped", func() bool { return drops(t, f, "203.0.113.50") > before })
		cancel()
		if <-failed == nil {
			t.Error("connected to a banned network")
		}
	})
}

func TestAllowedAddressPassesWithTheAgentDead(t *testing.T) {
	n := newNetwork(t)
	in4, in6 := listen(t, n.edge, to4), listen(t, n.edge, to6)
	f := open(t, n.edge, nftables.Options{ProtectOutbound: true})
	w := ban("203.0.113.0/24", "2001:db8:bad::/48", "198.51.100.1/32")
	for _, p := range []string{"198.51.100.1/32", "203.0.113.7/32", "203.0.113.0/28", "2001:db8:bad:1::7/128"} { // the second inside the third
		w.Allow = append(w.Allow, netip.MustParsePrefix(p))
	}
	sync(t, f, w)
	dropped(t, n.attackers, f, in4, "203.0.113.77", to4)
	dropped(t, n.attackers, f, in6, "2001:db8:bad:1::8", to6)
	check(t, f.Close())
	passes(t, n.attackers, in4, "203.0.113.7", to4)
	passes(t, n.attackers, in4, "198.51.100.1", to4)
	passes(t, n.attackers, in6, "2001:db8:bad:1::7", to6)
}

func TestTimeoutEndsTheBanWithTheAgentDead(t *testing.T) {
	n := newNetwork(t)
	in4, in6 := listen(t, n.edge, to4), listen(t, n.edge, to6)
	f := open(t, n.edge, nftables.Options{ProtectOutbound: true})
	sync(t, f, banFor(1500*time.Millisecond, "203.0.113.0/24", "198.51.100.1/32", "2001:db8:bad:1::/64"))
	dropped(t, n.attackers, f, in4, "203.0.113.7", to4)
	dropped(t, n.attackers, f, in4, "198.51.100.1", to4)
	check(t, f.Close())
	passes(t, n.attackers, in4, "203.0.113.7", to4) // sends until it does
	passes(t, n.attackers, in4, "198.51.100.1", to4)
	passes(t, n.attackers, in6, "2001:db8:bad:1::7", to6)
}

func TestReject(t *testing.T) {
	n := newNetwork(t)
	echo(t, n.edge, edge4+":80")
	f := open(t, n.edge, nftables.Options{ProtectOutbound: true, Action: nftables.Reject, LogRate: 5})
	for _, p := range []string{"203.0.113.0/24", "203.0.113.7/32"} {
		sync(t, f, ban(p))
		if _, err := n.attackers.Dial(t.Context(), "tcp", netip.MustParseAddr("203.0.113.7"), edge4+":80"); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("%s: TCP: %v, want connection refused", p, err)
		}
		conn, err := n.attackers.Dial(t.Context(), "udp", netip.MustParseAddr("203.0.113.7"), to4)
		check(t, err)
		defer conn.Close()
		eventually(t, "UDP is told that it is prohibited", func() bool {
			_, err := conn.Write([]byte("x"))
			return errors.Is(err, syscall.EHOSTUNREACH) || errors.Is(err, syscall.EACCES)
		})
	}
}

func TestPorts(t *testing.T) {
	n := newNetwork(t)
	in, other := listen(t, n.edge, to4), listen(t, n.edge, edge4+":9")
	f := open(t, n.edge, nftables.Options{ProtectOutbound: true, Ports: []uint16{443, 7, 80, 7}})
	for _, p := range []string{"203.0.113.0/24", "203.0.113.7/32"} {
		sync(t, f, ban(p))
		dropped(t, n.attackers, f, in, "203.0.113.7", to4)
		passes(t, n.attackers, other, "203.0.113.7", edge4+":9")
	}
}
