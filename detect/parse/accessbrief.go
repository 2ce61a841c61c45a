package parse

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

// Briefs takes lines of the usual shape apart by their marks.
func (p *access) Briefs(block []byte, from int, want Fields, out []Brief) (n, next int) {
	if p.marks == nil {
		p.marks = new(marks)
	}
	for n < len(out) && from < len(block) {
		w := p.marks.window(block, from, len(out)-n, 0) // briefWindow fetches ahead
		read, end := p.briefWindow(&w, from, want, out[n:])
		if read == 0 { // a line longer than the window
			end = lineEnd(block, from)
			out[n] = Brief{Begin: uint32(from), End: uint32(end)}
			read = 1
		}
		n, from = n+read, min(end+1, len(block))
	}
	return n, from
}

// briefWindow reads the lines that end in w, the first of which begins at from; n is how many and end where the last of them ends.
func (p *access) briefWindow(w *window, from int, want Fields, out []Brief) (n, end int) {
	for ; n < len(out) && len(w.marks) > 0; n++ {
		w.fetch(from)
		b := &out[n]
		used := p.briefLine(w, from, want, b)
		b.Usual = used > 0
		if !b.Usual {
			if used = w.toEnd(0); used == 0 {
				break
			}
		}
		end = w.from + int(w.marks[used-1])
		w.marks = w.marks[used:]
		b.Begin, b.End = uint32(from), uint32(end)
		from = end + 1
	}
	readAddrs(w.block, out[:n])
	return n, end
}

// stampedHead is the length of what stands before the request: ` [02/Jan/2006:15:04:05 -0700] "`.
const stampedHead = 2 + clfLen + 3

// briefLine reads the line at from, whose marks are the first of w, if it has the usual shape: that of access.usual. It returns how many
// of the marks are the line's, 0 if only Parse can tell.
func (p *access) briefLine(w *window, from int, want Fields, b *Brief) (used int) {
	block, first := w.block, w.from+int(w.marks[0])
	head := first + 1 - stampedHead
	if p.brief.vhost {
		from = behindHost(block, from, first)
	}
	if from < 0 || head-from < len("- -") || first == len(block) {
		return 0
	}
	stamped := block[head : head+stampedHead]
	if string(stamped[:2]) != " [" || string(stamped[2+clfLen:]) != `] "` {
		return 0
	}
	var ok bool
	if b.Unix, ok = p.text.stamps.clf.unix(stamped[2:]); !ok {
		return 0
	}
	if p.brief.clientLast {
		if bytes.Count(block[from:head], blank) != 2 {
			return 0
		}
	} else if !b.findClient(block, from, head) {
		return 0
	}
	if p.brief.long {
		return p.briefLong(w, want, b)
	}
	return p.briefShort(w, want, b)
}

var blank = []byte(" ")

// findClient finds the address in "ADDRESS - -" at block[from:head], where the stamp follows. Until readAddrs has read them all, Hi and Lo
// say where it is.
func (b *Brief) findClient(block []byte, from, head int) bool {
	end := head - len(" - -")
	if end-from < len("::") || string(block[end:head]) != " - -" {
		return false
	}
	b.Hi, b.Lo = uint64(from), uint64(end)
	return true
}

// readAddrs reads the addresses of usual lines, which are block[Hi:Lo]. A line is not usual if it has none.
func readAddrs(block []byte, briefs []Brief) {
	const most = 64
	for len(briefs) > 0 {
		some := briefs[:min(most, len(briefs))]
		for left := ^quickAddrs(block, some) & (1<<len(some) - 1); left != 0; left &= left - 1 {
			if b := &some[bits.TrailingZeros64(left)]; b.Usual {
				b.Usual = b.readAddr(block, int(b.Hi), int(b.Lo))
			}
		}
		briefs = briefs[len(some):]
	}
}

// readAddr reads the address block[from:to], which quickIPv4 has not.
func (b *Brief) readAddr(block []byte, from, to int) bool {
	if len(block)-from >= sixLen {
		if hi, lo, ok := quickIPv6(block[from:], to-from); ok && (hi != 0 || lo>>32 != 0xffff) { // that would be a mapped one
			b.Hi, b.Lo, b.Is6 = hi, lo, true
			return true
		}
	}
	return b.setClient(block[from:to])
}

// setClient reads an address of any shape.
func (b *Brief) setClient(field []byte) bool {
	addr, ok := parseClient(field)
	if !ok || bytes.IndexByte(field, ' ') >= 0 {
		return false
	}
	b.setAddr(addr)
	return true
}

// behindHost returns where the line at from goes on behind its host, colon, port and blank, which must stand before the first mark; -1
// if it has none.
func behindHost(block []byte, from, first int) int {
	n := bytes.IndexByte(block[from:first], ' ')
	if n < 0 || bytes.IndexByte(block[from:from+n], ':') < 0 {
		return -1
	}
	return from + n + 1
}

// briefLong reads `" STATUS BYTES "REFERER" "AGENT"` behind the request and accepts what follows a blank.
func (p *access) briefLong(w *window, want Fields, b *Brief) (used int) {
	const quotes = 6
	if len(w.marks) <= quotes {
		return 0
	}
	block, m := w.block, w.marks[:quotes+1]
	q1, q2, q3, q4 := w.from+int(m[0]), w.from+int(m[1]), w.from+int(m[2]), w.from+int(m[3])
	q6, end := w.from+int(m[5]), w.from+int(m[6])
	if m[4] != m[3]+2 || string(block[q4:q4+3]) != `" "` || block[q2] != '"' || block[q3] != '"' || block[q6] != '"' {
		return 0
	}
	status, ok := briefNumbers(block[q2+1 : q3])
	if !ok {
		return 0
	}
	b.Status = status
	switch used = quotes + 1; {
	case p.brief.openReferer && block[q4-1] == ' ': // the referer would seem to end there
		return 0
	case p.brief.clientLast:
		used = b.lastClient(w)
	case end == q6+1 && w.ends(end):
	case block[q6+1] != ' ' || p.brief.strict:
		return 0
	default:
		used = w.quotesToEnd(quotes)
	}
	b.UserAgent = presentSpan(block, q4+3, q6)
	b.request(block, want, q1+1, q2)
	return used
}

// lastClient reads `" "ADDRESS"` from the sixth quote to the end of the line.
func (b *Brief) lastClient(w *window) (used int) {
	if len(w.marks) < 9 {
		return 0
	}
	q6, q7, q8, end := w.from+int(w.marks[5]), w.from+int(w.marks[6]), w.from+int(w.marks[7]), w.from+int(w.marks[8])
	if q7 != q6+2 || string(w.block[q6:q7+1]) != `" "` || w.block[q8] != '"' || end != q8+1 || !w.ends(end) {
		return 0
	}
	b.Hi, b.Lo = uint64(q7+1), uint64(q8)
	return 9
}

// briefShort reads `" STATUS BYTES` behind the request and accepts what follows a blank.
func (p *access) briefShort(w *window, want Fields, b *Brief) (used int) {
	if len(w.marks) <= 2 {
		return 0
	}
	q1, q2 := w.from+int(w.marks[0]), w.from+int(w.marks[1])
	if w.block[q2] != '"' {
		return 0
	}
	if used = w.quotesToEnd(2); used == 0 {
		return 0
	}
	end := w.from + int(w.marks[used-1])
	numbers := w.block[q2+1 : end]
	if len(numbers) < 6 {
		return 0
	}
	if n := bytes.IndexByte(numbers[5:], ' '); n >= 0 {
		if p.brief.strict {
			return 0
		}
		numbers = numbers[:5+n]
	}
	var scratch Event
	if rest, ok := usualNumbers(numbers, &scratch); !ok || len(rest) > 0 {
		return 0
	}
	b.Status, b.UserAgent = uint16(scratch.Status), Span{}
	b.request(w.block, want, q1+1, q2)
	return used
}

// briefNumbers reads " STATUS BYTES ".
func briefNumbers(b []byte) (status uint16, ok bool) {
	n := len(b) - 1
	if n < 6 || cap(b) < 8 || b[n] != ' ' {
		return 0, false
	}
	const usual, six, more = 0x20_30_30_30_20, 0x06_06_06_00, 0xff_f0_f0_f0_ff // " 000 "; what takes more than 9 over 15; what may not be left
	x := binary.LittleEndian.Uint64(b[:8]) ^ usual                             // digits become 0 to 9
	if (x|(x+six))&more != 0 {
		return 0, false
	}
	status = uint16((x>>8&15)*100 + (x>>16&15)*10 + x>>24&15)
	if b[5] == '-' {
		return status, n == 6
	}
	return status, allDigits(b[5:n])
}

// request splits the request line at block[from:to] if one of its parts is wanted, and else leaves it for Complete in place of the target:
// so a search for a target can look there before.
func (b *Brief) request(block []byte, want Fields, from, to int) {
	if want&(WantMethod|WantTarget) == 0 {
		b.Target = Span{uint32(from), uint32(to)}
		return
	}
	b.setRequest(block, from, to)
}

// Complete splits the request line. Status and user agent are in b already.
func (p *access) Complete(block []byte, b *Brief) {
	b.setRequest(block, int(b.Target.From), int(b.Target.To))
}

// setRequest splits the request line at block[from:to].
func (b *Brief) setRequest(block []byte, from, to int) {
	method, target := requestParts(block[from:to])
	b.Method = Span{uint32(from), uint32(from + len(method))}
	b.Target = Span{}
	if target == nil {
		return
	}
	if method != nil { // the target comes behind the blank behind it
		from += len(method) + 1
	}
	b.Target = Span{uint32(from), uint32(from + len(target))}
}

// presentSpan is present for block[from:to].
func presentSpan(block []byte, from, to int) Span {
	if to == from+1 && block[from] == '-' {
		return Span{}
	}
	return Span{uint32(from), uint32(to)}
}
