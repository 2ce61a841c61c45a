package parse

import "time"

// dateLen is the length of 2006-01-02T15:04:05 and of 2006/01/02 15:04:05.
const dateLen = 19

// scanDate reads RFC 3339 or something near it at the start of b: dashes or slashes, T or a blank, a fraction after a dot or comma,
// any zone of scanZone after an optional blank. Without a zone the stamp is in s.loc.
func (s *stamps) scanDate(b []byte) (t time.Time, n int) {
	year, ok1 := fourDigits(b)
	month, ok2 := twoDigits(b[5:])
	day, ok3 := twoDigits(b[8:])
	sec, ok4 := scanClock(b[11:])
	if !(ok1 && ok2 && ok3 && ok4) || b[7] != b[4] || b[10] != 'T' && b[10] != ' ' || !isDay(year, month, day) {
		return time.Time{}, 0
	}
	nanos, n := scanFraction(b[dateLen:])
	n += dateLen
	at := unixDay(year, month, day)*86400 + int64(sec)
	offset, zone := scanZone(b[n:])
	if zone == 0 && n+1 < len(b) && b[n] == ' ' {
		if offset, zone = scanZone(b[n+1:]); zone == 5 {
			zone++
		} else {
			offset, zone = 0, 0
		}
	}
	if zone > 0 {
		return time.Unix(at-int64(offset), nanos).UTC(), n + zone
	}
	return s.local.unix(at, s.loc).Add(time.Duration(nanos)), n
}

// wallLen is the length of 02/Jan/2006:15:04:05.
const wallLen = 20

// scanWall reads the common log format's stamp without a zone at the start of b, perhaps with a fraction. It is in s.loc.
func (s *stamps) scanWall(b []byte) (t time.Time, n int) {
	if len(b) < wallLen || b[2] != '/' || b[6] != '/' || b[11] != ':' {
		return t, 0
	}
	day, ok1 := twoDigits(b)
	year, ok2 := fourDigits(b[7:])
	clock, ok3 := scanClock(b[12:])
	month := monthNumber(b[3:])
	if !(ok1 && ok2 && ok3) || !isDay(year, month, day) {
		return t, 0
	}
	nanos, n := scanFraction(b[wallLen:])
	wall := unixDay(year, month, day)*86400 + int64(clock)
	return s.local.unix(wall, s.loc).Add(time.Duration(nanos)), wallLen + n
}

// scanClock reads 15:04:05 at the start of b, as seconds of the day.
func scanClock(b []byte) (sec int, ok bool) {
	if len(b) < 8 || b[2] != ':' || b[5] != ':' {
		return 0, false
	}
	h, ok1 := twoDigits(b)
	m, ok2 := twoDigits(b[3:])
	s, ok3 := twoDigits(b[6:])
	return h*3600 + m*60 + s, ok1 && ok2 && ok3 && h <= 23 && m <= 59 && s <= 60
}

// scanFraction reads a dot or comma and digits at the start of b as nanoseconds; n is 0 if there is none.
func scanFraction(b []byte) (nanos int64, n int) {
	if len(b) < 2 || b[0] != '.' && b[0] != ',' {
		return 0, 0
	}
	unit := int64(1e9)
	for n = 1; n < len(b) && b[n]-'0' <= 9; n++ {
		unit /= 10
		nanos += int64(b[n]-'0') * unit
	}
	if n == 1 {
		return 0, 0
	}
	return nanos, n
}

// localMinute remembers what a minute on the wall of a zone is in Unix time. Zones change at whole minutes.
type localMinute struct {
	wall  int64 // minutes since 1970 as the wall clock shows them
	began int64 // Unix seconds
	known bool
}

// unix turns seconds since 1970 as a wall clock in loc shows them into a time. In the hour that comes twice in autumn it takes what
// time.Date takes, the first or second as the zone's database has it.
func (m *localMinute) unix(wall int64, loc *time.Location) time.Time {
	if loc == time.UTC {
		return time.Unix(wall, 0).UTC()
	}
	if minute := floorDiv(wall, 60); !m.known || m.wall != minute {
		utc := time.Unix(minute*60, 0).UTC()
		y, mo, d := utc.Date()
		m.began = time.Date(y, mo, d, utc.Hour(), utc.Minute(), 0, 0, loc).Unix()
		m.wall, m.known = minute, true
	}
	return time.Unix(m.began+wall-m.wall*60, 0).UTC()
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// scanEpoch reads a Unix time with an optional fraction at the start of b. It is in seconds up to 99,999,999,999 (the year 5138), in
// milli-, micro- or nanoseconds when it has the digits for it.
func scanEpoch(b []byte) (t time.Time, n int) {
	v, n := scanEpochDigits(b)
	if n == 0 {
		return time.Time{}, 0
	}
	unit := int64(time.Second)
	for limit := int64(1e11); unit > 1 && v >= limit; limit *= 1000 {
		unit /= 1000
	}
	perSecond := int64(time.Second) / unit
	nanos, f := scanFraction(b[n:])
	return time.Unix(v/perSecond, v%perSecond*unit+nanos/perSecond).UTC(), n + f
}

// scanEpochDigits reads up to 19 digits that fit an int64.
func scanEpochDigits(b []byte) (v int64, n int) {
	v, n = scanNumber(b)
	if n == 18 && n < len(b) && b[n]-'0' <= 9 && v < 922337203685477580 {
		v, n = v*10+int64(b[n]-'0'), n+1
	}
	return v, n
}
