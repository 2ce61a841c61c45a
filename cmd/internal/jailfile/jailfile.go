// Package jailfile keeps the bans of whole-log analyses in a file between runs, and writes the list of what is banned now. The rules
// are those of agent/jail: a ban ends by its time, what it rested on is no evidence for another, and the next one lasts longer.
package jailfile

import (
	"context"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"cidrx/agent/jail"
	"cidrx/cmd/internal/atomicfile"
	"cidrx/detect"
	"cidrx/detect/static"
)

// Options say which files are kept, and how. One of the two files may be missing.
type Options struct {
	JailFile string // empty: nothing is remembered; all bans are of the first stage
	BanFile  string
	Jail     jail.Options
	Allow    []netip.Prefix    // never banned
	Deny     []netip.Prefix    // in the ban file as long as they stand here, less Allow
	Waiting  func(path string) // told when another run holds the files, once; may be nil
}

// Files are the files of one run. Nobody else changes them until Close.
type Files struct {
	o     Options
	saved jail.Snapshot
	asked time.Time // when Spent was
	locks []*os.File
}

// memory is how long ended bans are remembered: as long as there is room, because old logs may be read again at any time.
const memory = 100 * 365 * 24 * time.Hour

// Open waits until no other run holds the files, and reads the jail file. The error names the file and the next step.
func Open(ctx context.Context, o Options) (*Files, error) {
	f := &Files{o: o}
	if err := f.lock(ctx); err != nil {
		f.Close()
		return nil, err
	}
	if o.JailFile != "" {
		var err error
		if f.saved, err = read(o.JailFile); err != nil {
			f.Close()
			return nil, err
		}
	}
	return f, nil
}

// Spent is the evidence that the bans which have ended by now have used up, and what was requested before an unblock.
func (f *Files) Spent(now time.Time) []static.Spent {
	f.asked = now
	var out []static.Spent
	for _, b := range f.saved.Ended {
		out = append(out, static.Spent{Prefix: b.Prefix, Until: b.Until})
	}
	for _, b := range f.saved.Bans {
		if !b.Until.After(now) {
			out = append(out, static.Spent{Prefix: b.Prefix, Until: b.Until})
		}
	}
	for _, g := range f.saved.Graces {
		out = append(out, static.Spent{Prefix: g.Prefix, Until: g.Since})
	}
	return out
}

// endedSince reports whether a ban on addresses of p has ended after Spent was asked for: what p was found on may be that ban's evidence.
func (f *Files) endedSince(p netip.Prefix, now time.Time) bool {
	return slices.ContainsFunc(f.saved.Bans, func(b jail.Ban) bool {
		return b.Until.After(f.asked) && !b.Until.After(now) && b.Prefix.Overlaps(p)
	})
}

// Outcome is what became of the verdicts.
type Outcome struct {
	Active  int           // bans in force now
	Made    []jail.Ban    // by this run
	Refused []jail.Change // verdicts that may not ban, and why
	Waiting int           // verdicts left to the next run
	Counts  jail.Counts   // what was dropped
}

// Judge lets the jail decide on the verdicts at now, narrow prefixes first so that a wide ban takes over from those inside it, and writes
// both files: the jail first, from which the list can be made again. A verdict that may rest on the evidence of a ban which ended while the
// logs were read waits for the next run.
func (f *Files) Judge(now time.Time, verdicts []detect.Verdict) (Outcome, error) {
	j := f.restored(now)
	var out Outcome
	verdicts = slices.Clone(verdicts)
	slices.SortStableFunc(verdicts, func(a, b detect.Verdict) int { return b.Prefix.Bits() - a.Prefix.Bits() })
	for _, v := range verdicts {
		if f.endedSince(v.Prefix, now) {
			out.Waiting++
			continue
		}
		for _, ch := range j.Judge(now, v) {
			switch ch.Kind {
			case jail.Banned, jail.Extended:
				out.Made = append(out.Made, ch.Ban)
			case jail.Refused:
				out.Refused = append(out.Refused, ch)
			}
		}
	}
	out.Active, out.Counts = j.Size(), j.Counts()
	holds, _ := j.Holds()
	return out, f.write(now, j.Snapshot(), holds)
}

// restored is the jail as it was saved, brought to now.
func (f *Files) restored(now time.Time) *jail.Jail {
	o := f.o.Jail
	o.Window = memory
	j := jail.New(o)
	allow := make([]jail.AllowEntry, len(f.o.Allow))
	for i, p := range f.o.Allow {
		allow[i] = jail.AllowEntry{Prefix: p}
	}
	j.SetAllow(now, allow)
	j.Restore(now, f.saved)
	return j
}

func (f *Files) write(now time.Time, s jail.Snapshot, holds []jail.Hold) error {
	if f.o.JailFile != "" {
		if err := replace(f.o.JailFile, func(w io.Writer) error { return write(w, s, now) }); err != nil {
			return fmt.Errorf("jail file %w", err)
		}
	}
	if f.o.BanFile == "" {
		return nil
	}
	list, err := banned(holds, f.o.Deny, f.o.Allow)
	if err != nil {
		return err
	}
	if err := replace(f.o.BanFile, func(w io.Writer) error { return writeList(w, list, now) }); err != nil {
		return fmt.Errorf("ban file %w", err)
	}
	return nil
}

// replace replaces a file of ours, and removes what a run that was killed left beside it.
func replace(path string, fill func(io.Writer) error) error {
	if left, err := filepath.Glob(escape(atomicfile.TempPattern(path))); err == nil {
		for _, name := range left {
			os.Remove(name) // else it stays, and does no harm
		}
	}
	return atomicfile.Replace(path, fill)
}

// escape makes a pattern of a path that ends in a star match nothing else.
func escape(pattern string) string {
	return strings.NewReplacer(`\`, `\\`, `[`, `\[`, `?`, `\?`).Replace(strings.TrimSuffix(pattern, "*")) + "*"
}
