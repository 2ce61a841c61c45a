package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"cidrx/agent/control/controltest"
)

// Somebody else than root, in none of the groups, reads on one line what would help.
func TestNobodyIsToldWhatToJoin(t *testing.T) {
	path := serve(t, controltest.Script{})
	// The go command builds tests where only root may go.
	command := filepath.Join(filepath.Dir(path), "cidrxctl")
	program, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(command, program, 0o755); err != nil {
		t.Fatal(err)
	}
	var messages strings.Builder
	cmd := exec.Command(command, "status", "--socket", path)
	cmd.Dir = "/"
	cmd.Stderr = &messages
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 61999, Gid: 61999}}
	out, err := cmd.Output()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != exitFailed || len(out) > 0 {
		t.Errorf("%v, prints %q; want exit code 1 and nothing", err, out)
	}
	got, _, _ := strings.Cut(messages.String(), "\n") // with -cover the runtime has something to say too
	if want := "cidrxctl: user 61999 may not ask anything; use sudo, or "; !strings.HasPrefix(got, want) {
		t.Errorf("says %q, want %q and which group", got, want)
	}
}
