// Package controltest is an agent that answers as it is told, for tests of what talks to the control socket.
package controltest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync"

	"cidrx/agent/control"
)

// Script is what the agent answers; it can be read from JSON. What is not given is the zero value.
type Script struct {
	Status   control.Status
	Bans     []control.Ban // active
	Ended    []control.Ban
	Why      map[netip.Addr]control.Why
	Top      control.Top  // without a status, that of Status
	Done     control.Done // answers ban, unblock and changes of the allowlist
	Allow    []control.AllowEntry
	Mode     control.ModeReply // answers mode and confirm
	Reload   control.ReloadReply
	Flush    control.FlushReply
	Selftest control.SelftestReply
	Version  control.Version
	Events   []control.Event
	Errors   map[string]Failure // by command: "ban", "allow add", …
}

// Failure is an error to answer with.
type Failure struct {
	Error, Next string
	Invalid     bool // the caller's mistake
}

// Agent is a control.Agent that follows a Script and remembers what it was asked to change.
type Agent struct {
	script Script

	mu    sync.Mutex
	calls []string
	tail  chan control.Event
}

// New makes an agent that follows s.
func New(s Script) *Agent { return &Agent{script: s, tail: make(chan control.Event)} }

// Calls are the changes asked for so far, one a line: command, caller, request as JSON.
func (a *Agent) Calls() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.calls)
}

// Emit hands an event to a follower of the audit trail, and waits for one until ctx is done.
func (a *Agent) Emit(ctx context.Context, e control.Event) error {
	select {
	case a.tail <- e:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// fail is the error that the script has for command.
func (a *Agent) fail(command string) error {
	f, ok := a.script.Errors[command]
	if !ok {
		return nil
	}
	e := &control.Error{Message: f.Error, Next: f.Next}
	if f.Invalid {
		e.Err = control.ErrInvalid
	}
	return e
}

// change notes a change that was asked for.
func (a *Agent) change(command string, c control.Caller, request any) error {
	text, err := json.Marshal(request)
	line := fmt.Sprintf("%s by %s", command, c.Name)
	if c.SSHPeer.IsValid() {
		line += " from " + c.SSHPeer.String()
	}
	if request != nil {
		line += " " + string(text)
	}
	a.mu.Lock()
	a.calls = append(a.calls, line)
	a.mu.Unlock()
	return errors.Join(err, a.fail(command))
}

func (a *Agent) Status(context.Context) (control.Status, error) {
	return a.script.Status, a.fail("status")
}

func (a *Agent) Bans(_ context.Context, all bool) ([]control.Ban, error) {
	bans := slices.Clone(a.script.Bans)
	if all {
		bans = append(bans, a.script.Ended...)
	}
	return bans, a.fail("bans")
}

func (a *Agent) Why(_ context.Context, addr netip.Addr) (control.Why, error) {
	w := a.script.Why[addr]
	w.Address = addr
	return w, a.fail("why")
}

func (a *Agent) Top(context.Context) (control.Top, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	t := a.script.Top
	if t.Status.State == "" {
		t.Status = a.script.Status
	}
	return t, a.fail("top")
}

// Update changes the script of a running agent.
func (a *Agent) Update(change func(*Script)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	change(&a.script)
}

func (a *Agent) Ban(_ context.Context, c control.Caller, r control.BanRequest) (control.Done, error) {
	return a.script.Done, a.change("ban", c, r)
}

func (a *Agent) Unblock(_ context.Context, c control.Caller, r control.UnblockRequest) (control.Done, error) {
	return a.script.Done, a.change("unblock", c, r)
}

func (a *Agent) AllowList(context.Context) ([]control.AllowEntry, error) {
	return a.script.Allow, a.fail("allow list")
}

func (a *Agent) AllowAdd(_ context.Context, c control.Caller, r control.AllowRequest) (control.Done, error) {
	return a.script.Done, a.change("allow add", c, r)
}

func (a *Agent) AllowRemove(_ context.Context, c control.Caller, r control.AllowRequest) (control.Done, error) {
	return a.script.Done, a.change("allow remove", c, r)
}

func (a *Agent) Mode(_ context.Context, c control.Caller, r control.ModeRequest) (control.ModeReply, error) {
	return a.script.Mode, a.change("mode", c, r)
}

func (a *Agent) Confirm(_ context.Context, c control.Caller) (control.ModeReply, error) {
	return a.script.Mode, a.change("confirm", c, nil)
}

func (a *Agent) Reload(_ context.Context, c control.Caller) (control.ReloadReply, error) {
	return a.script.Reload, a.change("reload", c, nil)
}

func (a *Agent) Flush(_ context.Context, c control.Caller) (control.FlushReply, error) {
	return a.script.Flush, a.change("flush", c, nil)
}

func (a *Agent) Selftest(_ context.Context, c control.Caller) (control.SelftestReply, error) {
	return a.script.Selftest, a.change("selftest", c, nil)
}

func (a *Agent) Version(context.Context) (control.Version, error) {
	return a.script.Version, a.fail("version")
}

func (a *Agent) Events(ctx context.Context, follow bool, send func(control.Event) error) error {
	for _, e := range a.script.Events {
		if err := send(e); err != nil {
			return err
		}
	}
	for follow {
		select {
		case e := <-a.tail:
			if err := send(e); err != nil {
				return err
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return a.fail("events")
}
