// Command soak runs the built agent for a long time, in a network namespace of its own with the kernel's real nftables, while everything
// happens to it that happens to an agent in months: busy logs that are rotated, reloads, others who flush the ruleset, kill -9. It counts
// what was written and hears what reaches the kernel, and ends with a table; exit code 1 says that a target was missed.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"cidrx/cmd/internal/rig"
	"cidrx/firewall/netlab"
)

// longest is how long attackers' addresses last.
const longest = 4 * time.Hour

// shortest is what leaves each life of the agent time to be compared with itself.
const shortest = time.Minute

func main() {
	total := flag.Duration("for", 30*time.Minute, "how long")
	flag.Parse()
	if *total < shortest || *total > longest || flag.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "soak: -for takes %v to %v, and nothing else is understood\n", shortest, longest)
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	missed, err := soakAndReport(ctx, newPlan(*total))
	if err != nil {
		fmt.Fprintln(os.Stderr, "soak:", err)
	}
	if err != nil || missed {
		os.Exit(1)
	}
}

// soakAndReport builds the commands, soaks the agent and prints the table, that of a run that failed as well.
func soakAndReport(ctx context.Context, p plan) (missed bool, err error) {
	dir, err := os.MkdirTemp("", "cidrx-soak-")
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if err := rig.Build(dir, "cidrx"); err != nil {
		return false, err
	}
	load := rig.LoadAverage()
	r, err := soakIn(ctx, p, dir, dir, say)
	if r == nil {
		return false, err
	}
	head := fmt.Sprintf("%s; load average of the last minute %s before, %s at the end", rig.Machine(), load, rig.LoadAverage())
	return len(r.missed(false)) > 0, errors.Join(err, r.print(os.Stdout, head))
}

// soakIn soaks the agent in namespaces that end with it. There is a report if it got under way.
func soakIn(ctx context.Context, p plan, dir, binaries string, say func(string, ...any)) (*report, error) {
	lab := netlab.New()
	defer lab.Close()
	s, err := newSoak(p, lab, dir, binaries, say)
	if err != nil {
		return nil, err
	}
	defer s.host.Kill() // if it could not be stopped
	if err = s.run(ctx); s.began.IsZero() {
		return nil, err
	}
	return s.report(), err
}

// say tells how it goes.
func say(format string, args ...any) { fmt.Fprintf(os.Stderr, "soak: "+format+"\n", args...) }
