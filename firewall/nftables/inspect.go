//go:build linux

package nftables

import (
	"crypto/sha256"
	"fmt"
	"hash"
	"maps"
	"slices"

	"cidrx/firewall"

	"golang.org/x/sys/unix"
)

// found is what the kernel has in our table, elements aside.
type found struct {
	exists bool
	flags  uint32            // of the table
	sets   map[string]string // shape by name
	chains map[string]string
	tracks bool              // there are rules in the chain behind conntrack
	digest [sha256.Size]byte // of all that, and of the rules
}

// readLayout reads the table. It takes a handful of requests, whatever the size of the sets.
func (s *socket) readLayout(table string) (found, error) {
	f := found{sets: map[string]string{}, chains: map[string]string{}}
	digest := sha256.New()
	err := s.request(s.named(unix.NFT_MSG_GETTABLE, 0, unix.NFTA_TABLE_NAME, table), func(m message) error {
		f.exists, f.flags = true, be32(find(m.nfAttributes(), unix.NFTA_TABLE_FLAGS))
		return nil
	})
	if isMissing(err) {
		return f, nil
	}
	if err != nil {
		return f, fmt.Errorf("read table %s: %w", table, err)
	}
	if err := s.readShapes(table, &f); err != nil {
		return f, err
	}
	err = s.request(s.named(unix.NFT_MSG_GETRULE, unix.NLM_F_DUMP, unix.NFTA_RULE_TABLE, table), func(m message) error {
		hashRule(digest, m.nfAttributes())
		f.tracks = f.tracks || cString(find(m.nfAttributes(), unix.NFTA_RULE_CHAIN)) == trackedChain
		return nil
	})
	if err != nil {
		return f, fmt.Errorf("read the rules of %s: %w", table, err)
	}
	if f.sets[portsSet] != "" {
		if err := s.hashPorts(digest, table); err != nil {
			return f, fmt.Errorf("read the ports of %s: %w", table, err)
		}
	}
	fmt.Fprintf(digest, "flags %d\n", f.flags)
	for _, shapes := range []map[string]string{f.sets, f.chains} {
		for _, name := range slices.Sorted(maps.Keys(shapes)) {
			fmt.Fprintln(digest, shapes[name])
		}
	}
	digest.Sum(f.digest[:0])
	return f, nil
}

// readShapes reads the sets and chains. Kernels that do not filter a dump by table (chains, before 6.4) are helped.
func (s *socket) readShapes(table string, f *found) error {
	err := s.request(s.named(unix.NFT_MSG_GETSET, unix.NLM_F_DUMP, unix.NFTA_SET_TABLE, table), func(m message) error {
		if name, shape := readSet(m.nfAttributes(), table); name != "" {
			f.sets[name] = shape
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("read the sets of %s: %w", table, err)
	}
	err = s.request(s.named(unix.NFT_MSG_GETCHAIN, unix.NLM_F_DUMP, unix.NFTA_CHAIN_TABLE, table), func(m message) error {
		if name, shape := readChain(m.nfAttributes(), table); name != "" {
			f.chains[name] = shape
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("read the chains of %s: %w", table, err)
	}
	return nil
}

// named is a request with one attribute: a name in the inet family.
func (s *socket) named(verb, flags, attribute uint16, name string) *batch {
	b := s.newRequest()
	at := b.begin(subsystem|verb, flags, unix.NFPROTO_INET, 0)
	b.text(attribute, name)
	b.end(at)
	return b
}

// setExpr is NFTA_SET_EXPR of linux/netfilter/nf_tables.h: an expression that every element has.
const setExpr = 0x11

// readSet describes a set as setShape does; the name is empty for a set of another table.
func readSet(attrs []byte, table string) (name, shape string) {
	var key, length, flags uint32
	var timeout uint64
	counter, ours := false, false
	for kind, v := range attributes(attrs) {
		switch kind {
		case unix.NFTA_SET_TABLE:
			ours = cString(v) == table
		case unix.NFTA_SET_NAME:
			name = cString(v)
		case unix.NFTA_SET_KEY_TYPE:
			key = be32(v)
		case unix.NFTA_SET_KEY_LEN:
			length = be32(v)
		case unix.NFTA_SET_FLAGS:
			flags = be32(v)
		case unix.NFTA_SET_TIMEOUT:
			timeout = be64(v)
		case setExpr:
			counter = cString(find(v, unix.NFTA_EXPR_NAME)) == "counter"
		}
	}
	if !ours {
		return "", ""
	}
	return name, fmt.Sprintf("set %s key %d/%d flags %#x timeout %d counter %v", name, key, length, flags, timeout, counter)
}

// setCount is NFTA_SET_COUNT of linux/netfilter/nf_tables.h: the number of elements, in newer kernels.
const setCount = 0x14

// count asks how many elements a set has, expired ones that are not yet collected among them; -1 if the kernel does not say.
func (s *socket) count(table string, set firewall.Set) int {
	b := s.newRequest()
	at := b.begin(subsystem|unix.NFT_MSG_GETSET, 0, unix.NFPROTO_INET, 0)
	b.text(unix.NFTA_SET_TABLE, table)
	b.text(unix.NFTA_SET_NAME, string(set))
	b.end(at)
	n := -1
	err := s.request(b, func(m message) error {
		if v := find(m.nfAttributes(), setCount); v != nil {
			n = int(be32(v))
		}
		return nil
	})
	if err != nil {
		return -1
	}
	return n
}

// readChain describes a chain as chainShape does.
func readChain(attrs []byte, table string) (name, shape string) {
	var kindName string
	var hook []byte
	var policy uint32
	ours := false
	for kind, v := range attributes(attrs) {
		switch kind {
		case unix.NFTA_CHAIN_TABLE:
			ours = cString(v) == table
		case unix.NFTA_CHAIN_NAME:
			name = cString(v)
		case unix.NFTA_CHAIN_TYPE:
			kindName = cString(v)
		case unix.NFTA_CHAIN_HOOK:
			hook = v
		case unix.NFTA_CHAIN_POLICY:
			policy = be32(v)
		}
	}
	switch {
	case !ours:
		return "", ""
	case hook == nil:
		return name, "chain " + name
	}
	return name, fmt.Sprintf("chain %s type %s hook %d priority %d policy %d", name, kindName,
		be32(find(hook, unix.NFTA_HOOK_HOOKNUM)), int32(be32(find(hook, unix.NFTA_HOOK_PRIORITY))), policy)
}

// hashPorts takes in the ports that bans are limited to, which are as good as part of the rules.
func (s *socket) hashPorts(h hash.Hash, table string) error {
	var ports []string
	err := s.dumpAttributes(table, portsSet, func(attrs []byte) {
		ports = append(ports, fmt.Sprintf("port %x", find(find(attrs, unix.NFTA_SET_ELEM_KEY), unix.NFTA_DATA_VALUE)))
	})
	slices.Sort(ports) // a hash gives them in no order
	fmt.Fprintln(h, ports)
	return err
}

// hashRule takes in what a rule does and where, not its handle, which is another after each rewrite.
func hashRule(h hash.Hash, attrs []byte) {
	for kind, v := range attributes(attrs) {
		if kind == unix.NFTA_RULE_CHAIN || kind == unix.NFTA_RULE_EXPRESSIONS || kind == unix.NFTA_RULE_TABLE {
			fmt.Fprintf(h, "%d %x\n", kind, v)
		}
	}
}
