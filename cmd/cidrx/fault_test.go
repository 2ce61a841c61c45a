package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"cidrx/agent/control"
)

// TestDiskFull fills the disk that the state is on: bans are enforced all the same, the status says what is wrong, and when there is room
// again everything is saved.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	e := newEdge(t)
	e.file("access.log", "")
	e.must(os.Mkdir(filepath.Join(e.dir, "state"), 0o750))
	e.startOnSmallDisk()
	e.write("access.log", scans(20, "203.0.113.1"))
	if b := e.inForce("203.0.113.1/32"); !b.Durable {
		t.Fatalf("not durable while there is room: %+v", b)
	}
	disk := fmt.Sprintf("/proc/%d/root%s/state", e.agent.Process.Pid, e.dir)
	filler := fill(t, disk)
	n := 1
	e.await("the status is BROKEN", func() bool {
		n++
		e.write("access.log", scans(20, fmt.Sprintf("203.0.113.%d", n)))
		s := e.status()
		return s.State == "broken" && strings.Contains(s.Why, "no space left")
	})
	last := fmt.Sprintf("203.0.113.%d", n+1)
	e.write("access.log", scans(20, last))
	if b := e.inForce(last + "/32"); b.Durable {
		t.Errorf("a ban that could not be saved is shown as durable: %+v", b)
	}
	if door := e.open("192.0.2.1"); door.passes(last) {
		t.Error("a ban that could not be saved is not enforced")
	}
	if out, _, _ := e.ctl("status"); !strings.HasPrefix(out, "BROKEN") {
		t.Errorf("cidrxctl status:\n%s", out)
	}
	if _, errs, code := e.ctl("ban", "198.51.100.0/24"); code != 1 || !strings.Contains(errs, "no space left") {
		t.Errorf("cidrxctl ban: exit code %d, %s", code, errs)
	}
	e.must(os.Remove(filler))
	e.enforces()
	e.await("it is durable", func() bool { return e.bans()[last+"/32"].Durable })
	e.await("the audit trail has it", func() bool {
		for _, ev := range e.events("ban") {
			if ev.Prefix.Addr().String() == last {
				return true
			}
		}
		return false
	})
}

// startOnSmallDisk runs the agent with a disk of its own for the state, in a private mount namespace.
func (e *edge) startOnSmallDisk() {
	e.t.Helper()
	agent := e.command()
	script := `mount -t tmpfs -o size=2m,mode=0750 tmpfs "$1" && shift && exec "$@"`
	cmd := exec.Command("unshare", append([]string{"--mount", "sh", "-c", script, "sh", filepath.Join(e.dir, "state")}, agent.Args...)...)
	cmd.SysProcAttr = agent.SysProcAttr
	e.startAs(cmd)
	e.enforces()
}

// fill writes a file until there is no room, and returns its path.
func fill(t *testing.T, dir string) string {
	t.Helper()
	path := filepath.Join(dir, "filler")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for size := 1 << 20; size > 0; {
		n, err := f.Write(make([]byte, size))
		if err != nil && n == 0 {
			size /= 2
		}
	}
	return path
}

// system is a user as packages make them: nobody can log in as that.
const system = 990

// startAsUser runs the agent as an ordinary user with some capabilities, its files in run/.
func (e *edge) startAsUser(caps ...uintptr) {
	e.t.Helper()
	run := filepath.Join(e.dir, "run")
	e.must(os.MkdirAll(run, 0o755))
	e.must(os.Chown(run, system, system))
	e.client.Socket = filepath.Join(run, "c.sock")
	e.file("cidrx.toml", strings.NewReplacer("DIR/state", run+"/state", "DIR/c.sock", run+"/c.sock", "DIR", e.dir).Replace(edgeConfig))
	cmd := e.command()
	cmd.SysProcAttr.Credential = &syscall.Credential{Uid: system, Gid: system}
	cmd.SysProcAttr.AmbientCaps = caps
	e.startAs(cmd)
}

// TestOrdinaryUser needs CAP_NET_ADMIN and nothing else. Without it the agent runs, and says what it wants.
func TestOrdinaryUser(t *testing.T) {
	t.Parallel()
	e := newEdge(t)
	e.file("access.log", "")
	e.startAsUser()
	e.await("the status is BROKEN and says why", func() bool { s := e.status(); return s.State == "broken" && strings.Contains(s.Why, "CAP_NET_ADMIN") })
	e.write("access.log", scans(20, "203.0.113.7"))
	e.await("the ban waits for the kernel", func() bool { return e.bans()["203.0.113.7/32"].State == "pending" })
	if out, _, _ := e.ctl("status"); !strings.HasPrefix(out, "BROKEN") || !strings.Contains(out, "CAP_NET_ADMIN") {
		t.Errorf("cidrxctl status:\n%s", out)
	}
	if _, errs, code := e.ctl("ban", "198.51.100.0/24"); code != 1 || !strings.Contains(errs, "CAP_NET_ADMIN") {
		t.Errorf("cidrxctl ban: exit code %d, %s", code, errs)
	}
	if err := e.stop(syscall.SIGTERM); err != nil {
		t.Errorf("the agent ends with %v", err)
	}
	e.startAsUser(unix.CAP_NET_ADMIN)
	e.enforces()
	e.inForce("203.0.113.7/32")
	if door := e.open("192.0.2.1"); door.passes("203.0.113.7") {
		t.Error("with CAP_NET_ADMIN the banned host passes")
	}
}

// TestUnreadableLog takes the permission to read a log away and gives it back.
func TestUnreadableLog(t *testing.T) {
	t.Parallel()
	e := newEdge(t)
	log := e.file("access.log", "")
	e.must(os.Chmod(log, 0))
	e.startAsUser(unix.CAP_NET_ADMIN)
	e.enforces()
	e.await("the status says that the log cannot be read", func() bool {
		s := e.status()
		return len(s.Sources) == 1 && strings.Contains(s.Sources[0].Error, "permission denied")
	})
	if out, _, _ := e.ctl("status"); !strings.Contains(out, "permission denied") {
		t.Errorf("cidrxctl status:\n%s", out)
	}
	e.must(os.Chmod(log, 0o644))
	e.write("access.log", scans(20, "203.0.113.7"))
	e.inForce("203.0.113.7/32")
	e.await("the error is gone", func() bool { return e.status().Sources[0].Error == "" })
}

// TestDamagedState starts the agent on a state file that is no such thing: it says so, keeps the file, and works.
func TestDamagedState(t *testing.T) {
	t.Parallel()
	e := newEdge(t)
	e.file("access.log", "")
	e.start()
	e.ctl("ban", "198.51.100.0/24", "--for", "1h")
	e.must(e.stop(syscall.SIGTERM))
	file := filepath.Join(e.dir, "state", "state.db")
	good, err := os.ReadFile(file)
	e.must(err)
	for name, damage := range map[string][]byte{
		"rubbish": []byte(strings.Repeat("this is no database ", 5000)), "half": good[:len(good)/2+100], "zeros behind the head": append(good[:4096:4096], make([]byte, len(good))...),
	} {
		e.must(os.Truncate(filepath.Join(e.dir, "agent.err"), 0))
		e.must(os.WriteFile(file, damage, 0o600))
		before := files(t, filepath.Join(e.dir, "state"))
		e.start()
		if !strings.Contains(e.said(), "was damaged") {
			t.Errorf("%s: the log does not say it:\n%s", name, e.said())
		}
		e.await("the audit trail says it", func() bool { return len(e.events("error")) > 0 })
		if kept := files(t, filepath.Join(e.dir, "state")); kept != before+1 {
			t.Errorf("%s: %d files where there were %d: the damaged one is not kept", name, kept, before)
		}
		client := fmt.Sprintf("203.0.113.%d", len(name))
		e.write("access.log", scans(20, client))
		e.inForce(client + "/32")
		e.must(e.stop(syscall.SIGTERM))
	}
}

func files(t *testing.T, dir string) int {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

// TestReloadBySignal gives the agent a bad configuration, which changes nothing, and a good one.
func TestReloadBySignal(t *testing.T) {
	t.Parallel()
	e := newEdge(t)
	e.file("access.log", "")
	e.start()
	e.write("access.log", scans(15, "203.0.113.7"))
	e.await("the lines are counted", func() bool { return e.status().Sources[0].Lines == 15 })
	good, err := os.ReadFile(filepath.Join(e.dir, "cidrx.toml"))
	e.must(err)
	e.file("cidrx.toml", strings.Replace(string(good), "[20, 32, 32, 0.0]", "[10, 32, 33, 0.0]", 1))
	e.must(e.agent.Process.Signal(syscall.SIGHUP))
	e.await("the bad one is refused", func() bool {
		return strings.Contains(e.said(), "reload refused") && strings.Contains(e.said(), "clusterArgSets")
	})
	e.write("access.log", scans(1, "203.0.113.7"))
	e.await("the line is counted", func() bool { return e.status().Sources[0].Lines == 16 })
	if bans := e.bans(); len(bans) != 0 {
		t.Errorf("the refused configuration is in force: %v", bans)
	}
	e.file("cidrx.toml", strings.Replace(string(good), "[20, 32, 32, 0.0]", "[17, 32, 32, 0.0]", 1))
	e.must(e.agent.Process.Signal(syscall.SIGHUP))
	e.await("the good one is in the audit trail", func() bool {
		return slices.ContainsFunc(e.events("reload"), func(ev control.Event) bool {
			return ev.By == "SIGHUP" && strings.Contains(ev.Reason, "[live.scanners]")
		})
	})
	e.write("access.log", scans(1, "203.0.113.7"))
	e.inForce("203.0.113.7/32") // sixteen of its requests were counted before
}

// TestRotation turns a log over 50 times by renaming it and 50 times by copying and truncating it, while lines are written and counted.
func TestRotation(t *testing.T) {
	t.Parallel()
	e := newEdge(t)
	log := e.file("access.log", "")
	e.start()
	w := &rotated{t: t, path: log}
	counted := func() bool { return e.status().Sources[0].Lines >= w.lines }
	for _, turn := range []func(){w.rename, w.copytruncate} {
		for i := range 50 {
			w.write(200)
			turn()
			if i%5 == 0 { // some turns find the agent up to date, others far behind
				w.write(10)
				e.await("every line is counted", counted)
			}
		}
		w.write(200)
		e.await("every line is counted", counted)
	}
	e.write("access.log", scans(20, "203.0.113.7")) // what comes after everything else
	e.inForce("203.0.113.7/32")
	if s := e.status().Sources[0]; s.Lines != w.lines+20 || s.Failed != 0 {
		t.Errorf("%d lines counted, %d failed; %d were written", s.Lines, s.Failed, w.lines+20)
	}
}

// rotated is a log as a web server and logrotate treat it.
type rotated struct {
	t     *testing.T
	path  string
	out   *os.File
	turns int
	lines uint64
}

func (w *rotated) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// write writes n lines, in several pieces that do not end with lines.
func (w *rotated) write(n int) {
	w.t.Helper()
	if w.out == nil {
		f, err := os.OpenFile(w.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
		w.must(err)
		w.out = f
		w.t.Cleanup(func() { f.Close() })
	}
	now := time.Now().Format("02/Jan/2006:15:04:05 -0700")
	var b strings.Builder
	for range n {
		w.lines++
		fmt.Fprintf(&b, "192.0.2.%d - - [%s] \"GET /%d HTTP/1.1\" 200 1 \"-\" \"Firefox\"\n", w.lines%250, now, w.lines)
	}
	text := b.String()
	for len(text) > 0 {
		k := min(len(text), 1000)
		_, err := w.out.WriteString(text[:k])
		w.must(err)
		text = text[k:]
	}
}

// rename is logrotate's usual way: the server writes on to the old file until it reopens the log.
func (w *rotated) rename() {
	w.t.Helper()
	w.turns++
	w.must(os.Rename(w.path, fmt.Sprintf("%s.%d", w.path, w.turns)))
	w.write(50)
	w.out = nil
}

// copytruncate copies the log and empties it. Nothing is written meanwhile: nobody could read that.
func (w *rotated) copytruncate() {
	w.t.Helper()
	w.turns++
	in, err := os.Open(w.path)
	w.must(err)
	defer in.Close()
	copied, err := os.Create(fmt.Sprintf("%s.%d", w.path, w.turns))
	w.must(err)
	defer copied.Close()
	_, err = io.Copy(copied, in)
	w.must(err)
	w.must(os.Truncate(w.path, 0))
}
