package journal

import (
	"bytes"
	"encoding/json"
	"errors"
	"path"
	"slices"
	"strconv"
	"time"

	"cidrx/agent/syslog"
	"cidrx/agent/tail"
)

// fields are what journalctl is asked for beside what it always writes.
const fields = "MESSAGE,SYSLOG_IDENTIFIER,_COMM,_PID,MESSAGE_ID"

// suppressedID marks what journald says of messages that its rate limit has suppressed (SD_MESSAGE_JOURNAL_DROPPED, sd-messages.h).
const suppressedID = "a596d6fe7bfa4994828e72309e95d61e"

// unitMatches let journalctl show the entries of units.
func unitMatches(units []string, anyUser bool) []string {
	var out []string
	for _, u := range units {
		out = append(out, "_SYSTEMD_UNIT="+u) // matches of one field are alternatives
	}
	if !anyUser {
		out = append(out, "_UID=0")
	}
	return out
}

// suppressionMatches let it show, too, the entries in which journald itself says that it has suppressed some.
var suppressionMatches = []string{"+", "MESSAGE_ID=" + suppressedID, "_TRANSPORT=driver"}

// entry is one entry of the journal.
type entry struct {
	cursor  string
	time    time.Time // when journald received it
	program []byte
	pid     []byte
	message []byte // nil if it has none
	id      []byte
	buf     []byte // room for the line
}

// wireEntry is an entry as journalctl -o json writes it.
type wireEntry struct {
	Cursor     string `json:"__CURSOR"`
	Realtime   string `json:"__REALTIME_TIMESTAMP"` // microseconds since 1970
	Message    field  `json:"MESSAGE"`
	Identifier field  `json:"SYSLOG_IDENTIFIER"`
	Comm       field  `json:"_COMM"`
	PID        field  `json:"_PID"`
	ID         field  `json:"MESSAGE_ID"`
}

var (
	errEntry = errors.New("an entry without cursor or time")
	errBytes = errors.New("an array that is not one of bytes")
)

// read takes in one line of journalctl's.
func (e *entry) read(line []byte) error {
	var w wireEntry
	if err := json.Unmarshal(line, &w); err != nil {
		return err
	}
	us, err := strconv.ParseInt(w.Realtime, 10, 64)
	if err != nil || w.Cursor == "" || us < 0 {
		return errEntry
	}
	e.cursor, e.time, e.message, e.id = w.Cursor, time.UnixMicro(us), w.Message, w.ID
	e.program, e.pid = w.Identifier, w.PID
	if len(e.program) == 0 {
		e.program = w.Comm
	}
	return nil
}

// field is the value of a field: a text, an array of bytes if it is not UTF-8, an array of values if the entry has the field several
// times (the first is taken), or null.
type field []byte

// UnmarshalJSON reads a field as the systemd project's "Journal Export Formats" describes it.
func (f *field) UnmarshalJSON(b []byte) error {
	*f = nil
	switch {
	case len(b) > 0 && b[0] == '"':
		var s string
		err := json.Unmarshal(b, &s)
		*f = field(s)
		return err
	case len(b) > 1 && b[0] == '[':
		return f.unmarshalArray(b)
	}
	return nil
}

func (f *field) unmarshalArray(b []byte) error {
	if next := bytes.TrimLeft(b[1:], " "); len(next) > 0 && (next[0] == '"' || next[0] == '[') {
		var list []json.RawMessage
		if err := json.Unmarshal(b, &list); err != nil {
			return err
		}
		return f.UnmarshalJSON(list[0])
	}
	return f.readBytes(b[1 : len(b)-1])
}

// readBytes reads the inside of an array of bytes, which may be millions: too many for package json to take one by one.
func (f *field) readBytes(b []byte) error {
	*f = make(field, 0, len(b)/4+1)
	for text := range bytes.SplitSeq(b, []byte(",")) {
		n := 0
		text = bytes.TrimSpace(text)
		for _, c := range text {
			if c < '0' || c > '9' || n > 255 {
				return errBytes
			}
			n = 10*n + int(c-'0')
		}
		if len(text) == 0 || n > 255 {
			return errBytes
		}
		*f = append(*f, byte(n))
	}
	return nil
}

// line is the message as one line with its newline, good until the next one, and whether it was cut.
func (e *entry) line(header func(program []byte) bool) (line []byte, cut bool) {
	m := syslog.Message{Program: e.program, PID: e.pid, Text: e.message}
	e.buf = m.AppendLine(e.buf[:0], e.time, header(m.Program))
	if len(e.buf) > tail.MaxLine+1 {
		e.buf = append(e.buf[:tail.MaxLine], '\n')
		cut = true
	}
	return e.buf, cut
}

func (e *entry) isSuppression() bool { return string(e.id) == suppressedID }

// suppression reads "Suppressed N messages from UNIT"; older journalds write the path of the unit's control group. It is 0 if that is
// about none of the units.
func (e *entry) suppression(units []string) uint64 {
	word := bytes.Fields(e.message)
	if len(word) != 5 || string(word[0]) != "Suppressed" || !slices.Contains(units, path.Base(string(word[4]))) {
		return 0
	}
	n, err := strconv.ParseUint(string(word[1]), 10, 32)
	if err != nil {
		return 0
	}
	return n
}
