package journal

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"cidrx/agent/tail"
)

// state is what Status tells.
type state struct {
	mu       sync.Mutex
	trouble  string // why nothing can be read at present
	doubt    string // why nothing may come although journalctl runs
	note     string // what else may be amiss
	empty    uint64 // entries without a message
	huge     uint64 // entries too long to be read
	garbled  uint64 // lines of journalctl's that are no entries
	gone     uint64 // times that the entry where we stood was not in the journal any more
	quenched uint64 // messages that journald suppressed
	restarts uint64
}

func (s *state) status(units []string) tail.FileStatus {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := tail.FileStatus{Path: "journal of " + strings.Join(units, ", "), Error: s.trouble, Losses: []tail.Loss{
		{What: "messages suppressed by journald's rate limit", N: s.quenched},
		{What: "gaps: the journal was vacuumed before it was read", N: s.gone},
		{What: "journal entries without a message", N: s.empty},
		{What: "journal entries over 8 MiB", N: s.huge},
		{What: "lines of journalctl that are no entries", N: s.garbled},
		{What: "restarts of journalctl", N: s.restarts},
	}}
	if st.Error == "" {
		st.Error = s.doubt
	}
	st.Note = s.note
	return st
}

func (s *state) count(n *uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	*n++
}

// alive notes that entries come.
func (s *state) alive() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.trouble, s.doubt, s.note = "", "", ""
}

// recovered notes that journalctl runs.
func (s *state) recovered() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.trouble = ""
}

// failed notes how journalctl ended.
func (f *Follower) failed(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.restarts++
	if f.trouble != err.Error() {
		f.log.Error("the journal cannot be read; trying again", "error", err)
	}
	f.trouble = err.Error()
}

// complained notes what journalctl says while it runs on.
func (f *Follower) complained(line string) {
	f.log.Warn("journalctl complains", "said", line)
	if hint := permission(line); hint != "" {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.doubt = hint
	}
}

// lostPlace notes that the entry where we stood is gone. Reading goes on with the next one there is.
func (f *Follower) lostPlace(p tail.Position) {
	f.count(&f.gone)
	f.log.Error("entries of the journal were deleted before they were read; going on with the oldest there is",
		"read_until", time.Unix(0, p.Since).UTC(), "next", "raise SystemMaxUse= in journald.conf, or let the agent run")
}

// suppressed counts what journald has suppressed of the units.
func (f *Follower) suppressed(e *entry, units []string) {
	n := e.suppression(units)
	if n == 0 {
		return
	}
	f.mu.Lock()
	f.quenched += n
	f.mu.Unlock()
	f.log.Warn("journald's rate limit suppressed messages", "messages", n, "at", e.time.UTC(), "next", "set LogRateLimitBurst= of the unit higher (systemd.exec(5))")
}

// lookForUnits says so when the journal has no entry of the units: they may have another name here.
func (f *Follower) lookForUnits(ctx context.Context) {
	if f.has(ctx, f.opt.Units) || ctx.Err() != nil {
		return
	}
	names := strings.Join(f.opt.Units, ", ")
	note, doubt := fmt.Sprintf("the journal has no entry of %s yet; systemctl status %s says whether there is such a unit", names, strings.Join(f.opt.Units, " ")), ""
	for _, u := range f.opt.Units {
		if other := otherName[u]; other != "" && f.has(ctx, []string{other}) {
			note, doubt = "", fmt.Sprintf("the journal has no entry of %s, but of %s: name that", names, other)
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.note, f.doubt = note, doubt
}

// otherName are names that one service has on different systems. Trusted fields of the journal have the unit's own, never an alias.
var otherName = map[string]string{"ssh.service": "sshd.service", "sshd.service": "ssh.service"}

// has says whether the journal has an entry of the units; true as well if that cannot be told.
func (f *Follower) has(ctx context.Context, units []string) bool {
	probe := &Follower{opt: f.opt, log: f.log, out: newOutput(func(tail.Chunk) error { return nil })}
	found := false
	err := probe.run(ctx, append([]string{"--lines=1"}, unitMatches(units, f.opt.AnyUser)...), func(*entry) bool { found = true; return false })
	return found || err != nil
}

// complaints is journalctl's standard error: its lines are reported, the first few of them, and the last one is kept.
type complaints struct {
	report func(line string)

	mu   sync.Mutex
	n    int
	part []byte
	line string
}

const (
	maxComplaints = 10
	maxComplaint  = 500
)

func (c *complaints) Write(b []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := len(b)
	for len(b) > 0 {
		line, rest, whole := bytes.Cut(b, []byte("\n"))
		c.part = append(c.part, line[:min(len(line), maxComplaint-min(maxComplaint, len(c.part)))]...)
		b = rest
		if whole {
			c.end()
		}
	}
	return n, nil
}

// end deals with a whole line.
func (c *complaints) end() {
	line := strings.TrimSpace(string(c.part))
	c.part = c.part[:0]
	if line == "" || strings.HasPrefix(line, "-- ") { // "-- No entries --"
		return
	}
	c.line = line
	if c.n++; c.n <= maxComplaints {
		c.report(line)
	}
}

func (c *complaints) last() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.line
}
