package main

import (
	"context"
	"fmt"
	"io"

	"cidrx/detect/report"
	"cidrx/detect/static"
)

// runCompare shows what each of two configurations finds that the other does not. Neither's jail is touched, and nothing is written.
func (f *staticFlags) runCompare(ctx context.Context, stdout, stderr io.Writer) error {
	var found [2]report.Found
	for i, file := range f.compare {
		a, err := f.found(ctx, file, stdout, stderr)
		if err != nil {
			return err
		}
		found[i] = report.Found{Name: file, Report: a.Report, Count: a.Count}
	}
	c := report.Compare(found[0], found[1])
	show := report.PlainComparison
	if f.compact {
		show = report.JSONComparison
	}
	return printed(stdout, func(out io.Writer) error { return show(out, c) })
}

// found is what a configuration finds.
func (f *staticFlags) found(ctx context.Context, file string, stdout, stderr io.Writer) (*static.Analysis, error) {
	s, err := f.load(file, stdout, stderr)
	if err != nil {
		return nil, err
	}
	logs, err := openWhole(ctx, s.Logs, stderr)
	if err != nil {
		return nil, err
	}
	defer logs.close()
	for _, l := range logs.logs {
		if !l.Again {
			return nil, fmt.Errorf("%s: --compare reads the logs twice; write it to a file first", l.Name)
		}
	}
	progress := watch(logs, stderr)
	defer progress.stop()
	o := analysisOptions(s)
	o.Progress = &progress.Progress
	a, err := static.Analyze(ctx, o, logs.logs)
	if err != nil {
		return nil, misfit(err)
	}
	return a, nil
}
