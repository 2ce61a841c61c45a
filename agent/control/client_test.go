package control_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"cidrx/agent/control"
	"cidrx/agent/control/controltest"
)

var (
	at     = time.Date(2026, 11, 21, 20, 0, 0, 0, time.UTC)
	later  = at.Add(10 * time.Minute)
	prefix = netip.MustParsePrefix("203.0.113.0/24")
	host   = netip.MustParsePrefix("203.0.113.7/32")
)

func exampleScript() controltest.Script {
	ban := control.Ban{Prefix: prefix, Except: []netip.Prefix{host}, Start: at, Until: &later, RemainingS: 60, State: "in_force", Durable: true,
		Reasons: []string{"botnet: 1204 requests of 64 hosts"}, Requests: 1204, Hosts: 64, Share: 0.25, FirstSeen: &at, LastSeen: &later, DroppedPackets: 7,
		Samples: []string{`203.0.113.7 - - "GET /<script>&\u001b[31m"`}}
	ended := control.Ban{Prefix: host, Start: at, Until: &later, State: "ended"}
	return controltest.Script{
		Status: control.Status{State: "enforcing", Mode: "enforce", ConfirmBy: &later, Sources: []control.Source{{Name: "web", Lines: 3, LagS: 0.5}}},
		Bans:   []control.Ban{ban}, Ended: []control.Ban{ended},
		Why:      map[netip.Addr]control.Why{host.Addr(): {Allowed: "192.0.2.0/24 office", Strategies: []control.Standing{{Name: "web", Prefix: host, Needed: 20}}}},
		Done:     control.Done{Done: []netip.Prefix{host}, Carved: []control.Carved{{From: prefix, Out: host}}, State: "observed", Until: &later},
		Allow:    []control.AllowEntry{{Prefix: host, Until: &later, Note: "me", Origin: "run-time"}},
		Mode:     control.ModeReply{Mode: "enforce", Changed: true, Preview: []control.PreviewItem{{Ban: ban, Caution: []string{"logged in"}}}},
		Reload:   control.ReloadReply{Changed: []string{"[jail]"}},
		Flush:    control.FlushReply{Lifted: 3, Mode: "observe"},
		Selftest: control.SelftestReply{OK: true, Steps: []control.SelftestStep{{What: "line", OK: true, MS: 1.5}}},
		Version:  control.Version{Version: "v1", Commit: "abc", Go: "go1.26"},
		Events:   []control.Event{{At: at, Event: "ban", Prefix: &prefix, Until: &later}, {At: later, Event: "unban", Prefix: &prefix, Reason: "time"}},
	}
}

// Everything a client asks comes back as the agent said it.
func TestClientAsks(t *testing.T) {
	script := exampleScript()
	_, c := serveScript(t, script)
	why := script.Why[host.Addr()]
	why.Address = host.Addr()
	tests := []struct {
		name string
		call func(context.Context) (any, error)
		want any
	}{
		{"status", func(ctx context.Context) (any, error) { return c.Status(ctx) }, script.Status},
		{"bans", func(ctx context.Context) (any, error) { return c.Bans(ctx, false) }, script.Bans},
		{"bans --all", func(ctx context.Context) (any, error) { return c.Bans(ctx, true) }, append(script.Bans, script.Ended...)},
		{"why", func(ctx context.Context) (any, error) { return c.Why(ctx, host.Addr()) }, why},
		{"allow list", func(ctx context.Context) (any, error) { return c.AllowList(ctx) }, script.Allow},
		{"mode", func(ctx context.Context) (any, error) { return c.Mode(ctx) }, control.ModeReply{Mode: "enforce", ConfirmBy: &later}},
		{"version", func(ctx context.Context) (any, error) { return c.Version(ctx) }, script.Version},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { wantReply(t, tt.call, tt.want) })
	}
}

func TestClientChanges(t *testing.T) {
	script := exampleScript()
	agent, c := serveScript(t, script)
	grace := int64(0)
	tests := []struct {
		name string
		call func(context.Context) (any, error)
		want any
		said string // to the agent
	}{
		{"ban", func(ctx context.Context) (any, error) {
			return c.Ban(ctx, control.BanRequest{Prefix: prefix, ForS: 60, Reason: "noise"})
		}, script.Done, `ban by root {"prefix":"203.0.113.0/24","for_s":60,"reason":"noise"}`},
		{"unblock", func(ctx context.Context) (any, error) {
			return c.Unblock(ctx, control.UnblockRequest{Prefixes: []netip.Prefix{host}, GraceS: &grace})
		}, script.Done, `unblock by root {"prefixes":["203.0.113.7/32"],"grace_s":0}`},
		{"allow add", func(ctx context.Context) (any, error) {
			return c.AllowAdd(ctx, control.AllowRequest{Prefix: host, Note: "Zoë"})
		}, script.Done, `allow add by root {"prefix":"203.0.113.7/32","note":"Zoë"}`},
		{"allow remove", func(ctx context.Context) (any, error) { return c.AllowRemove(ctx, control.AllowRequest{Prefix: host}) },
			script.Done, `allow remove by root {"prefix":"203.0.113.7/32"}`},
		{"mode", func(ctx context.Context) (any, error) {
			return c.SetMode(ctx, control.ModeRequest{Mode: "enforce", ConfirmS: 600})
		}, script.Mode, `mode by root {"mode":"enforce","confirm_s":600}`},
		{"confirm", func(ctx context.Context) (any, error) { return c.Confirm(ctx) }, script.Mode, "confirm by root"},
		{"reload", func(ctx context.Context) (any, error) { return c.Reload(ctx) }, script.Reload, "reload by root"},
		{"flush", func(ctx context.Context) (any, error) { return c.Flush(ctx) }, script.Flush, "flush by root"},
		{"selftest", func(ctx context.Context) (any, error) { return c.Selftest(ctx) }, script.Selftest, "selftest by root"},
	}
	var said []string
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { wantReply(t, tt.call, tt.want) })
		said = append(said, tt.said)
	}
	if diff := cmp.Diff(said, agent.Calls()); diff != "" {
		t.Errorf("the agent was told (-want +got):\n%s", diff)
	}
}

func wantReply(t *testing.T, call func(context.Context) (any, error), want any) {
	t.Helper()
	got, err := call(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateComparable(netip.Prefix{}, netip.Addr{}), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestClientErrors(t *testing.T) {
	dir := openDir(t)
	stale := filepath.Join(dir, "stale.sock")
	leaveStale(t, stale)
	silent := listenAnd(t, filepath.Join(dir, "silent.sock"), func(c net.Conn) { c.Close() })
	stranger := listenAnd(t, filepath.Join(dir, "stranger.sock"), func(c net.Conn) {
		c.Read(make([]byte, 4096))
		fmt.Fprint(c, "220 mail.example.net ESMTP\r\n")
		c.Close()
	})
	half := listenAnd(t, filepath.Join(dir, "half.sock"), func(c net.Conn) {
		c.Read(make([]byte, 4096))
		fmt.Fprint(c, "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"state\":")
		c.Close()
	})
	_, inner := serve(t, controltest.New(controltest.Script{Errors: map[string]controltest.Failure{
		"status": {Error: "it broke", Next: "mend it"}}}), control.ServerOptions{})
	tests := []struct {
		name, socket string
		is           error
		want, next   string
	}{
		{"no socket", filepath.Join(dir, "none.sock"), control.ErrUnreachable, "there is no agent socket at " + dir, "systemctl status cidrx"},
		{"stale socket", stale, control.ErrUnreachable, "nobody answers at " + stale, "systemctl status cidrx"},
		{"hangs up", silent, control.ErrUnreachable, "", ""},
		{"not an agent", stranger, control.ErrUnreachable, "does not answer like an agent", "systemctl status cidrx"},
		{"half an answer", half, control.ErrUnreachable, "broke off its answer", "systemctl status cidrx"},
		{"agent's error", inner, nil, "it broke", "mend it"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := (&control.Client{Socket: tt.socket}).Status(t.Context())
			if err == nil || tt.is != nil && !errors.Is(err, tt.is) {
				t.Fatalf("error is %v, want %v", err, tt.is)
			}
			message, next := control.Advice(err)
			if !strings.Contains(message, tt.want) || !strings.Contains(next, tt.next) {
				t.Errorf("got %q, %q; want %q, %q", message, next, tt.want, tt.next)
			}
		})
	}
}

// listenAnd answers every connection in its own way until the test ends.
func listenAnd(t *testing.T, path string, answer func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			answer(c)
		}
	}()
	return path
}

func TestClientsDefaultSocket(t *testing.T) {
	if _, err := os.Stat(control.DefaultSocket); err == nil {
		t.Fatalf("an agent runs on this host: %s exists", control.DefaultSocket)
	}
	_, err := new(control.Client).Status(t.Context())
	if !errors.Is(err, control.ErrUnreachable) || !strings.Contains(err.Error(), control.DefaultSocket) {
		t.Errorf("error is %v, want ErrUnreachable with %s", err, control.DefaultSocket)
	}
}

func TestAdvice(t *testing.T) {
	inner := control.Invalid("the prefix is too wide", "name one of /16 or less")
	tests := []struct {
		name          string
		err           error
		message, next string
	}{
		{"plain", errors.New("disk full"), "disk full", ""},
		{"with a step", inner, "the prefix is too wide", "name one of /16 or less"},
		{"wrapped", fmt.Errorf("ban: %w", inner), "ban: the prefix is too wide", "name one of /16 or less"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			message, next := control.Advice(tt.err)
			if message != tt.message || next != tt.next {
				t.Errorf("got %q, %q; want %q, %q", message, next, tt.message, tt.next)
			}
		})
	}
}
