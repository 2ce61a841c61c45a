// Package journal reads the entries of systemd units from the journal and hands out their messages in chunks of lines, as package tail
// does those of files. A journalctl that runs as a child does the reading: its file format is nobody else's business, and the agent
// stays one static binary.
//
// Each entry is handed out once, however agent, journalctl and journald are stopped and started, as long as the journal still has it.
// Entries can be forged by whoever may run a process of the unit. Only those of its processes that run as root count, so that nobody who
// can run logger(1) has a say; both fields are set by journald itself (systemd.journal-fields(7), "trusted").
package journal

import (
	"cmp"
	"context"
	"log/slog"
	"runtime"
	"time"

	"cidrx/agent/tail"
)

// Options say what is read. Units is needed, the zero value of everything else works.
type Options struct {
	Units   []string        // names of units with their type, such as "ssh.service"
	AnyUser bool            // entries of processes that do not run as root, too
	Resume  []tail.Position // as tail.Merge left them in the last run, and Adopt picked them
	StartAt tail.Start      // at the first start

	// WindowStart is where the window begins: with Resume, what lies between it and the position is handed out first, as WarmUp, up
	// to 64 MiB; at a first start AtWindow, reading begins there.
	WindowStart time.Time

	// Header says of which programs' messages the lines begin with a syslog header. nil: of none.
	Header func(program []byte) bool

	Command []string         // what is run, with its first arguments; nil: journalctl
	Clock   func() time.Time // nil: time.Now
	Retry   time.Duration    // how long to wait before journalctl is started again, at first; 0: 1 s
	Log     *slog.Logger     // nil: nothing is logged

	machine string // the machine-id(5) in entries of this host; "": as /etc/machine-id says
}

const (
	longestRetry = time.Minute     // and at last
	settled      = 5 * time.Second // a journalctl that has run so long is all right
	maxWarmUp    = 64 << 20        // bytes of messages
)

// Follower reads the journal of one source. All but Status and Ready belongs to the goroutine that runs it.
type Follower struct {
	opt   Options
	log   *slog.Logger
	pos   tail.Position // of the entry handed out last, or of the time to begin at
	saved bool          // pos comes from an earlier run
	out   *output
	ready chan struct{}

	state
}

// New makes a Follower. Nothing is run before Run.
func New(opt Options) *Follower {
	opt.Retry = cmp.Or(opt.Retry, time.Second)
	if opt.Command == nil {
		opt.Command = []string{"journalctl"}
	}
	if opt.Header == nil {
		opt.Header = func([]byte) bool { return false }
	}
	if opt.Clock == nil {
		opt.Clock = time.Now
	}
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	if opt.machine == "" {
		opt.machine = machineID()
	}
	return &Follower{opt: opt, log: opt.Log, ready: make(chan struct{})}
}

// Ready is closed once Run knows where it begins: what is written from then on is read.
func (f *Follower) Ready() <-chan struct{} { return f.ready }

// Run follows until ctx is done, and then returns nil. While the journal cannot be read, Status says why, and it tries again. It returns
// an error only when emit did. emit is called from this goroutine alone and may block. A Follower runs once.
func (f *Follower) Run(ctx context.Context, emit func(tail.Chunk) error) error {
	runtime.LockOSThread() // a child dies with the thread that started it (PR_SET_PDEATHSIG, prctl(2)), so that thread has to stay
	defer runtime.UnlockOSThread()
	f.out = newOutput(emit)
	f.begin()
	f.out.position(f.pos)
	f.out.flush()
	close(f.ready)
	f.lookForUnits(ctx)
	if f.saved {
		f.warmUp(ctx)
	}
	wait := f.opt.Retry
	for f.out.err == nil && ctx.Err() == nil {
		before := f.pos
		err := f.follow(ctx)
		if ctx.Err() != nil || f.out.err != nil {
			break
		}
		f.failed(err)
		if f.pos != before {
			wait = f.opt.Retry
		}
		sleep(ctx, wait)
		wait = min(2*wait, longestRetry)
	}
	return f.out.err
}

// begin decides where reading begins.
func (f *Follower) begin() {
	f.pos = tail.Position{Path: pathOf(f.opt.Units), Since: f.opt.Clock().UnixNano()}
	if p := Adopt(f.opt.Units, f.opt.Resume); len(p) > 0 {
		f.pos, f.saved = p[0], true
	} else if f.opt.StartAt == tail.AtWindow && !f.opt.WindowStart.IsZero() {
		f.pos.Since = f.opt.WindowStart.UnixNano()
	}
}

// follow reads what there is and then what comes, until journalctl ends or ctx does. It takes two runs: one that follows shows entries
// of the latest boot only (journalctl 252, whatever --boot says), and what was written before a reboot is to be read, too.
func (f *Follower) follow(ctx context.Context) error {
	defer time.AfterFunc(settled, f.recovered).Stop()
	started := f.opt.Clock()
	if err := f.catchUp(ctx, started); err != nil || f.out.err != nil {
		return err
	}
	seen := f.pos.Cursor
	err := f.run(ctx, f.following(ctx), func(e *entry) bool {
		f.alive()
		if e.cursor != seen {
			f.entry(e, kindOf(e, started))
		}
		return f.out.err == nil
	})
	if err == nil {
		err = &endedError{}
	}
	return err
}

// catchUp reads what has been written since the position. That begins with the entry that was read last: if it does not, the journal
// does not have that any more, nor, perhaps, what came next.
func (f *Follower) catchUp(ctx context.Context, started time.Time) error {
	at, first := f.pos, true
	err := f.run(ctx, f.entries(seek(at)), func(e *entry) bool {
		f.alive()
		known := e.cursor == at.Cursor
		if first && at.Cursor != "" && !known {
			f.lostPlace(at)
		}
		if first = false; !known {
			f.entry(e, kindOf(e, started))
		}
		return f.out.err == nil
	})
	if refusedCursor(err) {
		f.lostPlace(at)
		f.pos.Cursor, f.pos.Since = "", at.Since+int64(time.Microsecond)
	}
	return err
}

// kindOf says whether an entry was there already when reading it was begun.
func kindOf(e *entry, started time.Time) tail.Kind {
	if e.time.Before(started) {
		return tail.CatchUp
	}
	return tail.Live
}

// entry hands out one entry, or counts what it says.
func (f *Follower) entry(e *entry, kind tail.Kind) {
	if kind != tail.WarmUp {
		f.pos.Cursor, f.pos.Since = e.cursor, e.time.UnixNano()
	}
	switch {
	case e.isSuppression():
		if kind != tail.WarmUp {
			f.suppressed(e, f.opt.Units)
		}
	case len(e.message) == 0:
		if kind != tail.WarmUp {
			f.count(&f.empty)
		}
	default:
		line, cut := e.line(f.opt.Header)
		f.out.add(line, cut, e.time, kind)
	}
	if kind != tail.WarmUp {
		f.out.position(f.pos)
	}
}

// warmUp hands out again what lies between the start of the window and the position.
func (f *Follower) warmUp(ctx context.Context) {
	saved := time.Unix(0, f.pos.Since)
	if f.pos.Cursor == "" || f.opt.WindowStart.IsZero() || !f.opt.WindowStart.Before(saved) {
		return
	}
	size := 0
	err := f.run(ctx, f.entries("--since="+at(f.opt.WindowStart), "--until="+at(saved)), func(e *entry) bool {
		f.entry(e, tail.WarmUp)
		size += len(e.message)
		return e.cursor != f.pos.Cursor && size < maxWarmUp && f.out.err == nil
	})
	if err != nil && ctx.Err() == nil {
		f.log.Warn("the windows begin empty: the journal could not be read again", "error", err)
	}
}

// entries are arguments and, behind them, the matches of all that is read.
func (f *Follower) entries(args ...string) []string {
	return append(append(args, unitMatches(f.opt.Units, f.opt.AnyUser)...), suppressionMatches...)
}

// Status says how it stands, in one row. It may be called from any goroutine.
func (f *Follower) Status() []tail.FileStatus { return []tail.FileStatus{f.status(f.opt.Units)} }

func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
