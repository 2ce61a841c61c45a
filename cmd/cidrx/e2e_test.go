package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"cidrx/agent/control"
)

// nginx serves on the edge host and writes the combined format to access.log.
func (e *edge) nginx() { e.nginxWith(e.dir + "/access.log combined") }

// nginxWith has another access_log.
func (e *edge) nginxWith(accessLog string) {
	e.t.Helper()
	conf := e.file("nginx.conf", strings.ReplaceAll(strings.ReplaceAll(`
daemon off;
user root;
pid DIR/nginx.pid;
error_log DIR/error.log;
events {}
http {
  access_log LOG;
  client_body_temp_path DIR/tmp1; proxy_temp_path DIR/tmp2; fastcgi_temp_path DIR/tmp3; uwsgi_temp_path DIR/tmp4; scgi_temp_path DIR/tmp5;
  server {
    listen 10.77.0.1:80;
    location / { return 200 "welcome\n"; }
    location /login { return 401 "wrong password\n"; }
  }
}
`, "DIR", e.dir), "LOG", accessLog))
	cmd := exec.Command("nginx", "-c", conf, "-p", e.dir)
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	e.must(e.host.Start(cmd))
	e.t.Cleanup(func() { cmd.Process.Signal(syscall.SIGTERM); cmd.Wait() })
	e.await("nginx answers", func() bool { _, code := e.curl("192.0.2.1", "/"); return code == 0 })
}

// curl asks the edge host from a source address of the world.
func (e *edge) curl(from, path string, more ...string) (body string, code int) {
	e.t.Helper()
	args := append([]string{"-sS", "--max-time", "60", "--interface", from, "http://" + edgeAddr + path}, more...)
	cmd := exec.Command("curl", args...)
	var out bytes.Buffer
	cmd.Stdout = &out
	e.must(e.world.Start(cmd))
	cmd.Wait()
	return out.String(), cmd.ProcessState.ExitCode()
}

// dropped waits until a host is banned, and looks whether its packets are dropped then.
func (e *edge) dropped(from string) {
	e.t.Helper()
	e.inForce(from + "/32")
	const timedOut = 28 // curl(1)
	if _, code := e.curl(from, "/", "--max-time", "1"); code != timedOut {
		e.t.Errorf("%s is banned, and curl's exit code is %d, not %d", from, code, timedOut)
	}
}

// TestRealNginxRealPackets is the product's promise, on real parts: nginx writes the log, curl attacks, the packets stop, cidrxctl
// explains, and lets them in again.
func TestRealNginxRealPackets(t *testing.T) {
	t.Parallel()
	e := newEdge(t)
	e.nginx()
	e.start()
	for range 20 {
		if body, code := e.curl("203.0.113.77", "/admin", "-A", "sqlmap/1.9"); code != 0 || body != "welcome\n" {
			t.Fatalf("before the ban: %q, curl's exit code %d", body, code)
		}
	}
	e.dropped("203.0.113.77")
	if _, code := e.curl("203.0.113.78", "/"); code != 0 {
		t.Error("its neighbour is dropped too")
	}
	out, errs, code := e.ctl("why", "203.0.113.77")
	for _, want := range []string{"203.0.113.77", "scanners", "sqlmap/1.9"} {
		if code != 0 || !strings.Contains(out, want) {
			t.Errorf("cidrxctl why: exit code %d, no %q in:\n%s%s", code, want, out, errs)
		}
	}
	if out, _, _ := e.ctl("status"); !strings.HasPrefix(out, "ENFORCING") {
		t.Errorf("cidrxctl status begins with %.40q", out)
	}
	if _, errs, code := e.ctl("unblock", "203.0.113.77"); code != 0 {
		t.Fatalf("cidrxctl unblock: exit code %d: %s", code, errs)
	}
	if body, code := e.curl("203.0.113.77", "/"); code != 0 || body != "welcome\n" {
		t.Errorf("after the unblock: %q, curl's exit code %d", body, code)
	}
	if _, _, code := e.ctl("unblock", "203.0.113.77"); code != 4 {
		t.Errorf("unblock of what is not blocked: exit code %d, want 4", code)
	}
}

// TestBannedNetworkIsDroppedThroughoutARestart sends packets from a banned network without pause while the agent stops and starts.
func TestBannedNetworkIsDroppedThroughoutARestart(t *testing.T) {
	t.Parallel()
	e := newEdge(t)
	e.start()
	if _, errs, code := e.ctl("ban", "198.51.100.0/24", "--for", "1h"); code != 0 {
		t.Fatalf("cidrxctl ban: exit code %d: %s", code, errs)
	}
	server, err := e.host.ListenPacket("udp", edgeAddr+":9999")
	e.must(err)
	var free, banned atomic.Int64 // packets that arrived
	received := make(chan struct{})
	go func() {
		defer close(received)
		buf := make([]byte, 64)
		for {
			n, _, err := server.ReadFrom(buf)
			if err != nil {
				return
			}
			if string(buf[:n]) == "banned" {
				banned.Add(1)
			} else {
				free.Add(1)
			}
		}
	}()
	fromBanned, err := e.world.Dial(t.Context(), "udp", netip.MustParseAddr("198.51.100.20"), edgeAddr+":9999")
	e.must(err)
	fromFree, err := e.world.Dial(t.Context(), "udp", netip.MustParseAddr("192.0.2.20"), edgeAddr+":9999")
	e.must(err)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan int)
	go func() {
		sent := 0
		for ; ctx.Err() == nil; sent++ {
			fromBanned.Write([]byte("banned"))
			fromFree.Write([]byte("free"))
		}
		done <- sent
	}()
	for range 5 {
		e.must(e.stop(syscall.SIGTERM))
		e.start()
	}
	cancel()
	sent := <-done
	e.await("ordinary packets arrive", func() bool { return free.Load() > 1000 })
	server.Close()
	<-received
	if n := banned.Load(); n > 0 {
		t.Errorf("%d of %d packets of the banned network arrived during the restarts", n, sent)
	}
}

// TestKillAtAnyMoment kills the agent 100 times while attackers come and go: what was shown as in force is in the kernel again.
func TestKillAtAnyMoment(t *testing.T) {
	t.Parallel()
	e := newEdge(t)
	e.file("access.log", "")
	var budget atomic.Int64 // so that a slow machine does not get ever more of them to list
	stop := e.attackers(&budget)
	defer stop()
	var slowest time.Duration
	for round := range 100 {
		budget.Add(10)
		start := time.Now()
		e.start()
		e.await(fmt.Sprintf("round %d: every ban shown before is in force again", round), func() bool { return len(e.missing()) == 0 })
		slowest = max(slowest, time.Since(start))
		for range 1 + round%7 { // so that the moment differs
			e.remember(e.shown())
		}
		e.remember(e.audited())
		e.stop(syscall.SIGKILL)
	}
	if len(e.known()) < 100 {
		t.Errorf("only %d bans came up in 100 rounds: too few to tell", len(e.known()))
	}
	t.Logf("%d bans; slowest start until all are in force again: %v", len(e.known()), slowest)
}

// attackers writes lines of ever new scanners, as many as the budget allows, until stop.
func (e *edge) attackers(budget *atomic.Int64) (stop func()) {
	ctx, cancel := context.WithCancel(e.t.Context())
	f, err := os.OpenFile(filepath.Join(e.dir, "access.log"), os.O_APPEND|os.O_WRONLY, 0)
	e.must(err)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for n := int64(0); ctx.Err() == nil; time.Sleep(5 * time.Millisecond) {
			if n == budget.Load() {
				continue
			}
			n++
			addr := netip.AddrFrom4([4]byte{100, byte(n >> 16 & 63), byte(n >> 8), byte(n)}) // 100.0.0.0/10: nobody's private space
			var b strings.Builder
			for range 20 {
				fmt.Fprintf(&b, "%s - - [%s] \"GET / HTTP/1.1\" 200 1 \"-\" \"sqlmap\"\n", addr, time.Now().Format("02/Jan/2006:15:04:05 -0700"))
			}
			f.WriteString(b.String())
		}
	}()
	return func() { cancel(); <-done; f.Close() }
}

// shown are the bans that cidrxctl shows as in force.
func (e *edge) shown() map[string]time.Time {
	out := map[string]time.Time{}
	bans, err := e.client.Bans(e.t.Context(), false)
	e.must(err)
	for _, b := range bans {
		if b.State == "in_force" && b.Durable {
			out[b.Prefix.String()] = *b.Until
		}
	}
	return out
}

// audited are the bans that the audit trail shows as in force.
func (e *edge) audited() map[string]time.Time {
	out := map[string]time.Time{}
	e.must(e.client.Events(e.t.Context(), false, func(ev control.Event) error {
		if ev.Event == "ban" && ev.State == "in_force" {
			out[ev.Prefix.String()] = *ev.Until
		}
		return nil
	}))
	return out
}

// known keeps what has been shown, over the rounds.
func (e *edge) known() map[string]time.Time {
	out := map[string]time.Time{}
	if data, err := os.ReadFile(filepath.Join(e.dir, "known.json")); err == nil {
		e.must(json.Unmarshal(data, &out))
	}
	return out
}

func (e *edge) remember(shown map[string]time.Time) {
	known := e.known()
	for p, until := range shown {
		known[p] = until
	}
	data, err := json.Marshal(known)
	e.must(err)
	e.file("known.json", string(data))
}

// missing are the bans shown in earlier rounds that are not in force now, for cidrxctl or for the kernel.
func (e *edge) missing() []string {
	now, kernel := e.shown(), e.kernel()
	var out []string
	for p, until := range e.known() {
		if time.Until(until) < 30*time.Second {
			continue
		}
		if _, ok := now[p]; !ok || !kernel[strings.TrimSuffix(p, "/32")] {
			out = append(out, p)
		}
	}
	return out
}

// TestDemo runs the demonstration as root and as an ordinary user: it must succeed and leave nothing behind.
func TestDemo(t *testing.T) {
	t.Parallel()
	for name, cred := range map[string]*syscall.Credential{"root": nil, "ordinary user": {Uid: 65534, Gid: 65534}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tmp, err := os.MkdirTemp("", "cidrx-test-") // t.TempDir is for root alone
			if err != nil {
				t.Fatal(err)
			}
			defer os.RemoveAll(tmp)
			if err := os.Chmod(tmp, 0o777); err != nil {
				t.Fatal(err)
			}
			cmd := exec.Command(filepath.Join(binaries, "cidrx"), "demo")
			cmd.Env = append(os.Environ(), "TMPDIR="+tmp)
			cmd.SysProcAttr = &syscall.SysProcAttr{Credential: cred}
			out, err := cmd.CombinedOutput()
			if err != nil || !strings.Contains(string(out), "All of this happened") || strings.Contains(string(out), "NOT SO") {
				t.Errorf("demo: %v\n%s", err, out)
			}
			if left, _ := os.ReadDir(tmp); len(left) != 0 {
				t.Errorf("it left %v", left)
			}
		})
	}
}
