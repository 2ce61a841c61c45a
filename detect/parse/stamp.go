package parse

import (
	"encoding/binary"
	"time"
)

// stamps reads time stamps. It remembers the last minute it saw of the forms that are costly, which changes no result.
type stamps struct {
	loc   *time.Location // of stamps without a zone
	clf   clfMinute
	local localMinute
}

func newStamps(o Options) stamps {
	if o.Location == nil {
		o.Location = time.UTC
	}
	return stamps{loc: o.Location}
}

// scan reads the stamp that b starts with, in whichever of the known forms it has; n is its length, 0 if it has none:
// the common log format's with or without its brackets and its zone, a date and a time with or without a zone, a Unix time.
func (s *stamps) scan(b []byte) (t time.Time, n int) {
	switch {
	case len(b) >= wallLen && b[2] == '/':
		return s.scanCLF(b)
	case len(b) >= wallLen+2 && b[0] == '[' && b[3] == '/':
		if t, n = s.scanCLF(b[1:]); n == 0 || n+1 >= len(b) || b[n+1] != ']' {
			return t, 0
		}
		return t, n + 2
	case len(b) >= dateLen && (b[4] == '-' || b[4] == '/'):
		return s.scanDate(b)
	}
	return scanEpoch(b)
}

// scanCLF reads the common log format's stamp at the start of b, with a zone or without one.
func (s *stamps) scanCLF(b []byte) (t time.Time, n int) {
	if len(b) >= clfLen {
		if t, n = s.clf.parse(b); n > 0 {
			return t, n
		}
	}
	return s.scanWall(b)
}

// clfLen is the length of 02/Jan/2006:15:04:05 -0700.
const clfLen = 26

// clfMinute is a minute in the common log format: its bytes without the seconds, and when it began.
type clfMinute struct {
	key   [4]uint64
	began int64 // Unix seconds
}

// parse reads the stamp at the start of b, which holds clfLen bytes or more; n is clfLen, or 0 if there is none.
func (m *clfMinute) parse(b []byte) (t time.Time, n int) {
	unix, ok := m.unix(b)
	if !ok {
		return time.Time{}, 0
	}
	return time.Unix(unix, 0).UTC(), clfLen
}

// unix is parse in Unix seconds.
func (m *clfMinute) unix(b []byte) (unix int64, ok bool) {
	b = b[:clfLen]
	key := [4]uint64{
		binary.LittleEndian.Uint64(b),
		binary.LittleEndian.Uint64(b[8:]),
		binary.LittleEndian.Uint64(b[9:]),
		binary.LittleEndian.Uint64(b[18:]) >> 16, // " -0700"
	}
	if key != m.key && !m.learn(b, key) {
		return 0, false
	}
	hi, lo := b[18]-'0', b[19]-'0'
	sec := int64(hi)*10 + int64(lo)
	return m.began + sec, hi <= 9 && lo <= 9 && sec <= 60 && b[17] == ':'
}

// learn remembers the minute of the stamp b, whose key is given.
func (m *clfMinute) learn(b []byte, key [4]uint64) bool {
	day, ok1 := twoDigits(b)
	month := monthNumber(b[3:])
	year, ok2 := fourDigits(b[7:])
	hour, ok3 := twoDigits(b[12:])
	minute, ok4 := twoDigits(b[15:])
	offset, n := scanZone(b[21:])
	shape := b[2] == '/' && b[6] == '/' && b[11] == ':' && b[14] == ':' && b[20] == ' '
	if !(ok1 && ok2 && ok3 && ok4 && shape) || n != 5 || hour > 23 || minute > 59 || !isDay(year, month, day) {
		return false
	}
	m.key = key
	m.began = unixDay(year, month, day)*86400 + int64(hour)*3600 + int64(minute)*60 - int64(offset)
	return true
}

// monthNumber reads an English month's three letters at the start of b: 1 to 12, or 0.
func monthNumber(b []byte) int {
	switch string(b[:3]) {
	case "Jan":
		return 1
	case "Feb":
		return 2
	case "Mar":
		return 3
	case "Apr":
		return 4
	case "May":
		return 5
	case "Jun":
		return 6
	case "Jul":
		return 7
	case "Aug":
		return 8
	case "Sep":
		return 9
	case "Oct":
		return 10
	case "Nov":
		return 11
	case "Dec":
		return 12
	}
	return 0
}

// scanZone reads Z, +07:00, +0700 or +07 at the start of b: seconds east of Greenwich and the length, 0 if there is none.
func scanZone(b []byte) (offset, n int) {
	if len(b) > 0 && b[0] == 'Z' {
		return 0, 1
	}
	if len(b) < 3 || b[0] != '+' && b[0] != '-' {
		return 0, 0
	}
	hour, ok := twoDigits(b[1:])
	if !ok || hour > 23 {
		return 0, 0
	}
	n = 3
	rest := b[3:]
	if len(rest) > 0 && rest[0] == ':' {
		rest = rest[1:]
	}
	minute, ok := twoDigits(rest)
	if ok = ok && minute < 60; ok {
		n = len(b) - len(rest) + 2
	} else {
		minute = 0
	}
	offset = hour*3600 + minute*60
	if b[0] == '-' {
		offset = -offset
	}
	return offset, n
}

// twoDigits reads the number of exactly two digits at the start of b.
func twoDigits(b []byte) (int, bool) {
	if len(b) < 2 {
		return 0, false
	}
	hi, lo := b[0]-'0', b[1]-'0'
	return int(hi)*10 + int(lo), hi <= 9 && lo <= 9
}

// fourDigits reads the number of exactly four digits at the start of b.
func fourDigits(b []byte) (int, bool) {
	if len(b) < 4 {
		return 0, false
	}
	hi, ok1 := twoDigits(b)
	lo, ok2 := twoDigits(b[2:])
	return hi*100 + lo, ok1 && ok2
}

// isDay tells whether the Gregorian calendar has the day.
func isDay(year, month, day int) bool {
	if month < 1 || month > 12 || day < 1 || day > 31 {
		return false
	}
	switch month {
	case 4, 6, 9, 11:
		return day <= 30
	case 2:
		leap := year%4 == 0 && (year%100 != 0 || year%400 == 0)
		return day <= 28 || leap && day == 29
	}
	return true
}

// unixDay counts the days from 1970-01-01 to a day of the Gregorian calendar. Years begin in March here, so that the leap day comes
// last and 153 days make every five months.
func unixDay(year, month, day int) int64 {
	if month <= 2 {
		year--
		month += 12
	}
	era := year / 400
	ofEra := year - era*400
	ofYear := (153*(month-3)+2)/5 + day - 1
	return int64(era)*146097 + int64(ofEra*365+ofEra/4-ofEra/100+ofYear) - 719468
}
