package explore

import (
	"strconv"
	"strings"

	"cidrx/cmd/internal/term"
)

func (p *tryPage) Draw(width, height int) []string {
	lines := []string{" " + p.numbers(), " " + p.flags(), ""}
	for _, line := range term.Wrap(p.verdict(), width-2) {
		lines = append(lines, " "+line)
	}
	lines = append(lines, "")
	if p.answers != nil && len(p.result.Detected) == 0 {
		return append(lines, missLines(p.result.Missed, width)...)
	}
	p.list.table.Quiet = p.at != fields
	return append(lines, indent(p.list.draw(width-1, height-len(lines)))...)
}

// numbers are the four numbers, the one in hand marked.
func (p *tryPage) numbers() string {
	var b strings.Builder
	for f := range fields {
		text := " " + p.texts[f] + " "
		switch {
		case f == p.at:
			text = term.Chosen(text + " ")
		default:
			text = term.Strong(text)
		}
		b.WriteString(term.Faint(f.String()) + text + " ")
	}
	return b.String()
}

// flags are what to write into the next command line or configuration.
func (p *tryPage) flags() string {
	mode := ""
	if p.tier.Balance {
		mode = " --thresholdMode balance"
	}
	if p.wrong != nil {
		return term.Bad(p.wrong.Error())
	}
	text := term.Title("--clusterArgSets " + numbers(p.tier) + mode)
	if rest := conditions(p.tier); rest != "" {
		text += term.Faint("   with " + rest)
	}
	return text
}

// verdict is what the numbers find.
func (p *tryPage) verdict() string {
	if p.answers == nil {
		return "Counting."
	}
	requests, hosts := sum(p.list.all)
	share := 0.0
	if total := p.session.at(p.section).Requests; total > 0 {
		share = float64(requests) / float64(total)
	}
	text := "T is " + term.Plural(p.result.Needed, "request") + ". "
	if len(p.list.all) == 0 {
		return text + "Nothing is found." + p.against() + nearestHeading(p.result.Missed)
	}
	return text + "Found: " + term.Plural(len(p.list.all), "range") + " with " + term.Plural(requests, "request") + " (" + term.Percent(share) + ") from " +
		term.Plural(hosts, "host") + "." + p.against()
}

// against compares with the tier of the report.
func (p *tryPage) against() string {
	if p.from < 0 {
		return ""
	}
	if p.fresh == 0 && p.gone == 0 {
		return " The same as tier " + strconv.Itoa(p.from+1) + "."
	}
	return " Against tier " + strconv.Itoa(p.from+1) + ": " + term.Count(p.fresh) + " new, " + term.Count(p.gone) + " gone."
}
