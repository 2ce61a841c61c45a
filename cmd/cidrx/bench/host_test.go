package bench

import (
	"os"
	"testing"
	"time"

	"cidrx/agent/control"
	"cidrx/cmd/internal/rig"
	"cidrx/firewall/netlab"
)

// host is an edge host of the rig, on which everything that goes wrong ends the benchmark.
type host struct {
	*rig.Host
	b *testing.B
}

func newHost(b *testing.B, config string) *host {
	b.Helper()
	lab := netlab.New()
	b.Cleanup(func() { lab.Close() })
	h, err := rig.NewHost(lab, b.TempDir(), binaries, config)
	must(b, err)
	return &host{h, b}
}

func must(b *testing.B, err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

// reboot gives the host a kernel without any of our tables. The agent does not run.
func (h *host) reboot() {
	h.b.Helper()
	must(h.b, h.Reboot())
}

func (h *host) file(name, text string) {
	h.b.Helper()
	must(h.b, h.File(name, text))
}

// start starts the agent and waits until it says that it is ready: it enforces, and has found its place in the log.
func (h *host) start() {
	h.b.Helper()
	h.b.Cleanup(h.stop)
	must(h.b, h.Start())
}

// launch starts the agent.
func (h *host) launch() {
	h.b.Helper()
	h.b.Cleanup(h.stop)
	must(h.b, h.Launch())
}

// stop ends the agent, if it runs, and waits for its end.
func (h *host) stop() {
	if err := h.Stop(); err != nil && !h.b.Failed() {
		h.b.Error(err)
	}
}

func (h *host) status() control.Status {
	h.b.Helper()
	s, err := h.Status()
	must(h.b, err)
	return s
}

func (h *host) usage() rig.Usage {
	h.b.Helper()
	u, err := h.Usage()
	must(h.b, err)
	return u
}

// await asks again and again until what is true. It is not for what is measured to the millisecond.
func (h *host) await(limit time.Duration, what string, ok func() bool) {
	h.b.Helper()
	must(h.b, h.Await(limit, what, func() (bool, error) { return ok(), nil }))
}

// listen opens a monitor of the host's nftables and reads it until the benchmark ends.
func (h *host) listen() *rig.Monitor {
	h.b.Helper()
	m, err := rig.Listen(h.NS)
	must(h.b, err)
	h.b.Cleanup(func() {
		if err := m.Close(); err != nil {
			h.b.Error(err)
		}
	})
	return m
}

// openLog opens the followed log as a web server does.
func (h *host) openLog() *os.File {
	h.b.Helper()
	f, err := h.OpenLog()
	must(h.b, err)
	h.b.Cleanup(func() { f.Close() })
	return f
}
