package static

import (
	"context"
	"time"

	"cidrx/detect/cidr"
	"cidrx/detect/report"
)

// Analysis is what was counted, and what was found in it. It answers further questions without reading the logs again. Its methods are
// not safe for concurrent use.
type Analysis struct {
	Report   *report.Report
	Findings []Finding // of tiers that may ban, by section, tier and prefix

	options  Options
	sections []*section
	counts   *counts
	logs     []readLog
}

// Analyze reads all logs, in their order, and answers all sections of o. The error is an *Unreadable when no line of a log parses, that
// of the context when it ends, that of an option that is wrong, or else it names the log.
func Analyze(ctx context.Context, o Options, logs []Log) (*Analysis, error) {
	a := &Analysis{options: o}
	began := a.now()
	var err error
	if a.sections, err = compile(o); err != nil {
		return nil, err
	}
	if a.counts, err = newCounts(o, a.sections); err != nil {
		return nil, err
	}
	for i := range logs {
		log, err := a.read(ctx, i, &logs[i])
		if err != nil {
			return nil, err
		}
		a.logs = append(a.logs, log)
	}
	if err := a.allEmpty(); err != nil {
		return nil, err
	}
	a.counts.settle(o.Allow)
	a.Report = a.report(began)
	a.find()
	return a, nil
}

// now reads the clock, if there is one.
func (a *Analysis) now() time.Time {
	if a.options.Clock == nil {
		return time.Time{}
	}
	return a.options.Clock()
}

// limitsCollateral tells whether a tier asks for the bystanders of its prefixes.
func limitsCollateral(tiers []cidr.Tier) bool {
	for i := range tiers {
		if tiers[i].MaxCollateral != cidr.NoCollateralLimit {
			return true
		}
	}
	return false
}
