package parse

import "bytes"

// Briefs takes lines of the usual shape apart in one walk, which finds their newline on the way.
func (p *access) Briefs(block []byte, from int, want Fields, out []Brief) (n, next int) {
	for n < len(out) && from < len(block) {
		b := &out[n]
		b.Begin = uint32(from)
		end := p.brief(block, from, want, b)
		b.Usual = end > 0
		if !b.Usual {
			end = lineEnd(block, from)
		}
		b.End = uint32(end)
		n, from = n+1, min(end+1, len(block))
	}
	return n, from
}

// brief reads the line at from if it has the usual shape, and returns where it ends, else -1.
func (p *access) brief(block []byte, from int, want Fields, b *Brief) (end int) {
	line := block[from:lineEnd(block, from)]
	var ev Event
	if bytes.IndexByte(line, '\\') >= 0 || !p.usual(line, &ev) {
		return -1
	}
	v4 := ev.Client.As4()
	b.V4 = uint32(v4[0])<<24 | uint32(v4[1])<<16 | uint32(v4[2])<<8 | uint32(v4[3])
	b.Unix, b.Is6, b.Status = ev.Time.Unix(), false, uint16(ev.Status)
	b.Method, b.Target, b.UserAgent = spanIn(block, ev.Method), spanIn(block, ev.Target), spanIn(block, ev.UserAgent)
	return from + len(line)
}

// spanIn says where piece, which shares its memory with block, lies in it.
func spanIn(block, piece []byte) Span {
	if piece == nil {
		return Span{}
	}
	at := cap(block) - cap(piece)
	return Span{uint32(at), uint32(at + len(piece))}
}
