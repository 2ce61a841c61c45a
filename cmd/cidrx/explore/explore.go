// Package explore is the terminal view of an analysis: what `cidrx static --tui` shows. It computes nothing of its own: it asks the
// analysis, and shows what the report says.
package explore

import (
	"context"
	"io"
	"net/netip"
	"sync"

	"cidrx/cmd/internal/term"
	"cidrx/detect/cidr"
	"cidrx/detect/report"
	"cidrx/detect/static"
)

// Analysis is what the view asks. Look runs beside the other calls, of which there is one at a time.
type Analysis interface {
	Report() *report.Report
	Hosts(section int, p netip.Prefix, most int) []report.Host
	Count(section int, p netip.Prefix) (requests uint64, hosts int)
	Try(section int, t cidr.Tier) report.Tier
	Look(ctx context.Context) (*report.Detail, error)
}

// Run shows a until the user quits, ctx ends or a signal comes (nil), or the terminal fails. Keys are read from in and the screen is
// written to out: both must be terminals, and both are left as they were. It reads the logs again in the background, for what the
// report does not hold, and returns when that has ended too.
func Run(ctx context.Context, a *static.Analysis, in io.Reader, out io.Writer) error {
	return Show(ctx, whole{a}, in, out)
}

// Show is Run for anything that answers like an analysis.
func Show(ctx context.Context, a Analysis, in io.Reader, out io.Writer) error {
	ctx, cancel := context.WithCancel(ctx)
	reading := &sync.WaitGroup{}
	defer reading.Wait()
	defer cancel()
	return term.Run(ctx, newModel(ctx, a, reading), in, out)
}

// whole is a static.Analysis with its report behind a method.
type whole struct{ *static.Analysis }

func (w whole) Report() *report.Report { return w.Analysis.Report }

// guarded lets one question at a time through: tiers are tried in the background while the user goes on.
type guarded struct {
	Analysis
	mu sync.Mutex
}

func (g *guarded) Hosts(section int, p netip.Prefix, most int) []report.Host {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.Analysis.Hosts(section, p, most)
}

func (g *guarded) Count(section int, p netip.Prefix) (uint64, int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.Analysis.Count(section, p)
}

func (g *guarded) Try(section int, t cidr.Tier) report.Tier {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.Analysis.Try(section, t)
}
