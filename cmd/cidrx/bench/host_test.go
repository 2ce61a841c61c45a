package bench

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"cidrx/agent/control"
	"cidrx/firewall/netlab"
)

// host is an edge host in a network namespace of its own, with a directory for all its files.
type host struct {
	b      *testing.B
	lab    *netlab.Lab
	dir    string
	ns     *netlab.Namespace
	client control.Client
	agent  *exec.Cmd
}

func newHost(b *testing.B, config string) *host {
	b.Helper()
	lab := netlab.New()
	b.Cleanup(func() { lab.Close() })
	dir := b.TempDir()
	h := &host{b: b, lab: lab, dir: dir, client: control.Client{Socket: filepath.Join(dir, "c.sock")}}
	h.reboot()
	h.file("cidrx.toml", strings.ReplaceAll(config, "DIR", dir))
	h.file("access.log", "")
	return h
}

// reboot gives the host a kernel without any of our tables. The agent does not run.
func (h *host) reboot() {
	h.b.Helper()
	ns, err := h.lab.Namespace("edge")
	must(h.b, err)
	h.ns = ns
}

func must(b *testing.B, err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

func (h *host) path(name string) string { return filepath.Join(h.dir, name) }

func (h *host) file(name, text string) {
	h.b.Helper()
	must(h.b, os.MkdirAll(filepath.Dir(h.path(name)), 0o755))
	must(h.b, os.WriteFile(h.path(name), []byte(text), 0o644))
}

// start starts the agent and waits until it says that it is ready: it enforces, and has found its place in the log.
func (h *host) start() {
	h.b.Helper()
	ready, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: h.path("notify"), Net: "unixgram"})
	must(h.b, err)
	defer os.Remove(h.path("notify"))
	defer ready.Close()
	h.launch("NOTIFY_SOCKET=" + h.path("notify"))
	must(h.b, ready.SetReadDeadline(time.Now().Add(time.Minute)))
	for b := make([]byte, 4096); ; {
		n, err := ready.Read(b)
		if err != nil {
			h.b.Fatalf("the agent did not get ready: %v; it said:\n%s", err, h.said())
		}
		if string(b[:n]) == "READY=1" {
			return
		}
	}
}

// launch starts the agent on the edge host, and on as many cores as the figures are about.
func (h *host) launch(environ ...string) {
	h.b.Helper()
	cmd := exec.Command(cidrx(), "agent", "--config", h.path("cidrx.toml"))
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	cmd.Env = append(os.Environ(), environ...)
	log, err := os.OpenFile(h.path("agent.err"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	must(h.b, err)
	defer log.Close()
	cmd.Stderr = log
	must(h.b, h.ns.Do(func() error { return onCores(cmd.Start) }))
	h.agent = cmd
	h.b.Cleanup(h.stop)
}

// stop ends the agent, if it runs, and waits for its end.
func (h *host) stop() {
	if h.agent == nil {
		return
	}
	cmd := h.agent
	h.agent = nil
	_ = cmd.Process.Signal(syscall.SIGTERM) // an error means that it has ended
	if err := cmd.Wait(); err != nil && !h.b.Failed() {
		h.b.Errorf("the agent's end: %v; it said:\n%s", err, h.said())
	}
}

// said is the end of what the agent logged.
func (h *host) said() string {
	text, _ := os.ReadFile(h.path("agent.err"))
	return string(text[max(0, len(text)-4000):])
}

func (h *host) status() control.Status {
	h.b.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	s, err := h.client.Status(ctx)
	if err != nil {
		h.b.Fatalf("%v; the agent said:\n%s", err, h.said())
	}
	return s
}

func (h *host) usage() usage {
	h.b.Helper()
	u, err := usageOf(h.agent.Process.Pid)
	must(h.b, err)
	return u
}

// await asks again and again until what is true. It is not for what is measured to the millisecond.
func (h *host) await(limit time.Duration, what string, ok func() bool) {
	h.b.Helper()
	for deadline := time.Now().Add(limit); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			h.b.Fatalf("%s: not within %v; the agent said:\n%s", what, limit, h.said())
		}
	}
}

// openLog opens the followed log as a web server does.
func (h *host) openLog() *os.File {
	h.b.Helper()
	f, err := os.OpenFile(h.path("access.log"), os.O_APPEND|os.O_WRONLY, 0)
	must(h.b, err)
	h.b.Cleanup(func() { f.Close() })
	return f
}
