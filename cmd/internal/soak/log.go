package main

import (
	"fmt"
	"net/netip"
	"os"
	"slices"
	"sync"
	"time"

	"cidrx/cmd/internal/rig"
)

// accessLog is the log as a web server and logrotate treat it. It knows how many lines it has had.
type accessLog struct {
	host   *rig.Host
	blocks []*rig.Block
	cast   *cast

	mu    sync.Mutex // held while a block is written: whoever holds it stops the traffic
	file  *os.File
	text  []byte
	lines uint64
	bytes uint64
	turns int
	old   []rotated
	kept  int64 // bytes of files there were at most
}

// rotated is a file that nobody writes to any more.
type rotated struct {
	path   string
	closed time.Time
	size   int64
}

// newAccessLog is a log of the host with so many ordinary lines in each tick.
func newAccessLog(h *rig.Host, c *cast, p plan) (*accessLog, error) {
	f, err := h.OpenLog()
	if err != nil {
		return nil, err
	}
	t := rig.NewTraffic(1, p.addresses)
	t.Hosts = ordinary(t.Hosts)
	return &accessLog{host: h, cast: c, file: f, blocks: t.Blocks(p.lines / ticks)}, nil
}

// ticks are the writes in a second.
const ticks = 1000

// run writes ordinary traffic and the attackers' at a steady pace until done is closed.
func (l *accessLog) run(done <-chan struct{}) error {
	return rig.Pace(done, time.Second/ticks, func(i int) error {
		l.mu.Lock()
		defer l.mu.Unlock()
		block := l.blocks[i%len(l.blocks)]
		now := time.Now()
		return l.write(append(l.text[:0], block.At(now)...), block.Lines(), now)
	})
}

// write writes text with so many lines, and what the attackers have to send until now. The caller holds mu.
func (l *accessLog) write(text []byte, lines int, now time.Time) error {
	text, crossing, n := l.cast.lines(text, now)
	l.cast.crossed(crossing, time.Now())
	l.text = text
	if _, err := l.file.Write(text); err != nil {
		return err
	}
	l.lines += uint64(lines + n)
	l.bytes += uint64(len(text))
	return nil
}

// mark writes all the lines of a new attacker now. When that is banned, everything before has been counted. The caller holds mu.
func (l *accessLog) mark() (*attacker, error) {
	now := time.Now()
	a := l.cast.one(now)
	return a, l.write(l.text[:0], 0, now)
}

// moveAway renames the log, as logrotate does: the server goes on writing to it.
func (l *accessLog) moveAway() error {
	l.turns++
	return os.Rename(l.host.Path("access.log"), l.turned())
}

func (l *accessLog) turned() string { return l.host.Path(fmt.Sprintf("access.log.%d", l.turns)) }

// reopen has the server begin a new log.
func (l *accessLog) reopen() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	info, err := l.file.Stat()
	if err != nil {
		return err
	}
	if err := l.file.Close(); err != nil {
		return err
	}
	l.old = append(l.old, rotated{l.turned(), time.Now(), info.Size()})
	var sum int64
	for _, r := range l.old {
		sum += r.size
	}
	l.kept = max(l.kept, sum)
	l.file, err = l.host.OpenLog()
	return err
}

// keptFiles is how many rotated files stay in any case: what is read again after a kill may be in them.
const keptFiles = 2

// forget deletes rotated files that were closed before everything until then had been counted. The caller holds mu.
func (l *accessLog) forget(counted time.Time) error {
	for len(l.old) > keptFiles && l.old[0].closed.Before(counted) {
		if err := os.Remove(l.old[0].path); err != nil {
			return err
		}
		l.old = l.old[1:]
	}
	return nil
}

// written is how many lines and bytes were.
func (l *accessLog) written() (lines, bytes uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lines, l.bytes
}

// ordinary leaves out hosts where those are that attack or are banned all the time.
func ordinary(hosts []netip.Addr) []netip.Addr {
	return slices.DeleteFunc(hosts, func(a netip.Addr) bool {
		return attackSpace.Contains(a) || attackNetworkSpace.Contains(a) || rig.HostSpace.Contains(a) || rig.NetworkSpace.Contains(a)
	})
}
