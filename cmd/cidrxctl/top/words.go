package top

import (
	"fmt"
	"math"
	"net/netip"
	"strings"
	"time"

	"cidrx/agent/control"
	"cidrx/cmd/internal/term"
)

// stateWord is the agent's state, coloured.
func stateWord(state string) string {
	word := strings.ToUpper(term.Printable(state))
	switch state {
	case "enforcing":
		return term.Good(word)
	case "observing":
		return term.Warn(word)
	}
	return term.Bad(word)
}

// banWord is the state of a ban in a word; "" for none.
func banWord(state string) string {
	switch state {
	case "":
		return ""
	case "in_force":
		return term.Bad("banned")
	}
	return term.Warn(term.Printable(strings.ReplaceAll(state, "_", " ")))
}

// reached is how much there is of what a tier asks for: of the condition that is furthest from being met.
func reached(s control.Standing) float64 {
	share := 1.0
	if s.Needed > 0 {
		share = float64(s.Requests) / float64(s.Needed)
	}
	if s.HostsNeeded > 0 {
		share = min(share, float64(s.Hosts)/float64(s.HostsNeeded))
	}
	return max(0, share)
}

// percentReached is that as a number, coloured: what is reported is bad, what is near is a warning.
func percentReached(s control.Standing) string {
	share := reached(s)
	text := fmt.Sprintf("%.0f %%", min(999, math.Floor(100*share)))
	switch {
	case share >= 1:
		return term.Bad(text)
	case share >= 0.75:
		return term.Warn(text)
	}
	return text
}

// gauge is that as a bar.
func gauge(s control.Standing, width int) string {
	full := int(min(1, reached(s)) * float64(width))
	return term.Bar(strings.Repeat("█", full)) + term.Faint(strings.Repeat("░", width-full))
}

// of writes how much there is of what is needed.
func of(have, need uint64) string { return term.Short(have) + "/" + term.Short(need) }

// perSecond writes a rate; a dash where it is not known yet.
func perSecond(rates map[string]float64, name string) string {
	r, ok := rates[name]
	if !ok {
		return "-"
	}
	return rateText(r)
}

func rateText(r float64) string {
	if r > 0 && r < 9.95 {
		return fmt.Sprintf("%.1f", r)
	}
	return term.Short(uint64(r + 0.5))
}

// spanText writes seconds in short.
func spanText(seconds int64) string {
	if seconds < 0 {
		seconds = 0
	}
	return term.BriefPair(time.Duration(min(seconds, math.MaxInt64/int64(time.Second))) * time.Second)
}

// left is the time a ban has left.
func left(b control.Ban) string {
	if b.Until == nil {
		return "for ever"
	}
	return spanText(b.RemainingS)
}

// dropped is how many packets were dropped for a ban; a dash where they are counted for a wider one.
func dropped(b control.Ban) string {
	if b.DroppedWith != nil && b.DroppedPackets == 0 {
		return "-"
	}
	return term.Short(b.DroppedPackets)
}

// newestReason is the newest of a ban's reasons.
func newestReason(b control.Ban) string {
	if len(b.Reasons) == 0 {
		return ""
	}
	return reasonText(b.Reasons[len(b.Reasons)-1])
}

// reasonText leaves out what every reason of a strategy begins with.
func reasonText(reason string) string { return term.Printable(strings.TrimPrefix(reason, "strategy ")) }

// did says what became of a request.
func did(w deed, d control.Done, asked netip.Prefix) string {
	if len(d.Done)+len(d.Carved) == 0 {
		return fmt.Sprintf("%s: there was nothing to do; enter on it says why", asked)
	}
	text := asked.String() + " " + w.did
	if d.Until != nil {
		text += w.until + term.Stamp(*d.Until) + " UTC"
	}
	if d.State == "observed" {
		text += ", observed only"
	}
	return text
}
