// Package logtest makes logs of any size for benchmarks and tests of whole logs: the same bytes for the same options, with visitors,
// crawlers, scanners, and several botnets among them.
package logtest

import (
	"bufio"
	"io"
	"math/rand/v2"
	"net/netip"
	"time"
)

// Options say what log to make.
type Options struct {
	Lines     int    // at the least 4 for each address, so that all of these come up
	Addresses int    // distinct hosts, at the least 1,000: IPv4 addresses, and one in 30 an IPv6 /64
	Format    Format // of the lines
	Seed      uint64
}

// Format is how lines are written.
type Format int

// The formats. Combined lines have some 200 bytes on the average, those of Caddy some 1,000.
const (
	Combined Format = iota
	Caddy
)

// Length is how long a log lasts, whatever its number of lines.
const Length = 24 * time.Hour

// Start is the time of the first line.
var Start = time.Date(2026, 3, 14, 0, 0, 0, 0, time.UTC)

// Log is a log that can be written as often as needed.
type Log struct {
	Botnets []Botnet
	options Options
	crowd   []netip.Addr // everybody else
}

// Botnet is a network of which many hosts, or a few loud ones, attack together.
type Botnet struct {
	Prefix netip.Prefix
	Hosts  int
	Share  float64 // of all lines, about
	agents []string
	hosts  []netip.Addr
}

// New chooses who comes up in a log.
func New(o Options) *Log {
	l := &Log{options: o, Botnets: botnets(o.Addresses)}
	r := l.random(1)
	seen := map[netip.Addr]bool{}
	for i := range l.Botnets {
		l.Botnets[i].settle(r, seen)
	}
	l.crowd = visitors(r, o.Addresses-len(seen), seen)
	return l
}

// random is always the same sequence for the same purpose.
func (l *Log) random(purpose uint64) *rand.Rand {
	return rand.New(rand.NewPCG(l.options.Seed, purpose))
}

// WriteTo writes the log, the same one each time.
func (l *Log) WriteTo(w io.Writer) (int64, error) {
	s := &scene{log: l, rand: l.random(2)}
	out := bufio.NewWriterSize(w, 1<<18)
	var written int64
	for i := range l.options.Lines {
		s.at(i)
		n, err := out.Write(s.next())
		written += int64(n)
		if err != nil {
			return written, err
		}
	}
	return written, out.Flush()
}
