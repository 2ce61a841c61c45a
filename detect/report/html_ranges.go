package report

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"cidrx/detect/cidr"
)

// rangeRow is one detected range in the table.
type rangeRow struct {
	Range
	ID      string // of its row
	Target  string // what to jump to for more: its detail, else its row; empty: neither is on the page
	Section string
	Tier    int // counted from 1
	Jail    bool
	Rank    int     // by address
	Width   float64 // of the bar of its share, 0 to 100: the largest share has all of it

	section int
}

// FirstUnix and LastUnix are what the table sorts times by.
func (g rangeRow) FirstUnix() int64 { return unix(g.First) }
func (g rangeRow) LastUnix() int64  { return unix(g.Last) }

// unix is 0 for no time.
func unix(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}

// rangeRows returns all that was detected, the most requests first.
func rangeRows(r *Report) []rangeRow {
	var rows []rangeRow
	for i := range r.Sections {
		s := &r.Sections[i]
		for j := range s.Tiers {
			for _, g := range s.Tiers[j].Detected {
				rows = append(rows, rangeRow{Range: g, Section: s.Name, Tier: j + 1, Jail: s.Tiers[j].Jail, section: i})
			}
		}
	}
	slices.SortStableFunc(rows, func(a, b rangeRow) int { return cidr.Compare(a.Prefix, b.Prefix) })
	most := 1e-9 // nothing is divided by nothing
	for i := range rows {
		rows[i].Rank = i
		most = max(most, rows[i].Share)
	}
	for i := range rows {
		rows[i].Width = max(2, 100*rows[i].Share/most)
	}
	slices.SortStableFunc(rows, func(a, b rangeRow) int { return cmp.Compare(b.Requests, a.Requests) })
	return rows
}

// anchor is an identifier of HTML for a range.
func anchor(kind string, n int, p netip.Prefix) string {
	return fmt.Sprintf("%s-%d-%s", kind, n, strings.NewReplacer(".", "-", ":", "-", "/", "_").Replace(p.String()))
}

// link gives the rows that are shown identifiers, and says where each leads.
func link(rows []rangeRow, details []detailView) {
	told := map[place]string{}
	for i := range details {
		told[place{details[i].Section, details[i].Prefix}] = details[i].ID
	}
	for i := range rows {
		g := &rows[i]
		if i < mostRows {
			g.ID = anchor("row", i, g.Prefix)
		}
		g.Target = cmp.Or(told[place{g.section, g.Prefix}], g.ID)
	}
}

// detailView is what a second look tells of a range.
type detailView struct {
	*RangeDetail
	ID          string
	Name        string // of its section
	Found       Range
	Jail        bool
	Spark       string // path of its requests over time, in buckets by sparkHeight
	Buckets     int
	Lists       []topList
	Shown       []Host
	More        int // hosts that are not shown
	ByOrdinary  float64
	Approximate bool
}

// topList is one of the lists of most frequent texts.
type topList struct {
	Title, None string
	Tops        []topBar
	Others      string // what is known of those that are not listed
}

// topBar is one line of a topList.
type topBar struct {
	Top
	Share string  // of the requests of the range
	Width float64 // of its bar, 0 to 100: of what is certain
}

const sparkHeight = 40

// detailViews tells of the ranges with the most requests, and says of how many it does not.
func detailViews(r *Report, rows []rangeRow) (views []detailView, more int) {
	if r.Detail == nil {
		return nil, 0
	}
	found := map[place]*rangeRow{}
	for i := range rows {
		found[place{rows[i].section, rows[i].Prefix}] = &rows[i]
	}
	for i := range r.Detail.Ranges {
		d := &r.Detail.Ranges[i]
		if g := found[place{d.Section, d.Prefix}]; g != nil {
			views = append(views, newDetailView(r.Detail, d, g))
		}
	}
	slices.SortStableFunc(views, func(a, b detailView) int { return cmp.Compare(b.Found.Requests, a.Found.Requests) })
	views, more = bounded(views, mostDetails)
	return views, more + r.Detail.Omitted
}

func newDetailView(all *Detail, d *RangeDetail, g *rangeRow) detailView {
	v := detailView{
		RangeDetail: d, ID: anchor("range", d.Section, d.Prefix), Name: g.Section, Found: g.Range, Jail: g.Jail,
		ByOrdinary: share(d.Ordinary, d.Requests), Approximate: all.Approximate, Buckets: len(d.Times),
		Lists: []topList{
			newTopList("User agents", "no user agent", all, &d.Agents, d.Requests),
			newTopList("Endpoints", "no target", all, &d.Endpoints, d.Requests),
			newTopList("Statuses", "no status", all, &d.Statuses, d.Requests),
		},
	}
	v.Shown, _ = bounded(d.Hosts, mostHosts)
	v.More = max(0, g.Hosts-len(v.Shown))
	v.Spark = silhouette(d.Times, peak(d.Times), sparkHeight)
	return v
}

func newTopList(title, none string, all *Detail, tops *Tops, requests uint64) topList {
	l := topList{Title: title, None: none, Others: tops.Remark(requests, all.Approximate), Tops: make([]topBar, len(tops.List))}
	for i, t := range tops.List {
		least, most := min(1, share(t.Least(), requests)), min(1, share(t.Requests, requests))
		l.Tops[i] = topBar{Top: t, Share: percents(least, most), Width: max(0.5, least*100)}
	}
	return l
}
