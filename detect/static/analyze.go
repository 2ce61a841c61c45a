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
	sample   *sample // of the logs that cannot be read again; nil: none was asked for
}

// Analyze reads all logs, in their order, and answers all sections of o. The error is an *Unreadable when no line of a log parses, that
// of the context when it ends, that of an option that is wrong, or else it names the log. A Read that blocks for ever is not
// interrupted.
func Analyze(ctx context.Context, o Options, logs []Log) (*Analysis, error) {
	return analyze(ctx, o, logs, blockSize)
}

// analyze is Analyze with blocks of any size.
func analyze(ctx context.Context, o Options, logs []Log, size int) (*Analysis, error) {
	a := &Analysis{options: o}
	began := a.now()
	var err error
	if a.sections, err = compile(o); err != nil {
		return nil, err
	}
	if a.counts, err = newCounts(o, a.sections); err != nil {
		return nil, err
	}
	if o.Sample {
		a.sample = newSample(sampleLines, sampleBytes)
	}
	if err := a.readAll(ctx, logs, size); err != nil {
		return nil, err
	}
	if err := a.allEmpty(); err != nil {
		return nil, err
	}
	a.counts.settle(o.Allow, a.workers(), a.now)
	if a.sample != nil {
		a.sample.settle(a.once())
	}
	a.answer(began)
	return a, nil
}

// readAll counts all logs.
func (a *Analysis) readAll(ctx context.Context, logs []Log, size int) error {
	var workers []*worker
	for range a.workers() {
		workers = append(workers, newWorker(a.counts))
	}
	for i := range logs {
		log, err := a.read(ctx, i, &logs[i], workers, size)
		if err != nil {
			return err
		}
		a.logs = append(a.logs, log)
	}
	for _, w := range workers {
		w.flush()
	}
	return nil
}

// answer asks the counts all that is to be known.
func (a *Analysis) answer(began time.Time) {
	a.Report = a.report(began)
	a.counts.everyone = nil
	a.find()
}

// once is how many lines were accepted of logs that cannot be read again.
func (a *Analysis) once() (n uint64) {
	for i := range a.logs {
		if l := &a.logs[i]; !l.Again {
			n += l.accepted
		}
	}
	return n
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
