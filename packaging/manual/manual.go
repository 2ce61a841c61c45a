// Package manual writes the manual pages of cidrx from what they are about: the command trees as they run, and the commented reference
// of the configuration. So no page can say what the code does not.
package manual

import (
	_ "embed"
	"runtime/debug"
	"time"

	"github.com/spf13/cobra"
)

// What a page says besides its commands: paragraphs, titles behind a #, terms before a tab.
var (
	//go:embed text/cidrx.txt
	cidrxText string
	//go:embed text/cidrxctl.txt
	cidrxctlText string
	//go:embed text/cidrx.toml.txt
	tomlText string
)

// Document is a file with every key of a configuration and a comment on each, such as configs.Reference.
type Document struct {
	Title string // of the part of the page that it becomes
	Text  []byte
}

// CommandName is the hidden command that prints the pages.
const CommandName = "manual"

// NewCommand returns a hidden command for root that prints its page, and with an argument "cidrx.toml" that of the configuration if
// documents are given.
func NewCommand(documents ...Document) *cobra.Command {
	cmd := &cobra.Command{
		Use: CommandName, Short: "Print the manual page", Hidden: true, Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return Commands(cmd.OutOrStdout(), cmd.Root(), commitDate())
			}
			return Configuration(cmd.OutOrStdout(), commitDate(), documents...)
		},
	}
	if len(documents) == 0 {
		cmd.Args = cobra.NoArgs
	} else {
		cmd.Args = cobra.MatchAll(cobra.MaximumNArgs(1), cobra.OnlyValidArgs)
		cmd.ValidArgs = []string{"cidrx.toml"}
	}
	return cmd
}

// commitDate is the day of the commit that the program was built from; empty if it was not built from one.
func commitDate() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, s := range info.Settings {
		if s.Key != "vcs.time" {
			continue
		}
		if at, err := time.Parse(time.RFC3339, s.Value); err == nil {
			return at.UTC().Format(time.DateOnly)
		}
	}
	return ""
}
