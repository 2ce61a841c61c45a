//go:build linux

package ipset

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// chain is the chain of ours in one table: what its rules are, and which built-in chains jump to it.
type chain struct {
	table    string
	builtins []string
	jumps    [][]string // without the target, which is the chain's name
	rules    [][]string
}

// chains are those that the options ask for, in the order in which a packet meets them:
//
//	raw     PREROUTING   allowed sources return; banned hosts are dropped
//	mangle  PREROUTING   replies return; allowed sources return; banned networks are dropped
//
// raw is before connection tracking, so a flood of banned hosts costs little, and replies cannot be told there; both are before DNAT. Without
// ProtectOutbound all bans are in raw. Bans of what this host itself receives are in mangle INPUT, hosts before networks, behind connection
// tracking: raw has no such chain.
//
// REJECT works in the table filter only. Rejecting bans are therefore in filter INPUT, and in FORWARD too where all that arrives is meant: behind
// connection tracking and DNAT, so that the ports are those before DNAT, which connection tracking knows.
func (o Options) chains(f family) []chain {
	b := ruleBook{o: o, family: f}
	switch {
	case o.Action == Reject && o.Hook == Prerouting:
		return []chain{{"filter", []string{"INPUT", "FORWARD"}, b.originalPorts(), b.all()}}
	case o.Action == Reject:
		return []chain{{"filter", []string{"INPUT"}, b.ports(), b.all()}}
	case o.Hook == Input:
		return []chain{{"mangle", []string{"INPUT"}, b.ports(), b.all()}}
	case !o.ProtectOutbound:
		return []chain{{"raw", []string{"PREROUTING"}, b.ports(), b.all()}}
	}
	return []chain{
		{"raw", []string{"PREROUTING"}, b.ports(), join(b.allow(), b.hosts())},
		{"mangle", []string{"PREROUTING"}, b.ports(), join(b.replies(), b.allow(), b.networks())},
	}
}

// ruleBook writes the rules of one family.
type ruleBook struct {
	o      Options
	family family
}

func join(parts ...[][]string) [][]string { return slices.Concat(parts...) }

// all are the rules where hosts and networks are in one chain.
func (b ruleBook) all() [][]string {
	if !b.o.ProtectOutbound {
		return join(b.allow(), b.hosts(), b.networks())
	}
	return join(b.allow(), b.hosts(), b.replies(), b.networks())
}

func (b ruleBook) allow() [][]string {
	return [][]string{append(inSet(b.o.allowSet(b.family)), "-j", "RETURN")}
}

// replies lets the answers to connections pass that were opened on this side.
func (b ruleBook) replies() [][]string {
	return [][]string{{"-m", "conntrack", "--ctdir", "REPLY", "-j", "RETURN"}}
}

// hosts refuses those in the set that are no networks. A look-up counts at the element that it finds, whatever the rule then does; so the first look
// does not count, and the second, which takes place for hosts only, does.
func (b ruleBook) hosts() [][]string {
	set := inSet(b.o.banSet(b.family))
	return b.refuse("host", slices.Concat(set, []string{"!", "--update-counters"}, set))
}

// networks refuses the others, which are marked in the set as exceptions ("nomatch"): one set can tell the two kinds, and a ban that moves from one
// to the other is never in neither.
//
// Hosts are looked up once more behind networks. A packet that is between the two chains while a network gives way to hosts inside it would
// otherwise meet neither.
func (b ruleBook) networks() [][]string {
	set := inSet(b.o.banSet(b.family))
	return join(b.refuse("net", append(slices.Clone(set), "--return-nomatch")), b.refuse("host", set))
}

// refuse is what is done with packets that match. The comment names the counter, and is looked at for matching packets only.
func (b ruleBook) refuse(kind string, match []string) [][]string {
	match = append(slices.Clone(match), "-m", "comment", "--comment", kind+b.family.digit())
	if b.o.Action == Drop {
		return [][]string{append(match, "-j", "DROP")}
	}
	prohibited := "icmp-admin-prohibited"
	if b.family == v6 {
		prohibited = "icmp6-adm-prohibited"
	}
	// A TCP client gets a reset, which ends it at once; ICMP would let an established connection go on trying.
	return [][]string{
		slices.Concat([]string{"-p", "tcp"}, match, []string{"-j", "REJECT", "--reject-with", "tcp-reset"}),
		slices.Concat(match, []string{"-j", "REJECT", "--reject-with", prohibited}),
	}
}

func inSet(set string) []string { return []string{"-m", "set", "--match-set", set, "src"} }

// maxMultiport is how many ports one multiport match takes (XT_MULTI_PORTS).
const maxMultiport = 15

// ports are the jumps for packets to the ports that bans are limited to.
func (b ruleBook) ports() [][]string {
	if len(b.o.Ports) == 0 {
		return [][]string{nil}
	}
	var out [][]string
	for _, protocol := range []string{"tcp", "udp"} {
		for some := range slices.Chunk(b.o.sortedPorts(), maxMultiport) {
			out = append(out, []string{"-p", protocol, "-m", "multiport", "--dports", strings.Join(some, ",")})
		}
	}
	return out
}

// originalPorts are the jumps for packets that were sent to the ports, whatever DNAT made of that.
func (b ruleBook) originalPorts() [][]string {
	if len(b.o.Ports) == 0 {
		return [][]string{nil}
	}
	var out [][]string
	for _, protocol := range []string{"tcp", "udp"} {
		for _, port := range b.o.sortedPorts() {
			out = append(out, []string{"-p", protocol, "-m", "conntrack", "--ctorigdstport", port, "--ctdir", "ORIGINAL"})
		}
	}
	return out
}

func (o Options) sortedPorts() []string {
	ports := slices.Clone(o.Ports)
	slices.Sort(ports)
	var out []string
	for _, p := range slices.Compact(ports) {
		out = append(out, strconv.Itoa(int(p)))
	}
	return out
}

// references is how many rules of ours look into each set: the kernel tells the same figure, at no cost.
func (o Options) references(families []family) map[string]int {
	n := map[string]int{}
	for _, f := range families {
		for _, c := range o.chains(f) {
			for _, rule := range c.rules {
				for i, word := range rule {
					if word == "--match-set" {
						n[rule[i+1]]++
					}
				}
			}
		}
	}
	return n
}

// family is IPv4 or IPv6.
type family int

const (
	v4 family = iota
	v6
)

func (f family) digit() string { return [...]string{"4", "6"}[f] }

// inet is the family's name in ipset(8).
func (f family) inet() string { return [...]string{"inet", "inet6"}[f] }

// The sets. In the first there are the bans, with timeouts; in the second what is never banned.
func (o Options) banSet(f family) string   { return o.Name + f.digit() }
func (o Options) allowSet(f family) string { return o.Name + f.digit() + "-allow" }

// newSet is what a set is filled as before it takes the place of the one in force.
func newSet(set string) string { return set + "-new" }

// chainName is one of two names: the rules in force have one while the next ones are written under the other.
func (o Options) chainName(second bool) string {
	if second {
		return o.Name + "-b"
	}
	return o.Name + "-a"
}

func (o Options) probeName(f family) string { return fmt.Sprintf("%s-probe%s", o.Name, f.digit()) }
