package main

import (
	"github.com/spf13/cobra"

	"cidrx/agent/control"
)

func (a *app) mode() *cobra.Command {
	var r control.ModeRequest
	var trial span
	cmd := &cobra.Command{
		Use:       "mode [observe|enforce]",
		Short:     "Print or change the mode",
		Long:      "Print the mode, or change it. A change is kept across restarts. In observe mode everything is detected and nothing is blocked.",
		Example:   "  cidrxctl mode enforce --preview\n  cidrxctl mode enforce --confirm 10m",
		Args:      cobra.MatchAll(cobra.MaximumNArgs(1), cobra.OnlyValidArgs),
		ValidArgs: []string{"observe", "enforce"},
		RunE: func(cmd *cobra.Command, args []string) error {
			r.ConfirmS = trial.seconds()
			if len(args) == 0 {
				return a.showMode(cmd, r)
			}
			r.Mode = args[0]
			return a.setMode(cmd, r)
		},
	}
	cmd.Flags().BoolVar(&r.Preview, "preview", false, "change nothing, show what enforcing would ban at once, and what if it goes on")
	cmd.Flags().Var(&trial, "confirm", "go back to observe after this time, such as 10m, unless: cidrxctl confirm")
	return cmd
}

func (a *app) showMode(cmd *cobra.Command, r control.ModeRequest) error {
	if r.Preview || r.ConfirmS > 0 {
		return usagef("say mode enforce", "--preview and --confirm go with a mode")
	}
	m, err := a.client.Mode(cmd.Context())
	if err != nil {
		return err
	}
	return show(a, m, (*page).mode)
}

func (a *app) setMode(cmd *cobra.Command, r control.ModeRequest) error {
	if r.Mode == "observe" && (r.Preview || r.ConfirmS > 0) {
		return usagef("say mode enforce", "--preview and --confirm go with enforcing")
	}
	if r.Preview && r.ConfirmS > 0 {
		return usagef("say one of the two", "a preview changes nothing that could be confirmed")
	}
	m, err := a.client.SetMode(cmd.Context(), r)
	if err != nil {
		return err
	}
	if r.Preview {
		return show(a, m, (*page).preview)
	}
	if !m.Changed {
		return a.nothing(m, "the mode is "+m.Mode+" already", "cidrxctl status shows how that goes")
	}
	return show(a, m, (*page).modeSet)
}
