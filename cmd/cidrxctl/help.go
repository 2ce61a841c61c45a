package main

import (
	"strings"

	"github.com/spf13/cobra"

	view "cidrx/cmd/internal/term"
)

// helpWidth is how wide help texts are: some terminals are no wider, and few people read longer lines gladly.
const helpWidth = 80

// fitHelp makes the help texts of root and all its commands fit into helpWidth: paragraphs and flags are broken between words.
func fitHelp(root *cobra.Command) {
	root.SetUsageTemplate(strings.ReplaceAll(root.UsageTemplate(), "Flags.FlagUsages ", "Flags.FlagUsagesWrapped 80 "))
	root.SetHelpFunc(func(cmd *cobra.Command, _ []string) {
		text := cmd.Long
		if text == "" {
			text = cmd.Short
		}
		if cmd.Parent() == nil || cmd.Parent().Name() != "completion" { // cobra's own, with command lines to paste
			text = paragraphs(text)
		}
		cmd.Print(text + "\n\n" + cmd.UsageString())
	})
}

// paragraphs breaks each line of text where the help ends.
func paragraphs(text string) string {
	var lines []string
	for paragraph := range strings.SplitSeq(text, "\n") {
		wrapped := view.Wrap(paragraph, helpWidth)
		lines = append(lines, strings.Join(wrapped, "\n"))
	}
	return strings.Join(lines, "\n")
}
