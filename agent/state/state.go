// Package state is what survives a restart: bans, their history, the run-time allowlist, the mode, how far logs were read, and the audit
// trail, in one bbolt file. Saving never makes its caller wait for the disk; a damaged file is noticed before anything is believed.
package state

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"cidrx/agent/jail"
	"cidrx/agent/tail"
)

// ErrInUse says that another living process holds the state directory.
var ErrInUse = errors.New("in use by another agent")

// ErrClosed answers batches that are handed over after Run has ended.
var ErrClosed = errors.New("the state store is closed")

// Options of a Store. The zero value works.
type Options struct {
	Logger     *slog.Logger
	AuditBytes int64         // bound of the audit trail, without the overhead of its pages; 0: 64 MiB
	AuditAge   time.Duration // older events go; 0: 90 days
}

const (
	defaultAuditBytes = 64 << 20
	defaultAuditAge   = 90 * 24 * time.Hour
)

// Recovered is what the store held when it was opened.
type Recovered struct {
	jail.Snapshot                            // bans, ended bans, graces, sorted by prefix
	Allow         []jail.AllowEntry          // sorted by prefix
	Mode          *Mode                      // nil: never switched
	Positions     map[string][]tail.Position // by source

	// Damage says in a sentence for people what was wrong with the file, where it was kept aside and what could not be taken over.
	// Empty: all is well.
	Damage string
	KeptAs string   // path of the file that was kept aside
	Lost   []string // kinds of records that could not be taken over whole and are empty now: "bans", "audit trail"
}

// Store is an open state file. Its methods may be called from any goroutine; Run and Close from one.
type Store struct {
	path       string
	log        *slog.Logger
	auditBytes uint64
	auditAge   time.Duration
	dir        *os.File // holds the lock

	wake   chan struct{} // there is something to write
	wanted chan struct{}
	saved  atomic.Uint64

	mu       sync.Mutex
	next     pending // what the next transaction writes
	given    uint64  // batches so far
	closed   bool
	err      error // what is wrong with the disk
	held     Counts
	tallies  [tables]tally // of the last transaction
	appended chan struct{} // closed when events have been added

	fileMu sync.RWMutex // the writer changes file; readers of the audit trail keep it from that
	file   *file        // nil: none can be opened now
	mine   os.FileInfo  // the file whose records are ours
	kept   os.FileInfo  // the file that was kept aside last
}

// Open opens the state file, or creates it and its directory. What cannot be trusted is kept aside under a new name, and the store
// begins with the kinds of records that were found whole: Recovered says so and must be shown. The error is for what a person has to put
// right: the directory is in use by another agent (ErrInUse) or cannot be written. A disk that is full, failing or read-only is none: Err
// says so, and Run goes on trying.
func Open(path string, o Options) (*Store, *Recovered, error) {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real // a new file takes its place where it is, not that of the link
	}
	s := newStore(path, o)
	var err error
	if s.dir, err = lockDir(path); err != nil {
		return nil, nil, err
	}
	os.RemoveAll(newName(path)) // left by a process that was killed while it made a new file
	rec, err := s.load()
	if err != nil {
		return nil, nil, errors.Join(err, s.dir.Close())
	}
	if rec.Damage != "" {
		s.log.Error(rec.Damage)
	}
	return s, rec, nil
}

func newStore(path string, o Options) *Store {
	s := &Store{
		path: path, log: o.Logger, auditBytes: uint64(o.AuditBytes), auditAge: o.AuditAge,
		wake: make(chan struct{}, 1), wanted: make(chan struct{}, 1), appended: make(chan struct{}),
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if o.AuditBytes <= 0 {
		s.auditBytes = defaultAuditBytes
	}
	if o.AuditAge <= 0 {
		s.auditAge = defaultAuditAge
	}
	return s
}

// Close lets go of the file and of the directory. It is called after Run has returned.
func (s *Store) Close() error {
	s.fileMu.Lock()
	defer s.fileMu.Unlock()
	var err error
	if s.file != nil {
		err = s.file.close()
		s.file = nil
	}
	return errors.Join(err, s.dir.Close())
}

// Save hands over a batch, at once, and returns its number, from 1. Batches reach the disk in the order of their numbers, several at a
// time; one that only has positions waits a little for company. done, which may be nil and must not block, is called once from another
// goroutine: with nil when the batch is on the disk, or with what is wrong with the disk; then the batch is kept and tried again, and
// Saved tells when it got there. What is handed over after Run has ended is not saved (ErrClosed).
func (s *Store) Save(b Batch, done func(error)) (n uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.given++
	if s.closed {
		if done != nil {
			go done(ErrClosed)
		}
		return s.given
	}
	first := s.next.empty()
	for _, err := range s.next.add(&b) {
		s.log.Error("state record left out", "error", err)
	}
	s.next.bound(s.room())
	s.next.last = s.given
	if done != nil {
		s.next.waiting = append(s.next.waiting, done)
	}
	if first || b.urgent() {
		signal(s.wake)
	}
	return s.given
}

// room is how much may wait now. mu is held.
func (s *Store) room() room {
	if s.err != nil {
		return roomWhileFailing
	}
	return roomWhileSaving
}

// signal makes sure that the receiver will look once more.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// Saved is the number up to which all batches are on the disk.
func (s *Store) Saved() uint64 { return s.saved.Load() }

// Err is why the disk does not hold what it should, with the next step; nil when all is well.
func (s *Store) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// Wanted receives when so much could not be written, or the file was lost under the store, that it needs a Full batch to go on. Nothing
// is saved before it comes.
func (s *Store) Wanted() <-chan struct{} { return s.wanted }

// Counts is what the store holds, and what it had to drop.
type Counts struct {
	AuditEvents  uint64 // held on the disk
	AuditBytes   uint64 // held on the disk
	AuditPruned  uint64 // events that were too old, or too many, since the store was opened
	AuditDropped uint64 // events that never reached the disk because it failed for too long
	FileBytes    int64  // size of the file
}

// Counts reads the counts.
func (s *Store) Counts() Counts {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.held
	c.AuditDropped += s.next.dropped
	c.AuditEvents, c.AuditBytes = s.tallies[auditTable].Count, s.tallies[auditTable].Bytes
	return c
}
