package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"os/exec"
	"time"

	"go4.org/netipx"

	"cidrx/firewall/netlab"
)

// nft runs nft in a namespace and returns what it prints.
func nft(ns *netlab.Namespace, args ...string) ([]byte, error) {
	cmd := exec.Command("nft", args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := ns.Start(cmd); err != nil {
		return nil, err
	}
	if err := cmd.Wait(); err != nil {
		return nil, fmt.Errorf("nft %v: %w: %s", args, err, errs.String())
	}
	return out.Bytes(), nil
}

// singleHost says that the kernel has the prefix in a set of hosts: those of IPv6 are /64s.
func singleHost(p netip.Prefix) bool { return p.IsSingleIP() && p.Addr().Is4() || p.Bits() == 64 }

// lists is how often the kernel's sets are listed until nft can make sense of all elements: while others come and go, the kernel's list may
// lack one end of an interval, which nft then takes for a range up to the end of the next.
const lists = 10

// kernelBans lists what is in the agent's sets of bans, as nft sees it.
func kernelBans(ns *netlab.Namespace) (bans map[netip.Prefix]bool, err error) {
	for range lists {
		if bans, err = listBans(ns); !errors.As(err, new(*rangeError)) {
			break
		}
	}
	return bans, err
}

func listBans(ns *netlab.Namespace) (map[netip.Prefix]bool, error) {
	bans := map[netip.Prefix]bool{}
	for _, set := range []string{"host4", "host6", "net4", "net6"} {
		text, err := nft(ns, "-j", "list", "set", "inet", "cidrx", set)
		if err != nil {
			return nil, err
		}
		if err := readSet(bans, text, set == "host6"); err != nil {
			return nil, fmt.Errorf("nft -j list set inet cidrx %s: %w", set, err)
		}
	}
	return bans, nil
}

// readSet reads the elements of a set as libnftables-json(5) has them. hosts6 says that an address stands for its /64.
func readSet(bans map[netip.Prefix]bool, text []byte, hosts6 bool) error {
	var doc struct {
		Nftables []struct {
			Set struct {
				Elem []struct{ Elem struct{ Val json.RawMessage } }
			}
		}
	}
	if err := json.Unmarshal(text, &doc); err != nil {
		return err
	}
	for _, object := range doc.Nftables {
		for _, e := range object.Set.Elem {
			p, err := readElement(e.Elem.Val)
			if err != nil {
				return err
			}
			if hosts6 {
				p = netip.PrefixFrom(p.Addr(), 64)
			}
			bans[p] = true
		}
	}
	return nil
}

// readElement reads "192.0.2.1" or {"prefix": {"addr": "192.0.2.0", "len": 24}}.
func readElement(text json.RawMessage) (netip.Prefix, error) {
	var single string
	if json.Unmarshal(text, &single) == nil {
		addr, err := netip.ParseAddr(single)
		return netip.PrefixFrom(addr, addr.BitLen()), err
	}
	var network struct {
		Prefix struct {
			Addr string
			Len  int
		}
		Range []netip.Addr
	}
	if err := json.Unmarshal(text, &network); err != nil {
		return netip.Prefix{}, fmt.Errorf("element %s: %w", text, err)
	}
	if r := network.Range; len(r) == 2 {
		return netip.Prefix{}, &rangeError{netipx.IPRangeFrom(r[0], r[1])}
	}
	addr, err := netip.ParseAddr(network.Prefix.Addr)
	return netip.PrefixFrom(addr, network.Prefix.Len), err
}

// rangeError says that nft shows a range that is no prefix. The agent writes none.
type rangeError struct{ is netipx.IPRange }

func (e *rangeError) Error() string { return fmt.Sprintf("%v is no prefix", e.is) }

// inKernel asks the kernel itself whether one of the agent's sets has an address.
func inKernel(ns *netlab.Namespace, set string, addr netip.Addr) bool {
	_, err := nft(ns, "get", "element", "inet", "cidrx", set, "{ "+addr.String()+" }")
	return err == nil
}

// setOf is the agent's set that has a ban of the prefix.
func setOf(p netip.Prefix) string {
	name, family := "net", "6"
	if singleHost(p) {
		name = "host"
	}
	if p.Addr().Is4() {
		family = "4"
	}
	return name + family
}

// auditor compares what the kernel holds with what it should.
type auditor struct {
	edge        *netlab.Namespace
	cast        *cast
	standing    []netip.Prefix
	ban         time.Duration
	endPatience time.Duration
	looks       int
	unclear     int // lists that nft made no sense of
	overlooked  int // bans that the kernel had and a list had not
	elements    int // seen in all looks
	wrong       faults
}

// look lists the kernel's sets once. What came or ended about then may be there or not.
func (a *auditor) look() error {
	start := time.Now()
	bans, err := kernelBans(a.edge)
	if odd := new(rangeError); errors.As(err, &odd) {
		return a.ask(odd.is)
	}
	if err != nil {
		return err
	}
	a.looks++
	a.elements += len(bans)
	for _, p := range a.standing {
		if !a.has(bans, p) {
			a.wrong.add("%v is not in the kernel, but is banned all the time", p)
		}
		delete(bans, p)
	}
	for _, at := range a.cast.all() {
		a.attacker(at, bans[at.prefix], start)
		delete(bans, at.prefix)
	}
	for p := range bans {
		a.wrong.add("%v is in the kernel, which did not attack", p)
	}
	return nil
}

// has says whether the kernel has a ban. Where the list does not have it the kernel is asked for that one alone: a list of a hash that grows or
// shrinks meanwhile may lack some.
func (a *auditor) has(listed map[netip.Prefix]bool, p netip.Prefix) bool {
	if listed[p] {
		return true
	}
	there := inKernel(a.edge, setOf(p), p.Addr())
	if there {
		a.overlooked++
	}
	return there
}

// ask has the kernel decide about a range that nft shows: whether all of it is banned, or nft is mistaken.
func (a *auditor) ask(r netipx.IPRange) error {
	a.unclear++
	set := "net4"
	if r.From().Is6() {
		set = "net6"
	}
	for _, p := range r.Prefixes() {
		if at := netipx.PrefixLastIP(p); inKernel(a.edge, set, at) && !a.covered(at) {
			a.wrong.add("%v is in the kernel, as a part of %v, which did not attack", at, r)
		}
	}
	return nil
}

// covered says that an address is in a network that may be banned.
func (a *auditor) covered(addr netip.Addr) bool {
	for _, p := range a.standing {
		if p.Contains(addr) {
			return true
		}
	}
	return attackNetworkSpace.Contains(addr)
}

// attacker says what is wrong with an attacker's being there or not in a list begun at start.
func (a *auditor) attacker(at attacker, there bool, start time.Time) {
	mayHaveEnded := func() bool { return time.Since(at.crossed) > a.ban-beginPatience }
	switch {
	case there && at.crossed.IsZero():
		a.wrong.add("%v is in the kernel after %d of %d lines", at.prefix, at.sent, at.needs)
	case there && !at.inForce.IsZero() && start.Sub(at.inForce) > a.ban+a.ban/10+a.endPatience:
		a.wrong.add("%v is still in the kernel after %v", at.prefix, start.Sub(at.inForce))
	case there || at.inForce.IsZero() || !at.inForce.Before(start) || mayHaveEnded():
	case !a.has(nil, at.prefix) && !mayHaveEnded():
		a.wrong.add("%v is not in the kernel any more %v after it attacked", at.prefix, time.Since(at.crossed))
	}
}

// beginPatience is how long before its last line a ban may have begun: in the second of that.
const beginPatience = 2 * time.Second
