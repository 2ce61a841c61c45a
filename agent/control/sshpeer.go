package control

import (
	"bytes"
	"fmt"
	"net/netip"
	"os"
	"strconv"
	"strings"
)

// maxAncestors bounds the way up from a command to the SSH session it runs in.
const maxAncestors = 32

// SSHPeer is the far end of the SSH session this process runs in; invalid if there is none. sshd tells it in SSH_CONNECTION, or
// SSH_CLIENT in older versions; sudo takes both away, so the environments of the processes above are asked too, which root may read.
func SSHPeer() netip.Addr {
	if peer := sshPeerIn(os.Environ()); peer.IsValid() {
		return peer
	}
	pid := os.Getppid()
	for range maxAncestors {
		if pid <= 1 {
			break
		}
		if env, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid)); err == nil {
			if peer := sshPeerIn(strings.Split(string(env), "\x00")); peer.IsValid() {
				return peer
			}
		}
		pid = parent(pid)
	}
	return netip.Addr{}
}

// sshPeerIn finds the client's address in an environment: the first word of either variable (ssh(1), ENVIRONMENT).
func sshPeerIn(env []string) netip.Addr {
	for _, entry := range env {
		name, value, _ := strings.Cut(entry, "=")
		if name != "SSH_CONNECTION" && name != "SSH_CLIENT" {
			continue
		}
		first, _, _ := strings.Cut(value, " ")
		if addr, err := netip.ParseAddr(first); err == nil {
			return addr.WithZone("").Unmap()
		}
	}
	return netip.Addr{}
}

// parent is the parent of a process, 0 if that cannot be read: the second field behind the name in parentheses (proc_pid_stat(5)).
// The name may hold anything, parentheses too, so the last one counts.
func parent(pid int) int {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	if len(fields) < 2 {
		return 0
	}
	ppid, err := strconv.Atoi(string(fields[1]))
	if err != nil {
		return 0
	}
	return ppid
}
