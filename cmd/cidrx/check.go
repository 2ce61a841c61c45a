package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"cidrx/agent/config"
)

func checkCommand() *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Validate the configuration",
		Long:  `check reads the configuration as the agent would and names what is wrong by file, line and key. Exit 0 if it is valid, 1 if not.`,
		Args:  noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, warnings, err := config.Load(inputs(file))
			if err != nil {
				return err
			}
			for _, w := range warnings {
				fmt.Fprintln(cmd.ErrOrStderr(), "warning:", w.Error())
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s: valid (%s, %s, mode %s)\n", file, plural(len(cfg.Sources), "source"), strategies(len(cfg.Live)), cfg.Agent.Mode)
			return err
		},
	}
	cmd.Flags().StringVar(&file, "config", config.DefaultFile, "configuration `file`; conf.d/*.toml beside it follow")
	return cmd
}

func strategies(n int) string {
	if n == 1 {
		return "1 strategy"
	}
	return thousands(n) + " strategies"
}
