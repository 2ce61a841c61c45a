package report_test

import (
	"strings"
	"testing"

	"cidrx/detect/report"
)

func TestTopsSayWhatIsKnownOfTheOthers(t *testing.T) {
	one := []report.Top{{Text: "curl", Requests: 5}}
	for want, c := range map[string]struct {
		tops        report.Tops
		requests    uint64
		approximate bool
	}{
		"": {tops: report.Tops{List: one}, requests: 5},
		"and 1 other, none with more than 1 of the 6 requests":                     {tops: report.Tops{List: one, Others: 1, Most: 1}, requests: 6},
		"and at least 1,024 others, none with more than 98 of the 90,000 requests": {tops: report.Tops{List: one, Others: 1024, More: true, Most: 98}, requests: 90_000},
		"and at least 3 others, none with more than about 40 of the 900 requests":  {tops: report.Tops{List: one, Others: 3, More: true, Most: 40}, requests: 900, approximate: true},
		"At least 1,025 different ones, none with more than 204 of the 200,000 requests: too many and too even to rank": {
			tops: report.Tops{Others: 1025, More: true, Most: 204}, requests: 200_000},
		"At least 1,025 different ones, none with more than about 204 of the 200,000 requests: too many and too even to rank by the sample": {
			tops: report.Tops{Others: 1025, More: true, Most: 204}, requests: 200_000, approximate: true},
		"At least 1 different one: too few lines to rank them by the sample": {
			tops: report.Tops{Others: 1, More: true, Most: 70}, requests: 70, approximate: true},
	} {
		if got := c.tops.Remark(c.requests, c.approximate); got != want {
			t.Errorf("%+v\nis said to be %q, want\n%q", c, got, want)
		}
	}
}

func TestTopsFigures(t *testing.T) {
	for want, top := range map[string]report.Top{"1,204": {Requests: 1204}, "1,024 to 1,204": {Requests: 1204, Above: 180}, "0 to 3": {Requests: 3, Above: 3}} {
		if got := top.Figure(); got != want {
			t.Errorf("%+v is written %q, want %q", top, got, want)
		}
	}
}

// TestPageOfRandomTexts: what is too high is never shown as exact, and a list that would be chance is words.
func TestPageOfRandomTexts(t *testing.T) {
	r := smallReport()
	r.Detail.Approximate = false
	d := &r.Detail.Ranges[0]
	d.Agents = report.Tops{Others: 1025, More: true, Most: 204}
	d.Endpoints = report.Tops{List: []report.Top{{Text: "/login", Requests: 700}, {Text: "/a", Requests: 132, Above: 30}}, Others: 1023, More: true, Most: 31}
	page := strings.ReplaceAll(asHTML(t, report.HTML, r), "\u00a0", " ")
	for _, want := range []string{
		`<h4>User agents</h4>` + "\n" + `<p class="more">At least 1,025 different ones, none with more than 204 of the 900 requests: too many and too even to rank</p>`,
		`<span class="n">700 <span class="dim">77.8 %</span></span>`,
		`<span class="n">102 to 132 <span class="dim">11.3 to 14.7 %</span></span>`,
		`<p class="more">and at least 1,023 others, none with more than 31 of the 900 requests</p>`,
		`a figure such as “90 to 120” says between which two the true one lies`,
		`figures are exact, and where two are given, as “90 to 120”, the true one lies between`,
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	d.Agents, d.Endpoints = tops(report.Top{Text: strings.Repeat("a", report.MaxText), Requests: 9}), tops()
	if page := asHTML(t, report.HTML, r); !strings.Contains(page, "aaa … and 16 bytes more at least<") {
		t.Error("what may be the start of a longer text is given as the whole of it")
	}
	if page := asHTML(t, report.HTML, r); strings.Contains(page, "90 to 120") || !strings.Contains(page, "at every line: figures are exact</dd>") {
		t.Error("a page whose figures are exact speaks of figures between two")
	}
}
