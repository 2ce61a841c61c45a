package explore

import (
	"strings"

	"cidrx/cmd/internal/term"
	"cidrx/detect/report"
)

// tops is the list of the part in view.
func (p *rangePage) tops(d *report.RangeDetail) *report.Tops {
	switch p.part {
	case agentPart:
		return &d.Agents
	case endpointPart:
		return &d.Endpoints
	}
	return &d.Statuses
}

// drawTops lists texts by requests, says what is known of those that are not listed, and shows the one under the cursor in full.
func (p *rangePage) drawTops(d *report.RangeDetail, tops *report.Tops, width, height int) []string {
	others := term.Wrap(tops.Remark(d.Requests, p.look.detail.Approximate), width-1)
	if len(tops.List) == 0 {
		return others[:min(len(others), max(0, height))]
	}
	if len(others) > 0 && len(tops.List)+1+len(others) < height {
		others = append([]string{""}, others...)
	}
	others = others[:min(len(others), max(0, height-3))]
	height -= len(others)
	t := &p.tables[p.part]
	t.Columns = p.topColumns(tops.List, d.Requests)
	t.Rows = len(tops.List)
	t.Row = func(i int) []string {
		top := tops.List[i]
		return []string{top.Figure(), topShare(top, d.Requests), topText(top.Text)}
	}
	whole := p.wholeText(tops.List[t.Cursor()].Text, width)
	whole = whole[:min(len(whole), max(0, height-len(tops.List)-2), 8)]
	lines := append(t.Draw(width, min(height-len(whole), len(tops.List)+1)), others...)
	if len(whole) == 0 {
		return lines
	}
	return append(append(lines, ""), whole...)
}

// topColumns has room for figures that are known to lie between two.
func (p *rangePage) topColumns(list []report.Top, requests uint64) []term.Column {
	figure, share := 10, 7
	for _, top := range list {
		figure, share = max(figure, len(top.Figure())), max(share, len(topShare(top, requests)))
	}
	return []term.Column{
		{Title: "Requests", Width: figure, Right: true},
		{Title: "Share", Width: share, Right: true, Spare: 1},
		{Title: p.part.String(), Width: 20, Grows: true},
	}
}

// wholeText is a text in lines of that width; nothing when it can be read in its row.
func (p *rangePage) wholeText(text string, width int) []string {
	whole, inRow := term.Wrap(topText(text), width-1), width-1
	for _, c := range p.tables[p.part].Columns[:2] {
		inRow -= c.Width + 2
	}
	if len(whole) < 2 && term.Width(strings.Join(whole, "")) < inRow {
		return nil
	}
	return whole
}

// topShare is the part that a text has of the requests of its range; where it lies between two that read differently, both.
func topShare(top report.Top, requests uint64) string {
	percent := func(n uint64) string { return term.Percent(float64(n) / float64(max(1, requests))) }
	least, most := percent(top.Least()), percent(top.Requests)
	if least == most {
		return least
	}
	return strings.TrimSuffix(least, " %") + " to " + most
}

// topText is a text that clients sent, as it can be shown.
func topText(s string) string {
	switch len(s) {
	case 0:
		return "(none)"
	case report.MaxText: // it may go on
		return term.Printable(s) + "…"
	}
	return term.Printable(s)
}
