package rig

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"cidrx/agent/control"
	"cidrx/firewall/netlab"
)

// Host is an edge host in a network namespace of its own, with a directory for all its files.
type Host struct {
	NS       *netlab.Namespace
	Client   control.Client // of the agent
	Agent    *exec.Cmd      // nil: it does not run
	binaries string
	dir      string
	lab      *netlab.Lab
}

// NewHost makes a host in lab that keeps its files in dir, among them the configuration, in which dir stands for DIR, and an empty
// access.log. Build has put the commands into binaries.
func NewHost(lab *netlab.Lab, dir, binaries, config string) (*Host, error) {
	h := &Host{lab: lab, dir: dir, binaries: binaries, Client: control.Client{Socket: filepath.Join(dir, "c.sock")}}
	return h, errors.Join(h.Reboot(), h.Configure(config), h.File("access.log", ""))
}

// Reboot gives the host a kernel without any of our tables. The agent does not run.
func (h *Host) Reboot() (err error) {
	h.NS, err = h.lab.Namespace("edge")
	return err
}

// Path is where a file of the host is.
func (h *Host) Path(name string) string { return filepath.Join(h.dir, name) }

// File writes a file of the host. Whoever reads it meanwhile finds the old one or the new one, whole.
func (h *Host) File(name, text string) error {
	path := h.Path(name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(path+".new", []byte(text), 0o644); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// Configure writes the configuration, in which the host's directory stands for DIR.
func (h *Host) Configure(config string) error {
	return h.File("cidrx.toml", strings.ReplaceAll(config, "DIR", h.dir))
}

// Start starts the agent and waits until it says that it is ready: it enforces, and has found its place in the log.
func (h *Host) Start() error {
	path := h.Path("notify")
	ready, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		return err
	}
	defer os.Remove(path)
	defer ready.Close()
	if err := h.Launch("NOTIFY_SOCKET=" + path); err != nil {
		return err
	}
	if err := ready.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		return err
	}
	for b := make([]byte, 4096); ; {
		n, err := ready.Read(b)
		if err != nil {
			return fmt.Errorf("the agent did not get ready: %w; it said:\n%s", err, h.Said())
		}
		if string(b[:n]) == "READY=1" {
			return nil
		}
	}
}

// Launch starts the agent on the edge host, and on as many cores as the figures are about.
func (h *Host) Launch(environ ...string) error {
	cmd := exec.Command(filepath.Join(h.binaries, "cidrx"), "agent", "--config", h.Path("cidrx.toml"))
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	cmd.Env = append(os.Environ(), environ...)
	log, err := os.OpenFile(h.Path("agent.err"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd.Stderr = log
	if err := h.NS.Do(func() error { return OnCores(cmd.Start) }); err != nil {
		return err
	}
	h.Agent = cmd
	return nil
}

// Stop ends the agent, if it runs, and waits for its end.
func (h *Host) Stop() error {
	if h.Agent == nil {
		return nil
	}
	cmd := h.Agent
	h.Agent = nil
	_ = cmd.Process.Signal(syscall.SIGTERM) // an error means that it has ended
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("the agent's end: %w; it said:\n%s", err, h.Said())
	}
	return nil
}

// Kill ends the agent, if it runs, as kill -9 does.
func (h *Host) Kill() {
	if h.Agent == nil {
		return
	}
	_ = h.Agent.Process.Kill() // an error means that it has ended
	_ = h.Agent.Wait()         // killed, as was asked
	h.Agent = nil
}

// Said is the end of what the agent logged.
func (h *Host) Said() string {
	text, _ := os.ReadFile(h.Path("agent.err"))
	return string(text[max(0, len(text)-4000):])
}

// Status asks the agent how it stands.
func (h *Host) Status() (control.Status, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	s, err := h.Client.Status(ctx)
	if err != nil {
		return s, fmt.Errorf("%w; the agent said:\n%s", err, h.Said())
	}
	return s, nil
}

// Usage is what the agent takes.
func (h *Host) Usage() (Usage, error) { return UsageOf(h.Agent.Process.Pid) }

// Await asks again and again until what is true. It is not for what is measured to the millisecond.
func (h *Host) Await(limit time.Duration, what string, ok func() (bool, error)) error {
	for deadline := time.Now().Add(limit); ; time.Sleep(20 * time.Millisecond) {
		done, err := ok()
		switch {
		case err != nil:
			return fmt.Errorf("%s: %w", what, err)
		case done:
			return nil
		case time.Now().After(deadline):
			return fmt.Errorf("%s: not within %v; the agent said:\n%s", what, limit, h.Said())
		}
	}
}

// OpenLog opens access.log as a web server does.
func (h *Host) OpenLog() (*os.File, error) {
	return os.OpenFile(h.Path("access.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
}
