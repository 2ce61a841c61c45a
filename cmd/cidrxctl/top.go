package main

import (
	"strings"

	"github.com/spf13/cobra"

	"cidrx/agent/control"
	"cidrx/cmd/cidrxctl/top"
	view "cidrx/cmd/internal/term"
)

func (a *app) top() *cobra.Command {
	return &cobra.Command{
		Use:   "top",
		Short: "Watch the agent in the terminal; look closer, ban and unblock",
		Long: "Watch the agent in the terminal: mode and health, lines a second and lag of each source, bans coming and going, the prefixes that are " +
			"closest to a ban, and what the kernel drops. Keys look closer, unblock and ban; ? lists them. It says so when the agent goes away, and goes " +
			"on when it is back.\n\nWith --json it prints what it would show, once.",
		Args: none,
		RunE: func(cmd *cobra.Command, _ []string) error {
			first, err := a.client.Top(cmd.Context())
			if err != nil {
				return err
			}
			if a.json {
				return a.term.document(first)
			}
			if !view.IsTerminal(a.term.in) || !view.IsTerminal(a.term.out) {
				return usagef("say top --json for one document, or status", "top needs a terminal for keys and screen")
			}
			return top.Run(cmd.Context(), top.Options{Agent: &a.client, First: first, Length: parseSpan, Explain: explain}, a.term.in, a.term.out)
		},
	}
}

// explain writes the answer to why as the command of that name does.
func explain(w control.Why, columns int) []string {
	p := &page{width: columns, color: true} // the view leaves colours out where there are none
	p.why(printable(w))
	return strings.Split(strings.TrimRight(p.b.String(), "\n"), "\n")
}
