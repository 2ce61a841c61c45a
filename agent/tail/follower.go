package tail

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/fsnotify/fsnotify"
)

const (
	maxFiles    = 512         // files followed by one source, rotated ones apart
	maxOld      = 32          // rotated files kept open for one path
	keepOld     = 8           // of these, the youngest, which stay open even if there are too many
	rescanEvery = time.Minute // a full look although nothing seems to have changed
)

// Follower follows the files of one source. All but Status and Ready belongs to the goroutine that runs it.
type Follower struct {
	opt      Options
	log      *slog.Logger
	pool     *pool
	spare    []byte // a buffer taken and not yet handed out
	emit     func(Chunk) error
	err      error // the first that emit returned; nothing is emitted after it
	patterns []pattern
	targets  map[string]*target
	sorted   []*target        // the same, by path
	files    map[fileID]*file // open ones
	order    []*file          // the same; of one target the older come first
	done     []Position       // files let go, so that they are not read again
	saved    []Position       // while starting: those of the last run
	old      int              // open files that no path leads to
	passes   uint64
	warming  bool // some file has warm-up left; nothing else is read meanwhile

	started   time.Time
	looked    time.Time   // when the patterns were last expanded
	globs     bool        // there are any
	trustNext int         // where in order lookTrust goes on
	dirs      []directory // as of the last scan
	watch     *watcher
	byName    map[string]*target  // what inotify calls the files
	aliases   map[string][]string // watched directory -> what the patterns call it
	rescan    bool                // events were lost, or something appeared that a pattern may match
	linked    bool                // a symbolic link leads elsewhere than before
	due       time.Time           // a full scan is due
	notYet    time.Time           // no scan for a mere change of a directory before this

	ready chan struct{} // closed when what there was at the start has been found

	mu    sync.Mutex
	shown []FileStatus
}

// New makes a Follower. Nothing is opened before Run.
func New(opt Options) *Follower {
	opt.Poll = cmp.Or(opt.Poll, time.Second)
	opt.Quiet = cmp.Or(opt.Quiet, 5*time.Second)
	opt.Buffers = cmp.Or(opt.Buffers, 8)
	opt.Resume = slices.Clone(opt.Resume) // the caller goes on merging into its own
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	return &Follower{opt: opt, log: opt.Log, targets: map[string]*target{}, files: map[fileID]*file{}, ready: make(chan struct{})}
}

// Ready is closed once Run has found the files there are and where to read on in each: what is written from then on is read. It is
// closed as well when Run cannot begin.
func (f *Follower) Ready() <-chan struct{} { return f.ready }

// Run follows until ctx is done, and then returns nil; with standard input, it also ends at its end. It returns an error only for
// options that make no sense, and what emit returned. emit is called from this goroutine alone and may block. What was emitted is
// complete when Run returns: the position of the last chunk is where the next run goes on. A Follower runs once.
func (f *Follower) Run(ctx context.Context, emit func(Chunk) error) (err error) {
	f.emit = emit
	if len(f.opt.Paths) == 1 && f.opt.Paths[0] == "-" {
		close(f.ready)
		return f.runStdin(ctx)
	}
	if f.patterns, err = parsePatterns(f.opt.Paths); err != nil {
		close(f.ready)
		return err
	}
	f.pool = newPool(f.opt.Buffers, bufferSize)
	defer f.close()
	if !f.opt.NoNotify {
		f.watch = newWatcher(f.log)
	}
	f.start(time.Now())
	close(f.ready)
	tick := time.NewTicker(f.opt.Poll)
	defer tick.Stop()
	for f.err == nil && ctx.Err() == nil {
		busy, starved := f.pass()
		busy = busy || f.missedMore()
		f.wait(ctx, tick.C, busy, starved)
	}
	return f.err
}

// wait waits for something to do, unless there is: busy; starved means that it takes a buffer to do it. It then deals with all that
// has happened.
func (f *Follower) wait(ctx context.Context, tick <-chan time.Time, busy, starved bool) {
	var tokens <-chan struct{}
	if starved {
		tokens = f.pool.tokens
	}
	if starved || !busy {
		select {
		case <-ctx.Done():
			return
		case <-tokens:
			f.spare = f.pool.take()
		case <-tick:
			f.poll(time.Now())
		case ev, ok := <-f.watch.events():
			f.event(ev, ok)
		case err, ok := <-f.watch.errors():
			f.lost(err, ok)
		}
	}
	f.drain(tick)
}

// drain deals with what has happened meanwhile, without waiting, and at most with as much as the backlog holds: reading goes on
// however many events there are.
func (f *Follower) drain(tick <-chan time.Time) {
	for range eventBacklog {
		select {
		case <-tick:
			f.poll(time.Now())
		case ev, ok := <-f.watch.events():
			f.event(ev, ok)
		case err, ok := <-f.watch.errors():
			f.lost(err, ok)
		default:
			f.lookStale()
			return
		}
	}
	f.lookStale()
}

// event notes what has to be looked at because of one inotify event.
func (f *Follower) event(ev fsnotify.Event, ok bool) {
	if !ok {
		f.unwatch()
		return
	}
	if t := f.byName[ev.Name]; t != nil {
		f.touch(t)
		t.stale = t.stale || ev.Op != fsnotify.Write
		return
	}
	f.touch(nil) // perhaps a rotated file, under a name that we do not know
	if ev.Op != fsnotify.Write && (f.watch.gone(ev) || f.meant(ev.Name)) {
		f.rescan = true
	}
}

// touch notes that there may be something to read in the target's file, and in every rotated one.
func (f *Follower) touch(t *target) {
	if t != nil && t.current != nil {
		t.current.dirty = true
	}
	if f.old == 0 {
		return
	}
	for _, x := range f.order {
		x.dirty = x.dirty || x.attached == 0
	}
}

// lost deals with an error of inotify: whatever it is, events may be missing.
func (f *Follower) lost(err error, ok bool) {
	if !ok {
		f.unwatch()
		return
	}
	f.log.Warn("inotify lost events, looking at everything", "error", err)
	f.rescan = true
	for _, x := range f.order {
		x.dirty = true
	}
}

// unwatch goes on without inotify, until the next full scan.
func (f *Follower) unwatch() {
	f.watch.close()
	f.watch = nil
	f.rescan = true
}

// lookStale looks at what events made stale.
func (f *Follower) lookStale() {
	now := time.Now()
	if f.rescan {
		f.scan(now)
		f.publish()
		return
	}
	if f.lookAt(now, func(t *target) bool { return t.stale }) {
		f.publish()
	}
}

// send emits c, unless emitting has failed before.
func (f *Follower) send(c Chunk) {
	if f.err == nil {
		f.err = f.emit(c)
	}
}

func (f *Follower) close() {
	f.watch.close()
	for _, x := range f.order {
		x.f.Close()
	}
}
