package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"cidrx/agent/config"
	"cidrx/agent/control"
	"cidrx/cmd/internal/doctor"
	"cidrx/cmd/internal/term"
)

func doctorCommand() *cobra.Command {
	var file string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Examine this host: kernel, permissions, logs, formats, proxies, clock, neighbours; and say what to do",
		Long: `doctor looks at everything that cidrx depends on and prints one finding a check, with the next step where there is one. It changes
nothing: what the kernel can do is tried in a scratch table that hooks nowhere. It works without root, and says what it could not look
at. Exit 0 if there is no problem (warnings are none), 1 if there is.`,
		Example: `  sudo cidrx doctor
  cidrx doctor --config new.toml --json | jq -r '.findings[] | select(.level == "problem") | .says'`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGINT, syscall.SIGTERM)
			defer stop()
			return runDoctor(ctx, doctor.Host(), file, asJSON, cmd.OutOrStdout())
		},
	}
	cmd.Flags().StringVar(&file, "config", config.DefaultFile, "configuration `file`; conf.d/*.toml beside it follow")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON document")
	return cmd
}

// diagnosis is the JSON document of cidrx doctor.
type diagnosis struct {
	Version  string           `json:"version"`
	OK       bool             `json:"ok"` // no problem was found
	Counts   diagnosisCounts  `json:"counts"`
	Findings []doctor.Finding `json:"findings"`
}

type diagnosisCounts struct {
	OK      int `json:"ok"`
	Warning int `json:"warning"`
	Problem int `json:"problem"`
	Unknown int `json:"unknown"`
}

func runDoctor(ctx context.Context, sys *doctor.System, file string, asJSON bool, out io.Writer) error {
	found := doctor.Examine(ctx, sys, func() (*config.Config, []config.Warning, error) { return config.Load(inputs(file)) })
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("interrupted: not everything was looked at: %w", err)
	}
	n := doctor.Worst(found)
	d := diagnosis{
		Version: control.Build().Version, OK: n[doctor.Problem] == 0, Findings: found,
		Counts: diagnosisCounts{n[doctor.OK], n[doctor.Warning], n[doctor.Problem], n[doctor.Unknown]},
	}
	if err := printDiagnosis(out, d, asJSON); err != nil {
		return err
	}
	if !d.OK {
		return exitCode(exitFailed)
	}
	return nil
}

func printDiagnosis(out io.Writer, d diagnosis, asJSON bool) error {
	if asJSON {
		return printJSON(out, d)
	}
	var b strings.Builder
	topic := ""
	for _, f := range d.Findings {
		if f.Topic != topic {
			topic = f.Topic
			fmt.Fprintf(&b, "\n%s\n", topic)
		}
		fmt.Fprint(&b, findingLines(f))
	}
	c := d.Counts
	fmt.Fprintf(&b, "\n%s, %s, %d ok%s\n", plural(c.Problem, "problem"), plural(c.Warning, "warning"), c.OK, couldNot(c.Unknown))
	_, err := io.WriteString(out, strings.TrimPrefix(b.String(), "\n"))
	return err
}

func couldNot(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(", %d could not be looked at", n)
}

// pageWidth is how wide text for people gets, whatever the terminal: what is wider is hard to read, and to paste into a mail.
const pageWidth = 80

// levelWords are what stands before a finding.
var levelWords = map[doctor.Level]string{doctor.OK: "ok", doctor.Warning: "WARNING", doctor.Problem: "PROBLEM", doctor.Unknown: "unknown"}

// findingLines is a finding for people: its level, what is so, and below it the next step.
func findingLines(f doctor.Finding) string {
	const indent = "           "
	text := fmt.Sprintf("  %-7s  %s", levelWords[f.Level], "") + strings.Join(wrapped(f.Check+": "+f.Says, pageWidth-len(indent)), "\n"+indent) + "\n"
	if f.Do != "" {
		text += indent + "-> " + strings.Join(wrapped(f.Do, pageWidth-len(indent)-3), "\n"+indent+"   ") + "\n"
	}
	return text
}

// wrapped is printable text in lines.
func wrapped(text string, width int) []string { return term.Wrap(term.Printable(text), width) }

// printJSON writes one indented JSON document in which everything can be seen.
func printJSON(out io.Writer, doc any) error {
	var b strings.Builder
	encode := json.NewEncoder(&b)
	encode.SetEscapeHTML(false)
	encode.SetIndent("", "  ")
	if err := encode.Encode(doc); err != nil {
		return err
	}
	_, err := out.Write(term.AppendPrintableJSON(nil, []byte(b.String())))
	return err
}
