package main

import (
	"os"
	"testing"

	"cidrx/cmd/internal/rig"
)

// TestBrief soaks the agent for seconds, with so little traffic that any machine keeps up. Everything that is promised must hold but how
// long things take.
func TestBrief(t *testing.T) {
	binaries := t.TempDir()
	if err := rig.Build(binaries, "cidrx"); err != nil {
		t.Fatal(err)
	}
	r, err := soakIn(t.Context(), brief(), t.TempDir(), binaries, t.Logf)
	if r != nil && testing.Verbose() {
		if err := r.print(os.Stderr, "brief"); err != nil {
			t.Error(err)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range r.missed(true) {
		t.Error(m)
	}
}
