package bench

import (
	"fmt"
	"io"
	"sync"
	"text/tabwriter"

	"cidrx/cmd/internal/rig"
)

// table collects what was measured.
type table struct {
	mu   sync.Mutex
	rows []row
}

// row is one figure. A target is what the figure is promised to be; some rows only explain others and have none.
type row struct{ figure, target, measured, load string }

var results table

// add files a figure together with the load of the machine, which explains odd ones.
func (t *table) add(figure, target, format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.rows = append(t.rows, row{figure, target, fmt.Sprintf(format, args...), rig.LoadAverage()})
}

// hold is add for a figure that can be held against its target here. A missed one is marked.
func (t *table) hold(figure, target string, ok bool, format string, args ...any) {
	if !ok {
		format = "MISSED: " + format
	}
	t.add(figure, target, format, args...)
}

func (t *table) print(out io.Writer, machine, loadBefore string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	fmt.Fprintf(out, "%s\nload average of the last minute before the first figure: %s\n\n", machine, loadBefore)
	w := tabwriter.NewWriter(out, 0, 0, 3, ' ', 0)
	fmt.Fprintln(w, "FIGURE\tTARGET\tMEASURED\tLOAD")
	for _, r := range t.rows {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", r.figure, r.target, r.measured, r.load)
	}
	return w.Flush()
}
