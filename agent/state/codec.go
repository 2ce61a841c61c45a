package state

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"net/netip"
	"time"

	"cidrx/agent/jail"
)

// Bans are many and are read at every start, so they have a binary form; everything else is JSON. A record begins with its version.
//
//	key    4 or 6, address, prefix length: sorts as the bans do, IPv4 first
//	value  version, flags, origin, stage, start, until, by, reasons, except, evidence, ending, next
const banVersion = 1

const (
	flagObserved = 1 << iota
	flagExported
	flagEnded
	flagLeaked
)

var errShort = errors.New("record is cut short")

// prefixKey is the key of a prefix.
func prefixKey(p netip.Prefix) []byte { return appendPrefix(make([]byte, 0, 18), p) }

func appendPrefix(b []byte, p netip.Prefix) []byte {
	family := byte(6)
	if p.Addr().Is4() {
		family = 4
	}
	b = append(b, family)
	b = append(b, p.Addr().AsSlice()...)
	return append(b, byte(p.Bits()))
}

// appendBan encodes all of a ban but its prefix, which is the key.
func appendBan(b []byte, ban *jail.Ban) []byte {
	b = append(b, banVersion, banFlags(ban), byte(ban.Origin))
	b = binary.AppendVarint(b, int64(ban.Stage))
	b = appendTime(b, ban.Start)
	b = appendTime(b, ban.Until)
	b = appendString(b, ban.By)
	b = appendStrings(b, ban.Reasons)
	b = binary.AppendUvarint(b, uint64(len(ban.Except)))
	for _, p := range ban.Except {
		b = appendPrefix(b, p)
	}
	e := &ban.Evidence
	b = binary.AppendUvarint(b, e.Requests)
	b = binary.AppendVarint(b, int64(e.Hosts))
	b = binary.LittleEndian.AppendUint64(b, math.Float64bits(e.Share))
	b = appendTime(b, e.First)
	b = appendTime(b, e.Last)
	b = appendStrings(b, e.Samples)
	b = appendString(b, string(ban.Ending))
	return binary.AppendVarint(b, int64(ban.Next))
}

func banFlags(ban *jail.Ban) (f byte) {
	if ban.Observed {
		f |= flagObserved
	}
	if ban.Exported {
		f |= flagExported
	}
	if ban.Ended {
		f |= flagEnded
	}
	if ban.Leaked {
		f |= flagLeaked
	}
	return f
}

// decodeBan is the inverse of prefixKey and appendBan.
func decodeBan(key, value []byte) (jail.Ban, error) {
	k := reader{s: string(key)}
	prefix := k.prefix()
	r := reader{s: string(value)} // copied once: the strings of the ban are cut from it
	if v := r.byte(); v != banVersion {
		return jail.Ban{}, fmt.Errorf("ban record of version %d", v)
	}
	flags := r.byte()
	ban := jail.Ban{
		Prefix: prefix, Origin: jail.Origin(r.byte()), Stage: int(r.varint()), Start: r.time(), Until: r.time(), By: r.string(),
		Reasons: r.strings(), Except: r.prefixes(),
		Observed: flags&flagObserved != 0, Exported: flags&flagExported != 0, Ended: flags&flagEnded != 0, Leaked: flags&flagLeaked != 0,
	}
	e := &ban.Evidence
	e.Requests, e.Hosts, e.Share = r.uvarint(), int(r.varint()), r.float()
	e.First, e.Last, e.Samples = r.time(), r.time(), r.strings()
	ban.Ending, ban.Next = jail.Ending(r.string()), int(r.varint())
	return ban, errors.Join(k.end(), r.end())
}

// appendTime encodes a time as Unix seconds and nanoseconds: unlike nanoseconds alone they hold every year, and the zero time.
func appendTime(b []byte, t time.Time) []byte {
	b = binary.AppendVarint(b, t.Unix())
	return binary.AppendUvarint(b, uint64(t.Nanosecond()))
}

func appendString(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

func appendStrings(b []byte, list []string) []byte {
	b = binary.AppendUvarint(b, uint64(len(list)))
	for _, s := range list {
		b = appendString(b, s)
	}
	return b
}

// reader takes values off the front of s. The first error sticks, and zero values follow it.
type reader struct {
	s   string
	err error
}

// take returns the next n bytes.
func (r *reader) take(n uint64) string {
	if r.err != nil || n > uint64(len(r.s)) {
		r.fail(errShort)
		return ""
	}
	head := r.s[:n]
	r.s = r.s[n:]
	return head
}

func (r *reader) fail(err error) {
	if r.err == nil {
		r.err = err
	}
}

// end returns the first error, or one if anything is left.
func (r *reader) end() error {
	if r.err == nil && len(r.s) > 0 {
		return fmt.Errorf("%d bytes too many", len(r.s))
	}
	return r.err
}

func (r *reader) byte() byte {
	if s := r.take(1); s != "" {
		return s[0]
	}
	return 0
}

// uvarint reads what binary.AppendUvarint wrote.
func (r *reader) uvarint() (v uint64) {
	for shift := 0; shift < 64; shift += 7 {
		c := r.byte()
		v |= uint64(c&0x7F) << shift
		if c < 0x80 {
			return v
		}
	}
	r.fail(errors.New("number without an end"))
	return 0
}

// varint reads what binary.AppendVarint wrote: zigzag encoding.
func (r *reader) varint() int64 {
	u := r.uvarint()
	return int64(u>>1) ^ -int64(u&1)
}

func (r *reader) float() float64 {
	if s := r.take(8); s != "" {
		return math.Float64frombits(binary.LittleEndian.Uint64([]byte(s)))
	}
	return 0
}

func (r *reader) time() time.Time {
	sec, nsec := r.varint(), r.uvarint()
	if r.err != nil || nsec >= 1e9 {
		r.fail(errors.New("not a time"))
		return time.Time{}
	}
	return time.Unix(sec, int64(nsec)).UTC()
}

func (r *reader) string() string { return r.take(r.uvarint()) }

// count reads the length of a list whose elements take at least one byte each, so that a wrong length cannot ask for much memory.
func (r *reader) count() int {
	n := r.uvarint()
	if n > uint64(len(r.s)) {
		r.fail(errShort)
		return 0
	}
	return int(n)
}

func (r *reader) strings() []string {
	n := r.count()
	if n == 0 {
		return nil
	}
	list := make([]string, n)
	for i := range list {
		list[i] = r.string()
	}
	return list
}

func (r *reader) prefixes() []netip.Prefix {
	n := r.count()
	if n == 0 {
		return nil
	}
	list := make([]netip.Prefix, n)
	for i := range list {
		list[i] = r.prefix()
	}
	return list
}

func (r *reader) prefix() netip.Prefix {
	var b [16]byte
	var addr netip.Addr
	if r.byte() == 4 {
		copy(b[:], r.take(4))
		addr = netip.AddrFrom4([4]byte(b[:4]))
	} else {
		copy(b[:], r.take(16))
		addr = netip.AddrFrom16(b)
	}
	p := netip.PrefixFrom(addr, int(r.byte()))
	if !p.IsValid() {
		r.fail(errors.New("not a prefix"))
	}
	return p
}
