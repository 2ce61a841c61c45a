package main

import (
	"net/netip"

	"github.com/spf13/cobra"

	"cidrx/agent/control"
)

func (a *app) why() *cobra.Command {
	return &cobra.Command{
		Use:               "why ADDRESS",
		Short:             "Explain everything known of one address",
		Example:           "  cidrxctl why 203.0.113.7",
		Args:              one("address"),
		ValidArgsFunction: a.completeBans,
		RunE: func(cmd *cobra.Command, args []string) error {
			addr, err := oneAddress(args[0])
			if err != nil {
				return err
			}
			w, err := a.client.Why(cmd.Context(), addr)
			if err != nil {
				return err
			}
			return show(a, w, (*page).why)
		},
	}
}

// oneAddress reads an address. A network stands for its first one only if it is one host, as bans lists it.
func oneAddress(text string) (netip.Addr, error) {
	p, err := netip.ParsePrefix(text)
	if err != nil {
		addr, err := control.ParseAddress(text)
		return addr, usage(err, "")
	}
	if p.IsSingleIP() || p.Addr().Is6() && p.Bits() == 64 {
		return control.ParseAddress(p.Addr().String())
	}
	return netip.Addr{}, usagef("name one inside it", "why explains one address, and %s has many", p)
}
