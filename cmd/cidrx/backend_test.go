package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"cidrx/firewall"
)

// TestAutoChooses gives it backends that work and others that do not.
func TestAutoChooses(t *testing.T) {
	works := firewall.NewFake(time.Now)
	noKernel, noProgram := errors.New("no interval sets"), errors.New("no program ipset")
	tests := []struct {
		name            string
		first, fallback error
		logged          string
		wrong           []error
	}{
		{"nftables works", nil, nil, "backend=fake", nil},
		{"nftables does not", noKernel, nil, "nftables does not work: no interval sets", nil},
		{"neither", noKernel, noProgram, "", []error{noKernel, noProgram}},
		{"no permission", fmt.Errorf("nftables: %w", syscall.EPERM), noProgram, "", []error{os.ErrPermission}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var logged strings.Builder
			give := func(err error) (firewall.Firewall, error) {
				if err != nil {
					return nil, err
				}
				return works, nil
			}
			log := slog.New(slog.NewTextHandler(&logged, nil))
			_, err := chooseFirewall(log, func() (firewall.Firewall, error) { return give(tt.first) }, func(why string) (firewall.Firewall, error) {
				log.Info("chosen", "why", why)
				return give(tt.fallback)
			})
			if (err == nil) != (len(tt.wrong) == 0) || !strings.Contains(logged.String(), tt.logged) {
				t.Errorf("error %v; logged %s", err, logged.String())
			}
			for _, want := range tt.wrong {
				if !errors.Is(err, want) {
					t.Errorf("error %v does not tell of %v", err, want)
				}
			}
		})
	}
}

// TestSuccessorCleansUpOnce cleans up when the first Sync has worked, and not before.
func TestSuccessorCleansUpOnce(t *testing.T) {
	fake, cleaned := firewall.NewFake(time.Now), 0
	s := &successor{Firewall: fake, log: slog.New(slog.DiscardHandler), clean: func(context.Context) error { cleaned++; return nil }}
	fake.BeforeCommit(func() error { return errors.New("no") })
	if _, err := s.Sync(t.Context(), firewall.Want{}); err == nil || cleaned != 0 {
		t.Errorf("error %v, cleaned up %d times before the bans were in force", err, cleaned)
	}
	fake.BeforeCommit(nil)
	for range 2 {
		if _, err := s.Sync(t.Context(), firewall.Want{}); err != nil || cleaned != 1 {
			t.Errorf("error %v, cleaned up %d times", err, cleaned)
		}
	}
	if err := s.Remove(t.Context()); err != nil || cleaned != 2 {
		t.Errorf("error %v, cleaned up %d times", err, cleaned)
	}
}

// output is what a program prints on the edge host.
func (e *edge) output(args ...string) string {
	e.t.Helper()
	cmd := exec.Command(args[0], args[1:]...)
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	e.must(e.host.Start(cmd))
	if err := cmd.Wait(); err != nil {
		e.t.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, out.String())
	}
	return out.String()
}

// useBackend sets it for the next start.
func (e *edge) useBackend(name string) {
	e.t.Helper()
	e.file("cidrx.toml", strings.ReplaceAll(edgeConfig, "DIR", e.dir)+fmt.Sprintf("[firewall]\nbackend = %q\n", name))
}

// TestFallbackWithRealPackets is the product's promise without nftables: nginx writes the log, curl attacks, ipset and iptables stop the packets, somebody
// flushes them, cidrxctl lets them in again; then the host changes to nftables, and back, and is torn down.
func TestFallbackWithRealPackets(t *testing.T) {
	t.Parallel()
	e := newEdge(t)
	e.useBackend("ipset")
	e.nginx()
	e.start()
	if s := e.status(); s.Backend != "ipset" || s.State != "enforcing" {
		t.Fatalf("status: %+v", s)
	}
	for range 20 {
		if body, code := e.curl("203.0.113.77", "/admin", "-A", "sqlmap/1.9"); code != 0 || body != "welcome\n" {
			t.Fatalf("before the ban: %q, curl's exit code %d", body, code)
		}
	}
	e.dropped("203.0.113.77")
	if _, code := e.curl("203.0.113.78", "/"); code != 0 {
		t.Error("its neighbour is dropped too")
	}
	e.ctl("ban", "198.51.100.0/24", "--for", "1h")
	e.ctl("ban", "2001:db8:bad:7::/64", "--for", "1h")
	door, door6 := e.open("192.0.2.1"), e.open("2001:db8:bad:ff::1")
	banned := func(when string) {
		t.Helper()
		if door.passes("203.0.113.77") || door.passes("198.51.100.9") || door6.passes("2001:db8:bad:7::9") {
			t.Errorf("%s the banned are let in", when)
		}
	}
	banned("in the beginning")
	for i, foreign := range [][]string{{"ipset", "flush"}, {"iptables", "-t", "raw", "-F"}} {
		e.output(foreign...)
		e.await("it is repaired", func() bool {
			s := e.status()
			return s.Kernel.Repairs > uint64(i) && s.Kernel.Drift == 0 && s.State == "enforcing"
		})
		banned("after " + strings.Join(foreign, " "))
	}
	if _, errs, code := e.ctl("unblock", "203.0.113.77"); code != 0 {
		t.Fatalf("cidrxctl unblock: exit code %d: %s", code, errs)
	}
	if body, code := e.curl("203.0.113.77", "/"); code != 0 || body != "welcome\n" {
		t.Errorf("after the unblock: %q, curl's exit code %d", body, code)
	}
	e.ctl("ban", "203.0.113.77", "--for", "1h")
	e.stop(syscall.SIGKILL)
	banned("with the agent dead")
	for _, next := range []string{"nftables", "ipset"} {
		e.useBackend(next)
		e.start()
		banned("with " + next)
		e.await("only "+next+" has something of ours", func() bool {
			table, sets := strings.Contains(e.output("nft", "list", "ruleset"), "table inet cidrx "), strings.Contains(e.output("ipset", "save"), "cidrx")
			return table == (next == "nftables") && sets == (next == "ipset")
		})
		e.must(e.stop(syscall.SIGTERM))
	}
	e.output(binaries+"/cidrx", "teardown", "--socket", e.client.Socket)
	if left := e.output("ipset", "save") + e.output("iptables-save") + e.output("nft", "list", "ruleset"); strings.Contains(left, "cidrx") {
		t.Errorf("after cidrx teardown: %s", left)
	}
	if !door.passes("198.51.100.9") {
		t.Error("after cidrx teardown somebody is banned")
	}
}
