package parse

import (
	"bytes"
	"encoding/binary"
	"net/netip"
)

// Span is a piece of the bytes that a line was read from, [From, To). An empty one says that the line does not have the field.
type Span struct{ From, To uint32 }

// Of returns the piece of b, nil if it is empty.
func (s Span) Of(b []byte) []byte {
	if s.From >= s.To {
		return nil
	}
	return b[s.From:s.To:s.To]
}

// Fields are the fields that a caller looks at besides client and time, a bit each.
type Fields uint8

const (
	WantMethod Fields = 1 << iota
	WantTarget
	WantUserAgent
	WantStatus
)

// Brief is what counting needs of one line. Offsets are into the bytes given, which are at most 2 GiB. Fields that were not wanted
// are not to be looked at.
type Brief struct {
	Unix       int64  // Event.Time in seconds since 1970, rounded down
	Hi, Lo     uint64 // Is6: Event.Client, the first and the last eight bytes, big endian
	V4         uint32 // Event.Client, unless Is6
	Begin, End uint32 // the line, without its newline
	Status     uint16
	Is6        bool
	Usual      bool // false: only Parse can tell what the line is; Begin and End are right and the rest means nothing
	Method     Span
	Target     Span
	UserAgent  Span
}

// Briefer is a Parser that can read lines of its format's usual shape without making events of them. It keeps to what Parse does: where
// a Brief is Usual, Parse would accept the line, with the same client, a time of the same second, and the same fields. Whether an
// event is Forwarded it does not say. A Briefer is as unfit for concurrent use as any Parser.
type Briefer interface {
	Parser

	// Briefs reads the lines of block from its position from on until out is full or the block ends. n Briefs of out are filled, one
	// for each line, in order, empty lines too; next is where the first line begins that was not read, len(block) if there is none.
	// The block begins and ends with whole lines; a newline at its end may be missing. Nothing is allocated.
	Briefs(block []byte, from int, want Fields, out []Brief) (n, next int)
}

// Completer is a Briefer that can fill in what was not wanted of a usual line without reading the line again.
type Completer interface {
	Briefer

	// Complete makes b, which Briefs has filled from block with nothing wanted, one with everything wanted. Call it once.
	Complete(block []byte, b *Brief)
}

// BrieferOf returns p if it is a Briefer, else a Briefer by which no line is usual, so that callers need only one loop.
func BrieferOf(p Parser) Briefer {
	if b, ok := p.(Briefer); ok {
		return b
	}
	return briefless{p}
}

// briefless splits lines, and leaves them all to Parse.
type briefless struct{ Parser }

func (briefless) Briefs(block []byte, from int, _ Fields, out []Brief) (n, next int) {
	return briefs(block, from, out, func([]byte, *Brief) bool { return false })
}

// briefs splits the lines of block and has each read by one.
func briefs(block []byte, from int, out []Brief, one func(line []byte, b *Brief) bool) (n, next int) {
	for n < len(out) && from < len(block) {
		b := &out[n]
		end := lineEnd(block, from)
		b.Begin, b.End = uint32(from), uint32(end)
		b.Usual = one(block[from:end], b)
		n, from = n+1, min(end+1, len(block))
	}
	return n, from
}

// lineEnd finds the newline that ends the line at from, or the end of block.
func lineEnd(block []byte, from int) int {
	if i := bytes.IndexByte(block[from:], '\n'); i >= 0 {
		return from + i
	}
	return len(block)
}

// of fills b from ev, whose fields all lie in its line, which begins at b.Begin; false if ev has no time.
func (b *Brief) of(ev *Event) bool {
	if ev.Time.IsZero() {
		return false
	}
	b.Unix, b.Status = ev.Time.Unix(), uint16(ev.Status)
	b.setAddr(ev.Client)
	b.Method, b.Target, b.UserAgent = b.span(ev.Line, ev.Method), b.span(ev.Line, ev.Target), b.span(ev.Line, ev.UserAgent)
	return true
}

// span says where piece, which is a part of line and reaches as far in memory as line does, lies in the block.
func (b *Brief) span(line, piece []byte) Span {
	if len(piece) == 0 {
		return Span{}
	}
	from := b.Begin + uint32(cap(line)-cap(piece))
	return Span{from, from + uint32(len(piece))}
}

// setAddr takes over an address, which is valid and not mapped.
func (b *Brief) setAddr(addr netip.Addr) {
	if b.Is6 = addr.Is6(); !b.Is6 {
		v4 := addr.As4()
		b.V4 = binary.BigEndian.Uint32(v4[:])
		return
	}
	v6 := addr.As16()
	b.Hi, b.Lo = binary.BigEndian.Uint64(v6[:8]), binary.BigEndian.Uint64(v6[8:])
}
