package jailfile

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/netip"
	"os"
	"time"

	"cidrx/agent/control"
	"cidrx/agent/jail"
	"cidrx/detect"
)

// version is that of the document. Other versions are refused, not guessed at.
const version = 1

// document is a jail file. Bans have the shape that they have on the control socket.
type document struct {
	Version   int       `json:"cidrx_jail"`
	Updated   time.Time `json:"updated"`
	Bans      []ban     `json:"bans"`
	Ended     []ban     `json:"ended"`     // the last ended one of each prefix: what it rests on is no evidence for another
	Unblocked []grace   `json:"unblocked"` // nor is what was requested before these times
}

type ban struct {
	control.Ban
	NextStage int         `json:"next_stage,omitempty"` // of an ended ban
	Ending    jail.Ending `json:"ending,omitempty"`
}

type grace struct {
	Prefix netip.Prefix `json:"prefix"`
	Since  time.Time    `json:"since"`
	Until  time.Time    `json:"until"`
	By     string       `json:"by,omitempty"`
}

// maxDocument is how large a jail file may be: some hundred thousand bans with their samples.
const maxDocument = 512 << 20

// read reads a jail file. One that is not there is an empty jail; one that is something else is an error, and is left alone.
func read(path string) (jail.Snapshot, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return jail.Snapshot{}, nil
	}
	if err != nil {
		return jail.Snapshot{}, fmt.Errorf("jail file %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxDocument+1))
	if err == nil && len(data) > maxDocument {
		err = fmt.Errorf("larger than %d MiB", maxDocument>>20)
	}
	if err != nil {
		return jail.Snapshot{}, fmt.Errorf("jail file %s: %w", path, err)
	}
	s, err := parse(data)
	if err != nil {
		return s, fmt.Errorf("jail file %s: %w", path, err)
	}
	return s, nil
}

// Next steps of what is wrong with a jail file. It is never overwritten: it may be the only record of what is banned.
const (
	moveAway = "restore it from a backup, or move it away to begin with an empty jail"
	nameNew  = "name a new file; it will be made"
)

// parse reads a document.
func parse(data []byte) (jail.Snapshot, error) {
	if len(bytes.TrimSpace(data)) == 0 {
		return jail.Snapshot{}, errors.New("is empty, though even an empty jail has a few lines; " + moveAway)
	}
	var head map[string]json.RawMessage
	if err := json.Unmarshal(data, &head); err != nil {
		return jail.Snapshot{}, fmt.Errorf("is damaged: %w; "+moveAway, err)
	}
	if _, ours := head["cidrx_jail"]; !ours {
		return jail.Snapshot{}, otherFile(head)
	}
	var d document
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	err := json.Unmarshal(head["cidrx_jail"], &d.Version)
	if err == nil && d.Version != version {
		return jail.Snapshot{}, fmt.Errorf("has version %d, and this cidrx knows %d; use the cidrx that wrote it, or %s", d.Version, version, nameNew)
	}
	if err == nil {
		err = dec.Decode(&d)
	}
	if err != nil {
		return jail.Snapshot{}, fmt.Errorf("is damaged: %w; "+moveAway, err)
	}
	return d.snapshot()
}

// otherFile says what a JSON object is that is no jail file.
func otherFile(head map[string]json.RawMessage) error {
	for _, key := range []string{"Cells", "AllCidrs"} {
		if _, old := head[key]; old {
			return errors.New("is one of cidrx 1.x, whose bans cannot be carried over; " + nameNew)
		}
	}
	return errors.New(`is not a jail file: it has no "cidrx_jail"; ` + nameNew)
}

// snapshot checks a document and turns it into what a jail restores.
func (d *document) snapshot() (jail.Snapshot, error) {
	var s jail.Snapshot
	for i, b := range d.Bans {
		if b.Until == nil || !sound(b.Prefix) {
			return s, fmt.Errorf("is damaged: bans[%d] (%s) has no network or no end; "+moveAway, i, b.Prefix)
		}
		s.Bans = append(s.Bans, b.jailed(false))
	}
	for i, b := range d.Ended {
		if b.Until == nil || !sound(b.Prefix) {
			return s, fmt.Errorf("is damaged: ended[%d] (%s) has no network or no end; "+moveAway, i, b.Prefix)
		}
		s.Ended = append(s.Ended, b.jailed(true))
	}
	for i, g := range d.Unblocked {
		if !sound(g.Prefix) {
			return s, fmt.Errorf("is damaged: unblocked[%d] (%s) has no network; "+moveAway, i, g.Prefix)
		}
		s.Graces = append(s.Graces, jail.Grace(g))
	}
	return s, nil
}

func sound(p netip.Prefix) bool { return p.IsValid() && p == p.Masked() }

// jailed is a ban as the jail has it.
func (b *ban) jailed(ended bool) jail.Ban {
	return jail.Ban{
		Prefix: b.Prefix, Except: b.Except, Start: b.Start, Until: *b.Until, Stage: b.Stage, Reasons: b.Reasons,
		Evidence: detect.Evidence{
			Requests: b.Requests, Hosts: b.Hosts, Share: b.Share, First: timeOf(b.FirstSeen), Last: timeOf(b.LastSeen), Samples: b.Samples,
		},
		Ended: ended, Next: b.NextStage, Ending: b.Ending,
	}
}

// written is a ban as the file has it.
func written(b jail.Ban, now time.Time) ban {
	until := b.Until.UTC()
	out := ban{Ban: control.Ban{
		Prefix: b.Prefix, Except: b.Except, Start: b.Start.UTC(), Until: &until, Stage: b.Stage, State: "exported", Durable: true,
		Reasons: b.Reasons, Requests: b.Evidence.Requests, Hosts: b.Evidence.Hosts, Share: b.Evidence.Share,
		FirstSeen: instant(b.Evidence.First), LastSeen: instant(b.Evidence.Last), Samples: b.Evidence.Samples,
		RemainingS: int64(max(0, until.Sub(now)).Round(time.Second) / time.Second),
	}}
	if b.Ended {
		out.State, out.RemainingS, out.NextStage, out.Ending = "ended", 0, b.Next, b.Ending
	}
	fillEmpty(&out.Ban)
	return out
}

// fillEmpty makes lists of nothing lists, for those who read them.
func fillEmpty(b *control.Ban) {
	if b.Except == nil {
		b.Except = []netip.Prefix{}
	}
	if b.Reasons == nil {
		b.Reasons = []string{}
	}
	if b.Samples == nil {
		b.Samples = []string{}
	}
}

// write writes the document of a snapshot.
func write(w io.Writer, s jail.Snapshot, now time.Time) error {
	d := document{Version: version, Updated: now.UTC().Truncate(time.Second), Bans: []ban{}, Ended: []ban{}, Unblocked: []grace{}}
	for _, b := range s.Bans {
		d.Bans = append(d.Bans, written(b, now))
	}
	for _, b := range s.Ended {
		d.Ended = append(d.Ended, written(b, now))
	}
	for _, g := range s.Graces {
		d.Unblocked = append(d.Unblocked, grace(g))
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(d)
}

func instant(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

func timeOf(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}
