package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"
)

// demoStage tells the re-executed process that it is inside the private namespaces, and where its files belong.
const demoStage = "CIDRX_DEMO_DIR"

// demoLimit ends a demonstration that hangs.
const demoLimit = 3 * time.Minute

func demoCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "demo",
		Short: "Show the main job in a minute, on a private network that goes away with it",
		Long: `demo runs a small site, ordinary visitors and an attack in network namespaces of its own, with the real agent and the kernel's
real nftables. It needs no root where user namespaces are allowed, touches nothing of this host, and leaves nothing behind.
Exit 0 means that everything it tells has really happened.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if dir := os.Getenv(demoStage); dir != "" {
				return demoInside(cmd.Context(), dir)
			}
			return demoOutside(cmd.Context())
		},
	}
}

// demoOutside runs this program again in a user namespace and a network namespace of its own.
func demoOutside(ctx context.Context) error {
	dir, err := os.MkdirTemp("", "cidrx-demo-")
	if err != nil {
		return fmt.Errorf("demo: no place for its files: %w", err)
	}
	defer os.RemoveAll(dir)
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("demo: find this program: %w", err)
	}
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, demoLimit)
	defer cancel()
	err = demoStart(ctx, self, dir, true)
	if errors.Is(err, fs.ErrPermission) && os.Geteuid() == 0 {
		err = demoStart(ctx, self, dir, false) // root where user namespaces are switched off
	}
	switch {
	case errors.Is(err, fs.ErrPermission) || errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EINVAL):
		return fmt.Errorf("demo: this host does not let ordinary users make private namespaces (%w); run it as root: sudo %s demo", err, self)
	case ctx.Err() != nil:
		return fmt.Errorf("demo: stopped before its end (%w)", ctx.Err())
	}
	return exitAs(err)
}

func demoStart(ctx context.Context, self, dir string, userNamespace bool) error {
	cmd := exec.CommandContext(ctx, self, "demo")
	cmd.Env = append(demoEnviron(), demoStage+"="+dir)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	// Whatever becomes of this process, the kernel ends the inner one, and with it the namespaces.
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL}
	if userNamespace {
		cmd.SysProcAttr.Cloneflags |= unix.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
	}
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 3 * time.Second
	return cmd.Run()
}

// demoEnviron is the environment without what configures an agent: the demonstration's configuration is its own.
func demoEnviron() []string {
	var env []string
	for _, kv := range os.Environ() {
		if !strings.HasPrefix(kv, "CIDRX_") {
			env = append(env, kv)
		}
	}
	return env
}
