package main

import (
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"cidrx/agent/control"
)

// TestNginxSyslogRealPackets has nginx write into the agent's socket: no log touches a disk. The agent restarts meanwhile.
func TestNginxSyslogRealPackets(t *testing.T) {
	t.Parallel()
	e := newEdge(t)
	e.file("cidrx.toml", strings.ReplaceAll(strings.ReplaceAll(edgeConfig, `paths  = ["DIR/access.log"]`, `listen = "unixgram:DIR/log.sock"`), "DIR", e.dir))
	e.start()
	e.nginxWith("syslog:server=unix:" + e.dir + "/log.sock,nohostname combined")
	for i, attacker := range []string{"203.0.113.77", "203.0.113.99"} {
		attack := func(patience string) (code int) {
			_, code = e.curl(attacker, "/%0a203.0.113.5%20-%20-", "-A", "sqlmap/1.9 \x01", "--max-time", patience)
			return code
		}
		for range 19 {
			if code := attack("60"); code != 0 {
				t.Fatalf("before the ban curl ends with %d", code)
			}
		}
		e.await("the attacker is banned", func() bool { // by twenty lines; of those that come too fast for a busy agent the kernel may take none
			attack("1")
			return e.bans()[attacker+"/32"].State == "in_force"
		})
		e.dropped(attacker)
		if b := e.inForce(attacker + "/32"); !strings.Contains(strings.Join(b.Samples, "\n"), attacker+" - - [") {
			t.Errorf("samples %q", b.Samples)
		}
		if i == 0 { // nginx finds the new socket by itself; it may lose one line over it
			e.stop(syscall.SIGTERM)
			e.start()
			e.curl("192.0.2.1", "/")
			e.curl("192.0.2.1", "/")
			e.await("nginx has found the new socket", func() bool {
				e.curl("192.0.2.1", "/")
				s := e.status()
				return len(s.Sources) == 1 && s.Sources[0].Lines > 0
			})
		}
	}
	s := e.status().Sources[0]
	if s.Failed != 0 || s.Error != "" || !s.Trusted || s.Path != "unixgram:"+e.dir+"/log.sock" {
		t.Errorf("status of the source: %+v", s)
	}
	if len(e.bans()) != 2 {
		t.Errorf("bans %v, want two: no more lines than requests", e.bans())
	}
}

// TestUntrustedSyslog sends what bans, over UDP: it only observes, and status says so; then a reload says trust.
func TestUntrustedSyslog(t *testing.T) {
	t.Parallel()
	e := newEdge(t)
	text := strings.ReplaceAll(strings.ReplaceAll(edgeConfig, `paths  = ["DIR/access.log"]`, `listen = "udp:10.77.0.1:5514"`), "DIR", e.dir)
	e.file("cidrx.toml", text)
	e.start()
	send := func(client string) {
		conn, err := e.world.ListenPacket("udp", worldAddr+":0")
		e.must(err)
		defer conn.Close()
		for line := range strings.Lines(scans(20, client)) {
			_, err := conn.WriteTo([]byte("<190>"+time.Now().Format(time.Stamp)+" nginx: "+line), net.UDPAddrFromAddrPort(netip.MustParseAddrPort("10.77.0.1:5514")))
			e.must(err)
		}
	}
	send("203.0.113.7")
	e.await("the ban is observed", func() bool { return e.bans()["203.0.113.7/32"].State == "observed" })
	if s := e.status().Sources[0]; s.Trusted || !strings.Contains(s.Error, "trust = true believes it all the same") {
		t.Errorf("status of the source: %+v", s)
	}
	e.file("cidrx.toml", strings.ReplaceAll(text, `format = "combined"`, "format = \"combined\"\ntrust = true"))
	if out, errs, code := e.ctl("reload"); code != 0 {
		t.Fatalf("reload: %s%s", out, errs)
	}
	e.await("it listens again", func() bool {
		s := e.status()
		return len(s.Sources) == 1 && s.Sources[0].Trusted && s.Sources[0].Error == ""
	})
	send("203.0.113.8")
	e.inForce("203.0.113.8/32")
}

// journalBook makes journal files that a journalctl in front of the real one, in PATH, reads.
type journalBook struct {
	e  *edge
	in io.WriteCloser
}

func newJournalBook(e *edge) *journalBook {
	e.t.Helper()
	real, err := exec.LookPath("journalctl")
	e.must(err)
	for _, dir := range []string{"bin", "journal"} {
		e.must(os.Mkdir(filepath.Join(e.dir, dir), 0o755))
	}
	e.must(os.WriteFile(e.dir+"/bin/journalctl", fmt.Appendf(nil, "#!/bin/sh\nexec %s --directory=%s/journal \"$@\"\n", real, e.dir), 0o755))
	e.t.Setenv("PATH", e.dir+"/bin:"+os.Getenv("PATH"))
	cmd := exec.Command("/lib/systemd/systemd-journal-remote", "--output="+e.dir+"/journal/system.journal", "-")
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	b := &journalBook{e: e}
	b.in, err = cmd.StdinPipe()
	e.must(err)
	e.must(cmd.Start())
	e.t.Cleanup(func() { b.in.Close(); cmd.Wait() })
	return b
}

// write appends an entry as sshd, or somebody who imitates it, makes it.
func (b *journalBook) write(uid int, unit, message string) {
	b.e.t.Helper()
	now := time.Now().UnixMicro()
	_, err := fmt.Fprintf(b.in, "__REALTIME_TIMESTAMP=%d\n__MONOTONIC_TIMESTAMP=%d\n_BOOT_ID=%032x\n_UID=%d\n_PID=77\nSYSLOG_IDENTIFIER=sshd\n_SYSTEMD_UNIT=%s\nMESSAGE=%s\n\n",
		now, now-1_600_000_000_000_000, 1, uid, unit, message)
	b.e.must(err)
}

// savedCursors are the positions in the journal that the state file holds, old ones and one that is being written included.
func savedCursors(e *edge) map[string]bool {
	state, err := os.ReadFile(e.dir + "/state/state.db")
	e.must(err)
	found := map[string]bool{}
	for _, at := range regexp.MustCompile(`"cursor":"[^"]+"`).FindAll(state, -1) {
		found[string(at)] = true
	}
	return found
}

// TestJournalRealPackets bans what sshd's journal shows, however the agent is stopped: each entry counts once, those of impostors never.
func TestJournalRealPackets(t *testing.T) {
	e := newEdge(t)
	book := newJournalBook(e)
	e.file("cidrx.toml", fmt.Sprintf(`
[agent]
mode     = "enforce"
stateDir = "%[1]s/state"
socket   = "%[1]s/c.sock"
[source.ssh]
journal = "ssh.service"
format  = "sshd"
[live.ssh]
outcomes       = ["failure"]
window         = "10m"
clusterArgSets = [[8, 32, 32, 0.0]]
useForJail     = [true]
`, e.dir))
	book.write(0, "ssh.service", "Server listening on 0.0.0.0 port 22.")
	e.start()
	door := e.open("192.0.2.1")
	port := 2000
	fail := func(uid int, unit, from string, n int) {
		for range n {
			port++
			book.write(uid, unit, fmt.Sprintf("Failed password for root from %s port %d ssh2", from, port))
		}
	}
	source := func() control.Source {
		s := e.status()
		if len(s.Sources) == 0 {
			return control.Source{}
		}
		return s.Sources[0]
	}
	fail(1000, "ssh.service", "198.51.100.9", 30)
	fail(0, "session-7.scope", "198.51.100.9", 30)
	fail(0, "ssh.service", "203.0.113.7", 3)
	e.await("three entries are counted", func() bool { return source().Lines >= 3 })
	e.await("a position is on the disk", func() bool { return len(savedCursors(e)) > 0 })
	book.write(0, "ssh.service", "Server listening on :: port 22.")
	e.await("another one is", func() bool { return len(savedCursors(e)) > 1 }) // so the first one is in force
	e.stop(syscall.SIGKILL)
	e.await("journalctl has died with the agent", func() bool { return len(followers(e.dir)) == 0 })
	fail(0, "ssh.service", "203.0.113.7", 4)
	e.start()
	e.await("seven are counted", func() bool {
		out, _, _ := e.ctl("why", "203.0.113.7", "--json")
		return strings.Contains(out, `"requests": 7`) || strings.Contains(out, `"requests":7`)
	})
	if !door.passes("203.0.113.7") {
		t.Fatal("banned after seven failures: something was counted twice")
	}
	fail(0, "ssh.service", "203.0.113.7", 1)
	if b := e.inForce("203.0.113.7/32"); b.Requests != 8 || door.passes("203.0.113.7") {
		t.Errorf("evidence %+v; its packets pass: %t", b, door.passes("203.0.113.7"))
	}
	if len(e.bans()) != 1 || !door.passes("198.51.100.9") {
		t.Errorf("entries of impostors ban: %v", e.bans())
	}
	if s := source(); s.Path != "journal of ssh.service" || s.Error != "" || s.Failed != 0 || s.LagS > 60 {
		t.Errorf("status of the source: %+v", s)
	}
}

// followers are the journalctls that follow the journal files in a directory.
func followers(dir string) (out []string) {
	list, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, p := range list {
		if cmd, err := os.ReadFile(p); err == nil && strings.Contains(string(cmd), "--directory="+dir) && strings.Contains(string(cmd), "--follow") {
			out = append(out, p)
		}
	}
	return out
}
