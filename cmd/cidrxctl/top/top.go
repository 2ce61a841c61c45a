// Package top is the live view of an agent: what `cidrxctl top` shows. It asks the agent once a second how it stands, follows its audit
// trail, and does what keys ask for through the same control socket as every other command.
package top

import (
	"context"
	"io"
	"net/netip"
	"sync"
	"time"

	"cidrx/agent/control"
	"cidrx/cmd/internal/term"
)

// Agent is what the view asks; *control.Client is one.
type Agent interface {
	Top(ctx context.Context) (control.Top, error)
	EventsSince(ctx context.Context, since time.Time, each func(control.Event) error) error
	Bans(ctx context.Context, all bool) ([]control.Ban, error)
	Why(ctx context.Context, addr netip.Addr) (control.Why, error)
	Ban(ctx context.Context, r control.BanRequest) (control.Done, error)
	Unblock(ctx context.Context, r control.UnblockRequest) (control.Done, error)
}

// Options are what the view shares with the other commands.
type Options struct {
	Agent   Agent
	First   control.Top                               // what the agent said when it was asked first
	Length  func(text string) (time.Duration, error)  // reads how long a ban shall last
	Explain func(w control.Why, columns int) []string // the answer to why, printable, in lines of at most so many columns
}

// Run shows the view until the user quits, ctx ends or a signal comes (nil), or the terminal fails. Keys are read from in and the screen
// is written to out: both must be terminals, and both are left as they were. It returns when its requests have ended too.
func Run(ctx context.Context, o Options, in io.Reader, out io.Writer) error {
	ctx, cancel := context.WithCancel(ctx)
	m := newModel(ctx, o)
	var following sync.WaitGroup
	following.Go(func() { m.feed.run(ctx, o.Agent, o.First.At.Add(-lookBack)) })
	defer following.Wait()
	defer cancel()
	return term.Run(ctx, m, in, out)
}

// lookBack is how old the events are that the view begins with.
const lookBack = time.Hour
