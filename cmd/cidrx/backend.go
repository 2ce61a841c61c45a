package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync/atomic"

	"cidrx/agent"
	"cidrx/agent/config"
	"cidrx/firewall"
	"cidrx/firewall/ipset"
	"cidrx/firewall/nftables"
)

// openFirewall opens the backend that the configuration asks for.
func openFirewall(log *slog.Logger) func(config.Firewall) (firewall.Firewall, error) {
	return func(cfg config.Firewall) (firewall.Firewall, error) {
		switch cfg.Backend {
		case "none":
			return agent.NoFirewall{}, nil
		case "nftables":
			return openNftables(cfg, log)
		case "ipset":
			return openIpset(cfg, log, "the configuration says so")
		}
		return chooseFirewall(log,
			func() (firewall.Firewall, error) { return openNftables(cfg, log) },
			func(why string) (firewall.Firewall, error) { return openIpset(cfg, log, why) })
	}
}

// chooseFirewall prefers nftables, if it works: to open it tries all that it needs.
func chooseFirewall(log *slog.Logger, open func() (firewall.Firewall, error), openFallback func(why string) (firewall.Firewall, error)) (firewall.Firewall, error) {
	f, err := open()
	if err == nil {
		log.Info("firewall chosen", "backend", f.Name(), "why", "the kernel can do all that it needs")
		return f, nil
	}
	if errors.Is(err, os.ErrPermission) { // which the fallback would need too
		return nil, err
	}
	fallback, fallbackErr := openFallback("nftables does not work: " + err.Error())
	if fallbackErr != nil {
		return nil, fmt.Errorf("%w; nor does the fallback work: %w", err, fallbackErr)
	}
	return fallback, nil
}

func openNftables(cfg config.Firewall, log *slog.Logger) (firewall.Firewall, error) {
	f, err := nftables.New(nftables.Options{
		Hook: nftables.Hook(cfg.Hook), Ports: cfg.Ports, Action: nftables.Action(cfg.Action), ProtectOutbound: cfg.ProtectOutbound, Logger: log,
	})
	if err != nil {
		return nil, err
	}
	return &successor{Firewall: f, log: log, clean: func(ctx context.Context) error {
		_, err := ipset.Clean(ctx, ipset.Options{Logger: log})
		return err
	}}, nil
}

func openIpset(cfg config.Firewall, log *slog.Logger, why string) (firewall.Firewall, error) {
	f, err := ipset.New(ipset.Options{
		Hook: ipset.Hook(cfg.Hook), Ports: cfg.Ports, Action: ipset.Action(cfg.Action), ProtectOutbound: cfg.ProtectOutbound, Logger: log,
	})
	if err != nil {
		return nil, err
	}
	log.Info("firewall chosen", "backend", f.Name(), "with", f.Variant(), "why", why)
	return &successor{Firewall: f, log: log, clean: func(ctx context.Context) error {
		if removeTable(ctx) != nil {
			log.Debug("nftables does not work, so there can be no table of an earlier start")
		}
		return nil
	}}, nil
}

// successor takes away what the other backend left at an earlier start, as soon as its own bans are in force: nobody is let in between, and no ban stays that
// nobody would ever lift.
type successor struct {
	firewall.Firewall
	log   *slog.Logger
	clean func(context.Context) error
	done  atomic.Bool
}

// Sync is that of the backend.
func (s *successor) Sync(ctx context.Context, want firewall.Want) (firewall.Result, error) {
	r, err := s.Firewall.Sync(ctx, want)
	if err == nil && !s.done.Swap(true) {
		if err := s.clean(ctx); err != nil {
			s.log.Warn("bans of another backend may be left in the kernel, until their timeouts; to remove them stop the agent and run, as root, cidrx teardown", "error", err)
		}
	}
	return r, err
}

// Remove is that of the backend, and of what was left.
func (s *successor) Remove(ctx context.Context) error {
	s.done.Store(true)
	return errors.Join(s.Firewall.Remove(ctx), s.clean(ctx))
}
