package detect

import "cidrx/detect/cidr"

const (
	maxLine   = 1 << 10
	keptText  = 3 << 19 // bytes of lines
	keptLines = 1 << 13
	perHost   = 3       // lines of one host kept of a second, the last ones: a loud host must not push out the quiet ones
	perSecond = 1 << 10 // places given out in a second, for lines that passed some filter, and for those that passed none
	roomStep  = 1 << 6  // bytes; lines of one host differ by less, mostly, so that the next one fits in place of another
)

// lines keeps the newest matched lines of all strategies, in less than 2 MiB.
type lines struct {
	text   []byte
	at     uint64 // bytes ever given out, gaps included: text[at%len] is next
	kept   []line // a ring
	n      uint64 // lines ever kept, those that took the place of another left out
	recent [1 << 11]recent
	second int64 // that the budgets are for
	search int
	keep   [2]int // without and with a filter passed
}

// line is one kept line.
type line struct {
	key  cidr.Key
	mask Mask
	at   uint64 // as lines.at was
	len  uint16
	room uint16 // bytes from at on that are this line's; at least len
}

// recent are the lines of one host in one second.
type recent struct {
	key  cidr.Key
	sec  int64
	n    uint8
	kept [perHost]uint16 // where in lines.kept the first n of them are, the oldest first
}

// renew sets the budgets at the start of a second.
func (l *lines) renew(sec int64) {
	if l.second != sec {
		l.second, l.search, l.keep = sec, searchBudget, [2]int{perSecond, perSecond}
	}
}

// add keeps a line of the host k for the strategies of mask; of more than perHost in a second it takes the place of the oldest. kind is
// 1 if it passed a filter: those say more.
func (l *lines) add(k cidr.Key, mask Mask, kind int, sec int64, text []byte) {
	l.renew(sec)
	if len(text) == 0 {
		return
	}
	text = text[:min(len(text), maxLine)]
	r := l.recentOf(k, sec)
	mine := r.of(k, sec)
	if mine && r.n == perHost {
		l.replace(r, mask, kind, text)
		return
	}
	if l.keep[kind] == 0 {
		return
	}
	if !mine {
		*r = recent{key: k, sec: sec}
	}
	if l.text == nil {
		l.text, l.kept = make([]byte, keptText), make([]line, keptLines)
	}
	l.keep[kind]--
	place := l.n % keptLines
	l.kept[place] = l.write(line{key: k, mask: mask}, text)
	r.kept[r.n] = uint16(place)
	r.n++
	l.n++
}

// recentOf is where the lines of k of this second are listed, or can be. Where too many hosts want the same place, one gives way to the
// next, and then has more lines kept, as long as there are places.
func (l *lines) recentOf(k cidr.Key, sec int64) *recent {
	const tries = 4
	home, free := k.Hash(), (*recent)(nil)
	for i := range uint64(tries) {
		r := &l.recent[(home+i)%uint64(len(l.recent))]
		if r.of(k, sec) {
			return r
		}
		if free == nil && (r.sec != sec || r.n == 0) {
			free = r
		}
	}
	if free == nil {
		free = &l.recent[home%uint64(len(l.recent))]
	}
	return free
}

func (r *recent) of(k cidr.Key, sec int64) bool { return r.key == k && r.sec == sec && r.n > 0 }

// replace keeps a line in place of the oldest of r, which has perHost of them. They move up, so that what is later in the ring stays newer.
func (l *lines) replace(r *recent, mask Mask, kind int, text []byte) {
	oldest := l.kept[r.kept[0]]
	oldest.mask = mask
	if len(text) > int(oldest.room) || l.overwritten(&oldest) {
		if l.keep[kind] == 0 {
			return
		}
		l.keep[kind]--
		oldest.room = 0
	}
	for i, place := range r.kept[1:] {
		l.kept[r.kept[i]] = l.kept[place]
	}
	l.kept[r.kept[perHost-1]] = l.write(oldest, text)
}

// write puts text into the room of to, or into a new one if it has none.
func (l *lines) write(to line, text []byte) line {
	if to.room == 0 {
		to.room = uint16((len(text) + roomStep - 1) / roomStep * roomStep)
		to.at = l.give(uint64(to.room))
	}
	to.len = uint16(copy(l.text[to.at%keptText:], text))
	return to
}

// give returns where the next size bytes of text are. They are never in two pieces.
func (l *lines) give(size uint64) uint64 {
	if left := keptText - l.at%keptText; left < size {
		l.at += left
	}
	at := l.at
	l.at += size
	return at
}

// rewind is for when the clock was set back: seconds come again whose lines have left the ring.
func (l *lines) rewind() { clear(l.recent[:]) }

// overwritten says whether the text of a line is gone.
func (l *lines) overwritten(kept *line) bool { return l.at-kept.at > keptText }
