package main

import (
	"github.com/spf13/cobra"

	"cidrx/agent/control"
)

// versions are those of both ends.
type versions struct {
	Cidrxctl control.Version  `json:"cidrxctl"`
	Agent    *control.Version `json:"agent"` // null: not reachable
}

func (a *app) version() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the versions of cidrxctl and of the running agent",
		Args:  none,
		RunE: func(cmd *cobra.Command, _ []string) error {
			v := versions{Cidrxctl: control.Build()}
			agent, err := a.client.Version(cmd.Context())
			if err == nil {
				v.Agent = &agent
			} else { // our own version is an answer all the same
				a.term.fail(err)
			}
			return show(a, v, (*page).versions)
		},
	}
}
