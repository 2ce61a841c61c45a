//go:build linux

package nftables

import (
	"fmt"
	"slices"

	"cidrx/firewall"

	nf "github.com/google/nftables"
	"github.com/google/nftables/binaryutil"
	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"
)

// Chains. The two base chains are there whatever the options are, so that other options change rules only, in place and at one moment.
const (
	earlyChain   = "early"   // before conntrack and DNAT
	trackedChain = "tracked" // behind conntrack, before DNAT
	refuseChain  = "refuse"  // what else than a plain drop is done with a packet
)

// portsSet holds the ports that bans are limited to, if they are.
const portsSet = "ports"

// banSets are the sets with timeouts, in the order in which a packet meets them.
var banSets = []firewall.Set{firewall.Host4, firewall.Host6, firewall.Net4, firewall.Net6}

var allowSets = []firewall.Set{firewall.Allow4, firewall.Allow6}

// layout is everything in the table but the elements.
type layout struct {
	table    *nf.Table
	sets     []*nf.Set
	chains   []*nf.Chain
	counters []*nf.NamedObj // one for each set of bans, named after it
	rules    []*nf.Rule
	ports    []uint16
}

// newLayout says what the options ask for. A dormant table hooks nowhere.
func newLayout(o Options, name string, dormant bool) *layout {
	l := &layout{table: &nf.Table{Name: name, Family: nf.TableFamilyINet}, ports: o.Ports}
	if dormant {
		l.table.Flags = nf.TableFlagDormant
	}
	for _, set := range allowSets {
		l.sets = append(l.sets, l.addressSet(set, true, false))
	}
	for _, set := range banSets {
		l.sets = append(l.sets, l.addressSet(set, set == firewall.Net4 || set == firewall.Net6, true))
		l.counters = append(l.counters, &nf.NamedObj{Table: l.table, Name: string(set), Type: nf.ObjTypeCounter, Obj: &expr.Counter{}})
	}
	if len(o.Ports) > 0 {
		l.sets = append(l.sets, &nf.Set{Table: l.table, Name: portsSet, KeyType: nf.TypeInetService, KeyByteOrder: binaryutil.BigEndian})
	}
	hook := nf.ChainHookPrerouting
	if o.Hook == Input {
		hook = nf.ChainHookInput
	}
	l.chains = []*nf.Chain{
		{Table: l.table, Name: refuseChain},
		l.baseChain(earlyChain, hook, nf.ChainPriorityRaw),
		l.baseChain(trackedChain, hook, nf.ChainPriorityMangle),
	}
	l.rules = rules(o, l.table, false)
	return l
}

// addressSet keeps a counter for each element of a set of bans: what a banned source still sends is known.
func (l *layout) addressSet(name firewall.Set, interval, bans bool) *nf.Set {
	s := &nf.Set{Table: l.table, Name: string(name), KeyType: nf.TypeIP6Addr, Interval: interval, HasTimeout: bans, Counter: bans, KeyByteOrder: binaryutil.BigEndian}
	if name == firewall.Allow4 || name == firewall.Host4 || name == firewall.Net4 {
		s.KeyType = nf.TypeIPAddr
	}
	return s
}

func (l *layout) baseChain(name string, hook *nf.ChainHook, priority *nf.ChainPriority) *nf.Chain {
	accept := nf.ChainPolicyAccept
	return &nf.Chain{Table: l.table, Name: name, Type: nf.ChainTypeFilter, Hooknum: hook, Priority: priority, Policy: &accept}
}

// setShape describes a set as readLayout describes what it finds.
func setShape(s *nf.Set) string {
	var flags uint32
	if s.Interval {
		flags |= unix.NFT_SET_INTERVAL
	}
	if s.HasTimeout {
		flags |= unix.NFT_SET_TIMEOUT
	}
	return fmt.Sprintf("set %s key %d/%d flags %#x timeout %d counter %v", s.Name, s.KeyType.GetNFTMagic(), s.KeyType.Bytes, flags, s.Timeout, s.Counter)
}

func chainShape(c *nf.Chain) string {
	if c.Hooknum == nil {
		return "chain " + c.Name
	}
	return fmt.Sprintf("chain %s type %s hook %d priority %d policy %d", c.Name, c.Type, *c.Hooknum, *c.Priority, *c.Policy)
}

// shapes are those of all sets and chains, by their names.
func (l *layout) shapes() (sets, chains map[string]string) {
	sets, chains = map[string]string{}, map[string]string{}
	for _, s := range l.sets {
		sets[s.Name] = setShape(s)
	}
	for _, c := range l.chains {
		chains[c.Name] = chainShape(c)
	}
	return sets, chains
}

// portElements are the elements of the set of ports.
func (l *layout) portElements() []nf.SetElement {
	ports := slices.Clone(l.ports)
	slices.Sort(ports)
	var out []nf.SetElement
	for _, p := range slices.Compact(ports) {
		out = append(out, nf.SetElement{Key: binaryutil.BigEndian.PutUint16(p)})
	}
	return out
}
