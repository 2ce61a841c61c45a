package control

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

func TestSSHPeerIn(t *testing.T) {
	tests := []struct {
		name string
		env  []string
		want string
	}{
		{"none", []string{"HOME=/root", "SSH_TTY=/dev/pts/1"}, "invalid IP"},
		{"connection", []string{"SSH_CONNECTION=192.0.2.7 51000 198.51.100.1 22"}, "192.0.2.7"},
		{"client", []string{"SSH_CLIENT=2001:db8::7 51000 22"}, "2001:db8::7"},
		{"zone", []string{"SSH_CONNECTION=fe80::1%eth0 51000 fe80::2%eth0 22"}, "fe80::1"},
		{"mapped", []string{"SSH_CONNECTION=::ffff:192.0.2.7 51000 ::ffff:198.51.100.1 22"}, "192.0.2.7"},
		{"unknown", []string{"SSH_CONNECTION=UNKNOWN 65535 UNKNOWN 65535"}, "invalid IP"},
		{"empty", []string{"SSH_CONNECTION=", "SSH_CONNECTION"}, "invalid IP"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := sshPeerIn(tt.env).String(); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

// Behind sudo the variable is gone from our environment, but not from that of the shell above.
func TestSSHPeerOfAncestors(t *testing.T) {
	if os.Getenv("CONTROL_TEST_PEER") == "child" {
		os.Stdout.WriteString("peer is " + SSHPeer().String() + "\n")
		return
	}
	self := os.Args[0] + " -test.run=^TestSSHPeerOfAncestors$"
	shell := exec.Command("sh", "-c", "env -u SSH_CONNECTION CONTROL_TEST_PEER=child "+self+"; exit 0")
	shell.Env = append(os.Environ(), "SSH_CONNECTION=192.0.2.7 51000 198.51.100.1 22")
	out, err := shell.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "peer is 192.0.2.7\n") {
		t.Errorf("%s, %v", out, err)
	}
}
