package report

import "net/netip"

// document is all that the templates of a page need.
type document struct {
	*Report
	Verdict     verdict
	Time        *timeView // nil: there is none
	Map         *mapView
	Rows        []rangeRow
	MoreRows    int
	Views       []sectionView
	MoreViews   int
	Details     []detailView
	MoreDetails int
	Block       []blockList
	LogNames    []string
	MoreLogs    int
	Notes       []Warning
	MoreNotes   int
	Denied      []netip.Prefix
	MoreDenied  int
}

// newDocument works out what is drawn and said of r. It does not write to r.
func newDocument(r *Report) *document {
	d := &document{Report: r, Block: blockLists(r)}
	looks := map[place]*RangeDetail{}
	if r.Detail != nil {
		for i := range r.Detail.Ranges {
			looks[place{r.Detail.Ranges[i].Section, r.Detail.Ranges[i].Prefix}] = &r.Detail.Ranges[i]
		}
	}
	plots := plotsOf(r, looks)
	d.Verdict = newVerdict(r, plots)
	d.Time = newTimeView(r.Detail, plots, d.Verdict.AtLeast)
	rows := rangeRows(r)
	d.Details, d.MoreDetails = detailViews(r, rows)
	link(rows, d.Details)
	d.Map = newMapView(r, rows)
	d.Rows, d.MoreRows = bounded(rows, mostRows)
	d.Views, d.MoreViews = bounded(sectionViews(r), mostList)
	d.LogNames, d.MoreLogs = bounded(r.Logs, mostList)
	d.Notes, d.MoreNotes = bounded(r.Warnings, mostList)
	d.Denied, d.MoreDenied = bounded(r.DeniedAgents, mostList)
	return d
}
