// Package state is what survives a restart: bans, their history, the run-time allowlist, the mode, how far logs were read, and the audit
// trail, in one bbolt file. Saving never makes its caller wait for the disk; a damaged file is noticed before anything is believed.
package state

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"cidrx/agent/jail"
	"cidrx/agent/tail"
)

// ErrInUse says that another living process holds the state directory.
var ErrInUse = errors.New("in use by another agent")

// ErrClosed answers batches that were not on the disk when Run ended.
var ErrClosed = errors.New("the state store is closed")

// Options of a Store. The zero value works.
type Options struct {
	Logger     *slog.Logger
	AuditBytes int64         // bound of the audit trail, its events' JSON added up; 0: 64 MiB
	AuditAge   time.Duration // older events go; 0: 90 days
}

// Recovered is what the store held when it was opened.
type Recovered struct {
	Bans      []jail.Ban                 // active, sorted by prefix
	Ended     []jail.Ban                 // sorted by prefix
	Graces    []Grace                    // sorted by prefix
	Allow     []Allow                    // sorted by prefix
	Mode      *Mode                      // nil: never switched
	Positions map[string][]tail.Position // by source

	// Damage says in a sentence for people what was wrong with the file, where it was kept aside and what could not be taken over.
	// Empty: all is well.
	Damage string
	KeptAs string   // path of the file that was kept aside
	Lost   []string // kinds of records that could not be taken over whole and are empty now: "bans", "audit trail"
}

// Store is an open state file. Save, Saved, Err, Wanted and Audit may be called from any goroutine.
type Store struct{}

// Open opens the state file, or creates it and its directory. What cannot be trusted is kept aside under a new name, and the store
// begins with the kinds of records that were found whole: Recovered says so and must be shown. The error is for what a person has to put
// right: the file is in use by another agent (ErrInUse), the directory cannot be written.
func Open(path string, o Options) (*Store, *Recovered, error) { return nil, nil, errors.New("not yet") }

// Run writes what Save was given until ctx is done, then what is left, and returns an error if that could not be written. A disk that
// fails does not end it: it tries again, and Err says so meanwhile.
func (s *Store) Run(ctx context.Context) error { return nil }

// Close lets go of the file. It is called after Run has returned.
func (s *Store) Close() error { return nil }

// Save hands over a batch, at once, and returns its number. Batches reach the disk in the order of their numbers, several at a time;
// one that only has positions waits a little for company. done, which may be nil and must not block, is called once from another
// goroutine: with nil when the batch is on the disk, or with what is wrong with the disk; then the batch is kept and tried again, and
// Saved tells when it got there.
func (s *Store) Save(b Batch, done func(error)) (n uint64) { return 0 }

// Saved is the number up to which all batches are on the disk.
func (s *Store) Saved() uint64 { return 0 }

// Err is why the disk does not hold what it should, with the next step; nil when all is well.
func (s *Store) Err() error { return nil }

// Wanted receives when so much could not be written, or the file was lost under the store, that it needs a Full batch to go on. Nothing
// is saved before it comes.
func (s *Store) Wanted() <-chan struct{} { return nil }

// Counts is what the store had to drop, and what it holds.
type Counts struct {
	AuditEvents  uint64 // held on the disk
	AuditBytes   int64  // held on the disk
	AuditPruned  uint64 // events that were too old, or too many, since the store was opened
	AuditDropped uint64 // events that never reached the disk because it failed for too long
	FileBytes    int64  // size of the file
}

// Counts reads the counts.
func (s *Store) Counts() Counts { return Counts{} }

// Audit sends the audit trail from the oldest event kept and, if follow, what is added until ctx is done (nil then). It ends with the
// error that send returns. An event is sent only when it is on the disk.
func (s *Store) Audit(ctx context.Context, follow bool, send func(Event) error) error { return nil }
