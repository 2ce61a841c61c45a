package report_test

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"cidrx/detect/report"
)

// TestAllFiltersAreShown in each form of a report: who reads "no filter" must be able to rely on it.
func TestAllFiltersAreShown(t *testing.T) {
	r := &report.Report{Sections: []report.Section{{
		Name: "lists", Methods: []string{"POST", "PUT"}, Statuses: []string{"4xx"}, Hostnames: []string{"shop.example"}, Outcomes: []string{"failure"},
	}}}
	suggested := &report.Suggestion{Sections: []report.SuggestedSection{{
		Name: "lists", Methods: []string{"POST", "PUT"}, Statuses: []string{"4xx"}, Hostnames: []string{"shop.example"}, Outcomes: []string{"failure"},
	}}}
	for name, form := range map[string]struct {
		write func(io.Writer) error
		want  []string
	}{
		"plain": {func(w io.Writer) error { return report.Plain(w, r, 0) }, []string{
			"Method          POST, PUT\n", "Status          4xx\n", "Host name       shop.example\n", "Outcome         failure\n",
		}},
		"json": {func(w io.Writer) error { return report.JSON(w, r, true) }, []string{
			`"methods":["POST","PUT"],"statuses":["4xx"],"hosts":["shop.example"],"outcomes":["failure"]`,
		}},
		"html": {func(w io.Writer) error { return report.HTML(w, r) }, []string{
			"method is <code>POST or PUT</code>", "status is <code>4xx</code>", "host name is <code>shop.example</code>", "outcome is <code>failure</code>",
		}},
		"suggestion": {func(w io.Writer) error { return report.PlainSuggestion(w, suggested) }, []string{"Method          POST, PUT\n"}},
	} {
		var out bytes.Buffer
		if err := form.write(&out); err != nil {
			t.Fatal(err)
		}
		for _, want := range form.want {
			if !strings.Contains(out.String(), want) {
				t.Errorf("%s: no %q in\n%s", name, want, out.String())
			}
		}
		if text := out.String(); strings.Contains(text, "Filters         none") || strings.Contains(text, "<span>all requests</span>") {
			t.Errorf("%s says that there is no filter", name)
		}
	}
}
