package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/spf13/pflag"
	"golang.org/x/term"

	"cidrx/agent/config"
	"cidrx/cmd/internal/atomicfile"
	"cidrx/detect/report"
	"cidrx/detect/static"
)

// output are the flags that say what becomes of an analysis.
type output struct {
	compact, plain, suggest, tui bool
	report                       string
	compare                      []string
}

func (o *output) add(flags *pflag.FlagSet) {
	flags.BoolVar(&o.compact, "compact", false, "JSON on one line")
	flags.BoolVar(&o.plain, "plain", false, "text for reading")
	flags.BoolVar(&o.tui, "tui", false, "explore the analysis in the terminal, and try other tiers on it")
	flags.BoolVar(&o.suggest, "suggest", false, "propose tiers for the log, with the reason for each number, in place of the report")
	flags.StringArrayVar(&o.compare, "compare", nil, "what `A.toml` and B.toml find that the other does not: --compare A.toml B.toml")
	flags.StringVar(&o.report, "report", "", "write a page to look at to this `file`, too; it needs no network")
}

// check refuses flags that do not go together.
func (o *output) check() error {
	switch {
	case o.compact && o.plain:
		return errors.New("--compact and --plain are two forms of the same; give one of them")
	case o.suggest && o.report != "":
		return errors.New("--suggest prints proposals and no report; leave out --report")
	case o.tui && (o.compact || o.plain || o.suggest || len(o.compare) > 0):
		return errors.New("--tui shows the report on the screen and writes none; leave out --compact, --plain, --suggest and --compare")
	case len(o.compare) == 0:
		return nil
	case len(o.compare) != 2:
		return fmt.Errorf("--compare takes two configuration files, not %d: --compare A.toml B.toml", len(o.compare))
	case o.report != "" || o.suggest:
		return errors.New("--compare goes with no other output than --plain and --compact")
	}
	return nil
}

// uses are the files that the output is written to, less those that a configuration can name, and the configurations that are compared.
func (o *output) uses(stdout io.Writer) []config.Use {
	uses := []config.Use{{Key: "--report", Path: o.report, Writes: true}}
	for _, file := range o.compare {
		uses = append(uses, config.Use{Key: "--compare", Path: file})
	}
	if f, ok := stdout.(*os.File); ok {
		if info := regular(f); info != nil {
			uses = append(uses, config.Use{Key: "standard output", Info: info, Writes: true})
		}
	}
	return uses
}

// regular is what is known of a stream of this process that leads from or to a regular file; nil: it does not.
func regular(f *os.File) fs.FileInfo {
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return nil
	}
	return info
}

// looks reports whether the output needs a second look at the logs.
func (o *output) looks(s *config.Static) bool { return o.suggest || o.report != "" || s.PlotPath != "" }

// look takes the second look if it is needed.
func (o *output) look(ctx context.Context, s *config.Static, a *static.Analysis, p *progress) error {
	if o.suggest || !o.looks(s) {
		return nil
	}
	p.again()
	_, err := a.Look(ctx)
	return err
}

// write writes the pages, and the report last. A page that fails takes the report of a long reading with it no more than another page.
func (o *output) write(s *config.Static, a *static.Analysis, stdout io.Writer) error {
	failed := o.pages(s, a)
	return errors.Join(failed, printed(stdout, func(out io.Writer) error {
		if o.plain {
			return report.Plain(out, a.Report, width(stdout))
		}
		return report.JSON(out, a.Report, o.compact)
	}))
}

// printed writes through a buffer. An error of stdout is said once: the buffer returns it again from then on.
func printed(stdout io.Writer, show func(io.Writer) error) error {
	out := bufio.NewWriter(stdout)
	if err := show(out); err != nil {
		return err
	}
	return out.Flush()
}

// checkPages makes sure before the logs are read that the pages can be written behind them.
func (o *output) checkPages(s *config.Static) error {
	for _, path := range []string{o.report, s.PlotPath} {
		if path == "" {
			continue
		}
		if err := atomicfile.Check(path); err != nil {
			return err
		}
	}
	return nil
}

// pages writes the pages that were asked for.
func (o *output) pages(s *config.Static, a *static.Analysis) error {
	return errors.Join(page(o.report, a, report.HTML), page(s.PlotPath, a, report.Map))
}

// page writes a page unless path is empty.
func page(path string, a *static.Analysis, render func(io.Writer, *report.Report) error) error {
	if path == "" {
		return nil
	}
	return atomicfile.Replace(path, func(w io.Writer) error { return render(w, a.Report) })
}

// propose prints tiers that fit the log.
func (o *output) propose(ctx context.Context, a *static.Analysis, p *progress, stdout io.Writer) error {
	p.again()
	s, err := a.Suggest(ctx)
	if err != nil {
		return err
	}
	p.stop()
	show := report.PlainSuggestion
	if o.compact {
		show = report.JSONSuggestion
	}
	return printed(stdout, func(out io.Writer) error { return show(out, s) })
}

// width is the width of the terminal that w is, 0 if it is none.
func width(w io.Writer) int {
	f, ok := w.(*os.File)
	if !ok {
		return 0
	}
	columns, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0
	}
	return columns
}
