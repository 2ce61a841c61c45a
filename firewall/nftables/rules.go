//go:build linux

package nftables

import (
	"cidrx/firewall"

	nf "github.com/google/nftables"
	"github.com/google/nftables/binaryutil"
	"github.com/google/nftables/expr"
	"github.com/google/nftables/userdata"
	"golang.org/x/sys/unix"
)

// register is where expressions of one rule hand values to the next.
const register = unix.NFT_REG_1

// ctReply is IP_CT_DIR_REPLY of linux/netfilter/nf_conntrack_tuple_common.h.
const ctReply = 1

// rules are those of all chains, in order:
//
//	early:   other ports return; allowed sources return; banned hosts are dropped
//	tracked: other ports return; allowed sources return; replies return; banned networks are dropped
//
// Hosts are looked up once more behind networks. A ban that is carved moves from a network to its hosts in one commit; a packet that passed the
// first look-up just before it and reaches the networks just after it would otherwise be let in. (The other way round needs nothing: who was
// looked for as a host before the commit was dropped.)
//
// Without ProtectOutbound networks are dropped in early, and tracked is empty. inBoth has them in both chains, for the moment between two layouts.
func rules(o Options, table *nf.Table, inBoth bool) []*nf.Rule {
	b := &ruleBook{o: o, table: table}
	b.refuse()
	b.scope(earlyChain)
	b.drop(earlyChain, "", firewall.Host4, firewall.Host6)
	if !o.ProtectOutbound || inBoth {
		b.dropNetworks(earlyChain)
	}
	if o.ProtectOutbound || inBoth {
		b.scope(trackedChain)
		b.add(trackedChain, "replies to connections opened on this side", &expr.Ct{Key: expr.CtKeyDIRECTION, Register: register},
			compare(expr.CmpOpEq, ctReply), verdict(expr.VerdictReturn, ""))
		b.dropNetworks(trackedChain)
	}
	return b.rules
}

func (b *ruleBook) dropNetworks(chain string) {
	b.drop(chain, "", firewall.Net4, firewall.Net6)
	b.drop(chain, "again: a ban may have moved here from a network meanwhile", firewall.Host4, firewall.Host6)
}

// ruleBook collects rules.
type ruleBook struct {
	o     Options
	table *nf.Table
	rules []*nf.Rule
}

func (b *ruleBook) add(chain, comment string, exprs ...expr.Any) {
	r := &nf.Rule{Table: b.table, Chain: &nf.Chain{Name: chain, Table: b.table}, Exprs: exprs}
	if comment != "" {
		r.UserData = userdata.AppendString(nil, userdata.TypeComment, comment)
	}
	b.rules = append(b.rules, r)
}

// scope lets pass what bans do not apply to.
func (b *ruleBook) scope(chain string) {
	if len(b.o.Ports) > 0 {
		protocol := &expr.Meta{Key: expr.MetaKeyL4PROTO, Register: register}
		b.add(chain, "", protocol, compare(expr.CmpOpNeq, unix.IPPROTO_TCP), compare(expr.CmpOpNeq, unix.IPPROTO_UDP), verdict(expr.VerdictReturn, ""))
		b.add(chain, "", &expr.Payload{DestRegister: register, Base: expr.PayloadBaseTransportHeader, Offset: 2, Len: 2},
			&expr.Lookup{SourceRegister: register, SetName: portsSet, Invert: true}, verdict(expr.VerdictReturn, ""))
	}
	for _, set := range allowSets {
		b.add(chain, "", append(lookUp(set), verdict(expr.VerdictReturn, ""))...)
	}
}

func (b *ruleBook) drop(chain, comment string, sets ...firewall.Set) {
	for _, set := range sets {
		count := &expr.Objref{Type: unix.NFT_OBJECT_COUNTER, Name: string(set)}
		b.add(chain, comment, append(lookUp(set), count, b.dropVerdict())...)
	}
}

func (b *ruleBook) dropVerdict() expr.Any {
	if b.o.Action == Drop && b.o.LogRate == 0 {
		return verdict(expr.VerdictDrop, "")
	}
	return verdict(expr.VerdictGoto, refuseChain)
}

// refuse fills the chain for what is more than a drop. A TCP client gets a reset, which ends it at once; ICMP would let an established
// connection go on trying.
func (b *ruleBook) refuse() {
	if b.o.LogRate > 0 {
		b.add(refuseChain, "", &expr.Limit{Type: expr.LimitTypePkts, Rate: uint64(b.o.LogRate), Unit: expr.LimitTimeSecond, Burst: uint32(b.o.LogRate)},
			&expr.Log{Key: 1 << unix.NFTA_LOG_PREFIX, Data: []byte(b.table.Name + " drop: ")})
	}
	if b.o.Action == Reject {
		b.add(refuseChain, "", &expr.Meta{Key: expr.MetaKeyL4PROTO, Register: register}, compare(expr.CmpOpEq, unix.IPPROTO_TCP),
			&expr.Reject{Type: unix.NFT_REJECT_TCP_RST})
		b.add(refuseChain, "", &expr.Reject{Type: unix.NFT_REJECT_ICMPX_UNREACH, Code: unix.NFT_REJECT_ICMPX_ADMIN_PROHIBITED})
	}
	b.add(refuseChain, "", verdict(expr.VerdictDrop, ""))
}

// lookUp matches packets whose source is in a set. In host6 it is the /64 that is looked up: the mask makes the IPv6 host a hash key.
func lookUp(set firewall.Set) []expr.Any {
	family, offset, size := byte(unix.NFPROTO_IPV4), uint32(12), uint32(4)
	if set == firewall.Allow6 || set == firewall.Host6 || set == firewall.Net6 {
		family, offset, size = unix.NFPROTO_IPV6, 8, 16
	}
	exprs := []expr.Any{
		&expr.Meta{Key: expr.MetaKeyNFPROTO, Register: register},
		compare(expr.CmpOpEq, family),
		&expr.Payload{DestRegister: register, Base: expr.PayloadBaseNetworkHeader, Offset: offset, Len: size},
	}
	if set == firewall.Host6 {
		mask := append(binaryutil.BigEndian.PutUint64(^uint64(0)), make([]byte, 8)...)
		exprs = append(exprs, &expr.Bitwise{SourceRegister: register, DestRegister: register, Len: 16, Mask: mask, Xor: make([]byte, 16)})
	}
	return append(exprs, &expr.Lookup{SourceRegister: register, SetName: string(set)})
}

func compare(op expr.CmpOp, value byte) *expr.Cmp {
	return &expr.Cmp{Op: op, Register: register, Data: []byte{value}}
}

func verdict(kind expr.VerdictKind, chain string) *expr.Verdict {
	return &expr.Verdict{Kind: kind, Chain: chain}
}
