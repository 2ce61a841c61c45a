// Package rig is what benchmarks and soak tests stand on: an edge host in a network namespace of its own with the built agent, a log that is
// written at a steady pace, an ear for what reaches the kernel, and what all that takes of the machine. Products do not use it.
package rig

import (
	"fmt"
	"os"
	"os/exec"
)

// Build puts the named commands of this module, such as "cidrx", into dir, built as the Makefile builds them.
func Build(dir string, commands ...string) error {
	args := []string{"build", "-trimpath", "-ldflags", "-s -w", "-o", dir}
	for _, c := range commands {
		args = append(args, "cidrx/cmd/"+c)
	}
	cmd := exec.Command("go", args...)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	cmd.Stderr = os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("go build %v: %w", commands, err)
	}
	return nil
}
