package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
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
	compact, plain, suggest bool
	report                  string
	compare                 []string
}

func (o *output) add(flags *pflag.FlagSet) {
	flags.BoolVar(&o.compact, "compact", false, "JSON on one line")
	flags.BoolVar(&o.plain, "plain", false, "text for reading")
	flags.StringVar(&o.report, "report", "", "write a page to look at to this `file`, too; it needs no network")
}

// check refuses flags that do not go together.
func (o *output) check() error {
	if o.compact && o.plain {
		return errors.New("--compact and --plain are two forms of the same; give one of them")
	}
	return nil
}

// looks reports whether the output needs a second look at the logs.
func (o *output) looks(s *config.Static) bool { return o.report != "" || s.PlotPath != "" }

// look takes the second look if it is needed.
func (o *output) look(ctx context.Context, s *config.Static, a *static.Analysis) error {
	return nil
}

// write writes the pages, and the report last.
func (o *output) write(_ context.Context, s *config.Static, a *static.Analysis, stdout io.Writer) error {
	if o.report != "" {
		if err := atomicfile.Replace(o.report, func(w io.Writer) error { return report.HTML(w, a.Report) }); err != nil {
			return err
		}
	}
	if s.PlotPath != "" {
		if err := atomicfile.Replace(s.PlotPath, func(w io.Writer) error { return report.Map(w, a.Report) }); err != nil {
			return err
		}
	}
	out := bufio.NewWriter(stdout)
	var err error
	if o.plain {
		err = report.Plain(out, a.Report, width(stdout))
	} else {
		err = report.JSON(out, a.Report, o.compact)
	}
	return errors.Join(err, out.Flush())
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

func (f *staticFlags) runCompare(context.Context, io.Writer, io.Writer) error {
	return fmt.Errorf("not yet")
}
