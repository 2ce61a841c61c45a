package agent

import (
	"context"

	"cidrx/firewall"
)

// NoFirewall is the backend "none": it holds nothing and agrees to everything. Bans are only exported.
type NoFirewall struct{}

func (NoFirewall) Name() string { return "none" }
func (NoFirewall) Sync(context.Context, firewall.Want) (firewall.Result, error) {
	return firewall.Result{}, nil
}
func (NoFirewall) Watch(ctx context.Context, _ func(firewall.Drift)) error {
	<-ctx.Done()
	return nil
}
func (NoFirewall) Counters(context.Context) (firewall.Counters, error) {
	return firewall.Counters{}, nil
}
func (NoFirewall) Remove(context.Context) error { return nil }
func (NoFirewall) Close() error                 { return nil }
