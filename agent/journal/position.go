package journal

import (
	"fmt"
	"strings"
	"time"

	"cidrx/agent/tail"
)

// pathPrefix begins the Path of every position in the journal. Paths of files begin with a slash.
const pathPrefix = "journal "

// pathOf is the Path of positions in the journal of units.
func pathOf(units []string) string { return pathPrefix + strings.Join(units, " ") }

// IsPosition says whether p is one in the journal, not in a file.
func IsPosition(p tail.Position) bool { return strings.HasPrefix(p.Path, pathPrefix) }

// Adopt picks the position that reading the units begins at; none if there is none. That of other units is good for its time, but its
// entry will not be found among those of these.
func Adopt(units []string, list []tail.Position) []tail.Position {
	var newest tail.Position
	for _, p := range list {
		if IsPosition(p) && (newest.Path == "" || p.Since > newest.Since) {
			newest = p
		}
	}
	switch path := pathOf(units); {
	case newest.Path == "":
		return nil
	case newest.Path != path:
		newest = tail.Position{Path: path, Since: newest.Since + int64(time.Microsecond)}
	}
	return []tail.Position{newest}
}

// seek is the argument that lets journalctl begin at p: with the entry itself, so that it can be told whether that is still there, or
// at a time.
func seek(p tail.Position) string {
	if p.Cursor != "" {
		return "--cursor=" + p.Cursor
	}
	return "--since=" + at(time.Unix(0, p.Since))
}

// at writes a time exactly (systemd.time(7)). The journal has microseconds.
func at(t time.Time) string { return fmt.Sprintf("@%d.%06d", t.Unix(), t.Nanosecond()/1000) }
