package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestForeignChangesAreRepaired lets others take the table away, empty it, and delete single elements: packets are dropped again, and the
// audit trail says who it was.
func TestForeignChangesAreRepaired(t *testing.T) {
	t.Parallel()
	e := newEdge(t)
	e.start()
	e.ctl("ban", "198.51.100.0/24", "--for", "1h")
	e.ctl("ban", "203.0.113.7", "--for", "1h")
	door := e.open("192.0.2.1")
	for i, foreign := range [][]string{
		{"flush", "ruleset"},
		{"delete", "table", "inet", "cidrx"},
		{"flush", "table", "inet", "cidrx"},
		{"delete", "element", "inet", "cidrx", "host4", "{ 203.0.113.7 }"},
		{"delete", "element", "inet", "cidrx", "net4", "{ 198.51.100.0/24 }"},
		{"add", "element", "inet", "cidrx", "host4", "{ 192.0.2.1 }"},
	} {
		name := "nft " + strings.Join(foreign, " ")
		if door.passes("203.0.113.7") || door.passes("198.51.100.9") {
			t.Fatalf("before %s the banned are let in", name)
		}
		e.nft(foreign...)
		e.await(name+" is repaired", func() bool {
			s := e.status()
			return s.Kernel.Repairs > uint64(i) && s.Kernel.Drift == 0 && s.State == "enforcing"
		})
		if door.passes("203.0.113.7") || door.passes("198.51.100.9") {
			t.Errorf("after %s the banned are let in", name)
		}
	}
	e.await("the audit trail names nft each time", func() bool {
		n := 0
		for _, ev := range e.events("repair") {
			if strings.Contains(ev.By, "nft") {
				n++
			}
		}
		return n == 6
	})
}

// TestIPv6 bans the /64 that one host attacks from, with an address of its own for each line.
func TestIPv6(t *testing.T) {
	t.Parallel()
	e := newEdge(t)
	e.file("access.log", "")
	e.start()
	door := e.open("2001:db8:bad:ff::1")
	if !door.passes("2001:db8:bad:7::1") {
		t.Fatal("a packet is dropped before any ban")
	}
	for i := range 20 {
		e.write("access.log", scans(1, fmt.Sprintf("2001:db8:bad:7::%x", 16*i+1)))
	}
	b := e.inForce("2001:db8:bad:7::/64")
	if b.Hosts != 1 || b.Requests != 20 {
		t.Errorf("evidence: %+v", b)
	}
	for addr, passes := range map[string]bool{"2001:db8:bad:7::1": false, "2001:db8:bad:7:ffff::9": false, "2001:db8:bad:6::1": true, "2001:db8:bad:8::1": true} {
		if door.passes(addr) != passes {
			t.Errorf("a packet of %s passes: %t", addr, !passes)
		}
	}
	if _, errs, code := e.ctl("unblock", "2001:db8:bad:7::1234"); code != 0 || !door.passes("2001:db8:bad:7::1") {
		t.Errorf("unblock: exit code %d, %s; its packets pass: %t", code, errs, door.passes("2001:db8:bad:7::1"))
	}
}

// TestAllowedPassesThroughABanWithoutTheAgent kills the agent: an allowed address inside a banned network still passes, its neighbour
// does not.
func TestAllowedPassesThroughABanWithoutTheAgent(t *testing.T) {
	t.Parallel()
	e := newEdge(t)
	e.start()
	e.ctl("allow", "add", "198.51.100.7", "--note", "the office")
	e.ctl("ban", "198.51.100.0/24", "--for", "1h")
	e.ctl("allow", "add", "198.51.100.64/30")
	e.stop(syscall.SIGKILL)
	door := e.open("192.0.2.1")
	for addr, passes := range map[string]bool{"198.51.100.6": false, "198.51.100.7": true, "198.51.100.8": false, "198.51.100.66": true, "198.51.100.68": false} {
		if door.passes(addr) != passes {
			t.Errorf("with the agent dead, a packet of %s passes: %t", addr, !passes)
		}
	}
	e.start()
	if !door.passes("198.51.100.7") || door.passes("198.51.100.8") {
		t.Error("that changes with the next start")
	}
}

// TestSSH runs the configuration that the package installs, but for its paths and without the journal of the host that the test runs on, on
// an auth.log as sshd writes it.
func TestSSH(t *testing.T) {
	t.Parallel()
	e := newEdge(t)
	shipped, err := os.ReadFile("../../configs/cidrx.toml")
	e.must(err)
	text := strings.ReplaceAll(string(shipped), "/var/log/", e.dir+"/")
	e.file("cidrx.toml", text)
	e.must(os.Mkdir(filepath.Join(e.dir, "conf.d"), 0o755))
	e.file("conf.d/test.toml", fmt.Sprintf("[agent]\nmode = \"enforce\"\nstateDir = %q\nsocket = %q\n[source.ssh]\njournal = []\n", e.dir+"/state", e.dir+"/c.sock"))
	e.file("auth.log", "")
	e.start()
	door := e.open("192.0.2.1")
	pid := 4000
	sshd := func(format string, args ...any) {
		e.write("auth.log", fmt.Sprintf("%s edge sshd[%d]: %s\n", time.Now().Format(time.Stamp), pid, fmt.Sprintf(format, args...)))
	}
	for range 4 { // seven failures of one attacker, three of somebody who then remembers the password
		pid++
		sshd("Invalid user admin from 203.0.113.7 port %d", pid)
		sshd("Failed password for invalid user admin from 203.0.113.7 port %d ssh2", pid)
		if pid%4 != 0 {
			sshd("message repeated 1 times: [ Failed password for invalid user admin from 203.0.113.7 port %d ssh2]", pid)
			sshd("Failed password for ann from 198.51.100.9 port %d ssh2", pid)
		}
		sshd("Connection closed by invalid user admin 203.0.113.7 port %d [preauth]", pid)
	}
	sshd("Accepted password for ann from 198.51.100.9 port 5000 ssh2")
	e.await("the lines are counted", func() bool { s := e.status(); return len(s.Sources) == 2 && s.Sources[0].Lines == 19 })
	if bans := e.bans(); len(bans) != 0 || !door.passes("203.0.113.7") {
		t.Fatalf("after seven failures: %v", bans)
	}
	pid++
	sshd("Connection reset by authenticating user root 203.0.113.7 port %d [preauth]", pid)
	b := e.inForce("203.0.113.7/32")
	if b.Requests != 8 || door.passes("203.0.113.7") || !door.passes("198.51.100.9") {
		t.Errorf("evidence %+v; the attacker passes: %t, ann passes: %t", b, door.passes("203.0.113.7"), door.passes("198.51.100.9"))
	}
	if out, _, _ := e.ctl("why", "203.0.113.7"); !strings.Contains(out, `strategy "ssh"`) || !strings.Contains(out, "Failed password for invalid user admin") {
		t.Errorf("cidrxctl why:\n%s", out)
	}
}

// TestEventsFollow reads the audit trail while it grows.
func TestEventsFollow(t *testing.T) {
	t.Parallel()
	e := newEdge(t)
	e.file("access.log", "")
	e.start()
	e.ctl("ban", "198.51.100.0/24", "--for", "1h")
	out, err := os.Create(filepath.Join(e.dir, "events"))
	e.must(err)
	defer out.Close()
	cmd := exec.Command(filepath.Join(binaries, "cidrxctl"), "events", "-f", "--socket", e.client.Socket)
	cmd.Stdout, cmd.Stderr = out, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	e.must(cmd.Start())
	holds := func(text string) func() bool {
		return func() bool {
			data, err := os.ReadFile(out.Name())
			return err == nil && strings.Contains(string(data), text)
		}
	}
	e.await("what was before is shown", holds(`"event":"ban","prefix":"198.51.100.0/24"`))
	e.write("access.log", scans(20, "203.0.113.7"))
	e.await("what comes is shown", holds(`"event":"ban","prefix":"203.0.113.7/32"`))
	e.ctl("unblock", "203.0.113.7")
	e.await("what comes then is shown", holds(`"event":"unban","prefix":"203.0.113.7/32"`))
	e.must(cmd.Process.Signal(syscall.SIGINT))
	if err := cmd.Wait(); err != nil {
		t.Errorf("interrupted: %v", err)
	}
}
