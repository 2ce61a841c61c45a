package main

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"cidrx/agent/control"
	view "cidrx/cmd/internal/term"
)

// count writes 1204331 as 1,204,331.
func count[N int | int64 | uint64](n N) string { return view.Count(n) }

// size writes bytes in MiB, or KiB where that says more.
func size(n uint64) string {
	if n > 0 && n < 1<<20 {
		return count((n+1<<10-1)>>10) + " KiB"
	}
	return count(n>>20) + " MiB"
}

// short writes seconds in their two largest units: 3d 4h, 9m 12s.
func short(seconds int64) string { return view.Brief(time.Duration(seconds) * time.Second) }

// stamp writes a time as all of our output does: UTC, to the second.
func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// stampOr writes a time that may be missing.
func stampOr(t *time.Time, missing string) string {
	if t == nil {
		return missing
	}
	return stamp(*t)
}

// percent writes a share.
func percent(share float64) string { return strconv.FormatFloat(100*share, 'f', 1, 64) + " %" }

// plural writes a number with its noun.
func plural[N int | int64 | uint64](n N, noun string) string { return view.Plural(n, noun) }

// carvedNetwork is a ban's prefix, with what is not banned of it.
func carvedNetwork(b control.Ban) string {
	switch len(b.Except) {
	case 0:
		return b.Prefix.String()
	case 1:
		return b.Prefix.String() + "\n  less " + b.Except[0].String()
	}
	return fmt.Sprintf("%s\n  less %s networks", b.Prefix, count(len(b.Except)))
}

// stage writes a ban's stage.
func stage(n int) string {
	if n < 0 { // by hand, or on the deny list
		return "none"
	}
	return count(n)
}

// left is the time a ban has left, or when it ended.
func left(b control.Ban) string {
	switch {
	case b.State == "ended":
		return stampOr(b.Until, "-")
	case b.Until == nil:
		return "for ever"
	}
	return short(b.RemainingS)
}

// behind writes a source's lag.
func behind(seconds float64) string {
	if seconds < 60 {
		return fmt.Sprintf("%.1fs", seconds)
	}
	return short(int64(min(seconds, 1e10)))
}

// dropped is how many packets were dropped for a ban; a dash where they are counted for a wider one.
func dropped(b control.Ban) string {
	if b.DroppedWith != nil && b.DroppedPackets == 0 {
		return "-"
	}
	return count(b.DroppedPackets)
}

// droppedText says that in words.
func droppedText(b control.Ban) string {
	text := plural(b.DroppedPackets, "packet")
	switch {
	case b.DroppedWith != nil && b.DroppedPackets == 0:
		text = "counted with the ban on " + b.DroppedWith.String() + ", which covers it and lasts as long"
	case b.DroppedSince != nil:
		text += " since " + stamp(*b.DroppedSince) + ", when the kernel's table was last written anew"
	}
	return text
}

// lasted is how long a ban was in force.
func lasted(b control.Ban) string {
	if b.Until == nil {
		return "-"
	}
	return short(int64(b.Until.Sub(b.Start) / time.Second))
}

// reason is the newest of a ban's reasons.
func reason(reasons []string) string {
	if len(reasons) == 0 {
		return ""
	}
	last := reasons[len(reasons)-1]
	if more := len(reasons) - 1; more > 0 {
		last += fmt.Sprintf(" (+%d more)", more)
	}
	return last
}

// until says when a ban ends.
func until(b control.Ban) string {
	if b.Until == nil {
		return "it is taken off the deny list"
	}
	return fmt.Sprintf("%s (%s left)", stamp(*b.Until), short(b.RemainingS))
}

// of writes how much there is of what is needed.
func of(have, need uint64) string { return count(have) + " of " + count(need) }

// build writes a version on one line.
func build(v control.Version) string {
	if v.Commit == "" {
		return fmt.Sprintf("%s (%s)", v.Version, v.Go)
	}
	return fmt.Sprintf("%s (%s, %s)", v.Version, v.Commit, v.Go)
}

// joined lists networks.
func joined(prefixes []netip.Prefix) string {
	words := make([]string, len(prefixes))
	for i, p := range prefixes {
		words[i] = p.String()
	}
	return strings.Join(words, ", ")
}
