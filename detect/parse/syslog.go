package parse

import (
	"bytes"
	"time"
)

// entry is a line of a syslog file taken apart.
type entry struct {
	time    time.Time
	program []byte // without its process id
	pid     int    // 0 if not logged
	message []byte
}

// syslog reads the head of syslog lines: a stamp ("Jan _2 15:04:05" without a year, or RFC 3339), the host, perhaps a facility and
// severity as busybox writes them, the program with or without its process id, and a colon.
type syslog struct {
	stamps stamps
	year   func() time.Time
}

func newSyslog(opts Options) syslog {
	s := syslog{stamps: newStamps(opts), year: opts.Year}
	if s.year == nil {
		s.year = func() time.Time { return time.Date(1970, time.December, 31, 0, 0, 0, 0, time.UTC) }
	}
	return s
}

const (
	errSyslog     = failure("the line does not begin like one of a syslog file")
	errSyslogTime = failure("the line does not begin with a time stamp")
)

// read takes line apart.
func (s *syslog) read(line []byte) (e entry, err error) {
	var n int
	if e.time, n = s.stamp(line); n == 0 {
		return entry{}, errSyslogTime
	}
	err = e.behindStamp(line[n:])
	return e, err
}

// behindStamp reads what follows the stamp.
func (e *entry) behindStamp(b []byte) error {
	_, rest, err := word(b) // host
	if err != nil {
		return err
	}
	tag, rest, err := word(rest)
	if err == nil && isPriority(tag) {
		tag, rest, err = word(rest)
	}
	if err != nil || tag[len(tag)-1] != ':' {
		return errSyslog
	}
	e.program, e.pid = splitTag(tag[:len(tag)-1])
	e.message = bytes.TrimLeft(rest, " ")
	return nil
}

// stampLength is the length of the stamp at the start of b, 0 if there is none: for those who have a better one.
func (s *syslog) stampLength(b []byte) int {
	if len(b) >= dateLen && b[4] == '-' {
		_, n := s.stamps.scanDate(b)
		return n
	}
	if len(b) < yearlessLen || b[3] != ' ' || b[6] != ' ' || monthNumber(b) == 0 {
		return 0
	}
	if _, ok := scanClock(b[7:]); !ok {
		return 0
	}
	return yearlessLen
}

// word reads a blank and the text up to the next one, which must not be empty.
func word(b []byte) (w, rest []byte, err error) {
	if len(b) < 2 || b[0] != ' ' || b[1] == ' ' {
		return nil, nil, errSyslog
	}
	b = b[1:]
	n := bytes.IndexByte(b, ' ')
	if n < 0 {
		n = len(b)
	}
	return b[:n], b[n:], nil
}

// isPriority tells whether w is a facility and a severity, such as auth.info.
func isPriority(w []byte) bool {
	dot := false
	for _, c := range w {
		if c == '.' && !dot {
			dot = true
		} else if (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return false
		}
	}
	return dot
}

// splitTag splits program[123].
func splitTag(tag []byte) (program []byte, pid int) {
	open := bytes.IndexByte(tag, '[')
	if open < 0 || tag[len(tag)-1] != ']' {
		return tag, 0
	}
	if v, n := scanNumber(tag[open+1:]); n > 0 && n < 10 && open+1+n == len(tag)-1 {
		pid = int(v)
	}
	return tag[:open], pid
}

// stamp reads the stamp at the start of b; n is its length, 0 if there is none.
func (s *syslog) stamp(b []byte) (t time.Time, n int) {
	if len(b) >= dateLen && b[4] == '-' {
		return s.stamps.scanDate(b)
	}
	return s.yearless(b)
}

// yearlessLen is the length of Jan _2 15:04:05.
const yearlessLen = 15

// yearless reads a stamp without a year: that of the reference, minus one if the time would lie over a day ahead of it. February 29
// goes back to the year that had one.
func (s *syslog) yearless(b []byte) (t time.Time, n int) {
	if len(b) < yearlessLen || b[3] != ' ' || b[6] != ' ' {
		return t, 0
	}
	month := monthNumber(b)
	day, ok := twoDigits(b[4:])
	if b[4] == ' ' {
		day, ok = int(b[5]-'0'), b[5]-'0' <= 9
	}
	clock, clockOK := scanClock(b[7:])
	if !ok || !clockOK || !isDay(2000, month, day) {
		return t, 0
	}
	now := s.year()
	for year := now.In(s.stamps.loc).Year(); ; year-- {
		wall := unixDay(year, month, day)*86400 + int64(clock)
		if !isDay(year, month, day) || wall > now.Unix()+3*86400 { // ahead in any zone
			continue
		}
		t = s.stamps.local.unix(wall, s.stamps.loc)
		if !t.After(now.Add(24 * time.Hour)) {
			return t, yearlessLen
		}
	}
}
