package rig

import (
	"context"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"net/netip"
	"time"

	"cidrx/agent/jail"
	"cidrx/agent/state"
	"cidrx/detect"
)

// Store makes a state that holds a ban of each of the prefixes, with evidence as usual, that ends so long from now or some hours later, and
// one that has ended of each of the others. The agent does not run.
func (h *Host) Store(prefixes []netip.Prefix, least time.Duration, ended ...netip.Prefix) error {
	store, _, err := state.Open(h.Path("state/state.db"), state.Options{})
	if err != nil {
		return err
	}
	var snap jail.Snapshot
	now := time.Now()
	for _, p := range prefixes {
		snap.Bans = append(snap.Bans, usualBan(p, now, least))
	}
	for _, p := range ended {
		snap.Ended = append(snap.Ended, endedBan(p, now))
	}
	ctx, cancel := context.WithCancel(context.Background())
	saved := make(chan error, 1)
	store.Save(state.Full(snap), func(err error) { saved <- err; cancel() })
	return errors.Join(store.Run(ctx), <-saved, store.Close())
}

func usualBan(p netip.Prefix, now time.Time, least time.Duration) jail.Ban {
	return jail.Ban{
		Prefix: p, Start: now.Add(-time.Minute), Until: now.Add(time.Duration(p.Addr().AsSlice()[3])*time.Minute + least), Stage: 1,
		Reasons: []string{"scanners: 50 of 12,345 requests within 10m, tier [50, 32, 32, 0]"},
		Evidence: detect.Evidence{
			Requests: 50, Hosts: 1, Share: 0.004, First: now.Add(-2 * time.Minute), Last: now.Add(-time.Minute),
			Samples: []string{string(Attack(nil, p.Addr(), now))},
		},
	}
}

// endedBan is one that a noisy host has just served, with as many sample lines as a ban keeps.
func endedBan(p netip.Prefix, now time.Time) jail.Ban {
	b := usualBan(p, now, 0)
	line := b.Evidence.Samples[0]
	b.Until, b.Ended, b.Ending, b.Next, b.Evidence.Samples = now, true, jail.ByTime, 1, []string{line, line, line}
	return b
}

// Where Prefixes takes hosts and networks from.
var (
	HostSpace, HostSpace6       = netip.MustParsePrefix("32.0.0.0/4"), netip.MustParsePrefix("2001:2000::/20")
	NetworkSpace, NetworkSpace6 = netip.MustParsePrefix("176.0.0.0/4"), netip.MustParsePrefix("2001:b000::/20")
)

// Prefixes are hosts and networks that do not overlap, in random order, the same in every run: hosts in one part of the address space,
// networks in another, and nothing that is never banned, such as private networks. One in ten is IPv6.
func Prefixes(hosts, networks int) []netip.Prefix {
	r := rand.New(rand.NewPCG(4, 2))
	seen := map[netip.Prefix]bool{}
	var out []netip.Prefix
	add := func(n, at, bits4, bits6 int) {
		for i := 0; i < n; {
			p := randomPrefix(r, i%10 == 0, byte(at+r.IntN(16)), bits4, bits6)
			if !seen[p] {
				seen[p] = true
				out = append(out, p)
				i++
			}
		}
	}
	add(hosts, 32, 32, 64)
	add(networks, 176, 24, 48)
	return out
}

func randomPrefix(r *rand.Rand, six bool, first byte, bits4, bits6 int) netip.Prefix {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:], r.Uint64())
	if !six {
		b[0] = first
		return netip.PrefixFrom(netip.AddrFrom4([4]byte(b[:4])), bits4).Masked()
	}
	b[0], b[1], b[2] = 0x20, 0x01, first
	return netip.PrefixFrom(netip.AddrFrom16(b), bits6).Masked()
}
