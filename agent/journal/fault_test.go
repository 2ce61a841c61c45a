package journal_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cidrx/agent/journal"
	"cidrx/agent/tail"
)

// children are the journalctls that follow a book.
func (b *book) children() (pids []int) {
	dirs, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, d := range dirs {
		cmd, err := os.ReadFile(d)
		if err != nil || !strings.Contains(string(cmd), "--directory="+b.dir) || !strings.Contains(string(cmd), "--follow") {
			continue
		}
		var pid int
		fmt.Sscanf(d, "/proc/%d/", &pid)
		pids = append(pids, pid)
	}
	return pids
}

// TestKilledChild kills journalctl again and again while entries are written: each comes once. At the end none is left.
func TestKilledChild(t *testing.T) {
	b := newBook(t)
	b.write("first")
	r := b.follow(journal.Options{})
	const n = 40
	for i := range n {
		b.writeAt(time.Now().Add(time.Second), fmt.Sprint("entry ", i))
		if i%4 == 3 {
			eventually(t, "a journalctl that follows", func() bool { return len(b.children()) > 0 })
			for _, pid := range b.children() {
				p, err := os.FindProcess(pid)
				must(t, err)
				p.Kill()
			}
		}
	}
	var want []string
	for i := range n {
		want = append(want, fmt.Sprint("live entry ", i))
	}
	if diff := cmp.Diff(want, r.wait(n)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if r.loss("restarts") == 0 {
		t.Error("no restart is counted")
	}
	eventually(t, "status to be well again", func() bool { return r.f.Status()[0].Error == "" })
	must(t, r.stop())
	if left := b.children(); len(left) > 0 {
		t.Errorf("left running: %v", left)
	}
}

// TestVacuumed deletes the file with the entry that was read last, and one that was not read: the rest comes, and the gap is counted.
func TestVacuumed(t *testing.T) {
	b := newBook(t)
	b.write("read")
	r := b.follow(journal.Options{StartAt: tail.AtWindow, WindowStart: time.Unix(1, 0)})
	r.wait(1)
	saved := r.saved()
	b.write("lost")
	gone := b.file
	b.held(2, "_UID=0")
	b.rotate()
	b.write("there")
	b.held(3, "_UID=0")
	must(t, os.Remove(gone))
	for _, name := range []string{"the cursor's file is gone", "the cursor means nothing"} {
		t.Run(name, func(t *testing.T) {
			if name != "the cursor's file is gone" {
				saved[0].Cursor = "nonsense"
			}
			r := b.follow(journal.Options{Resume: saved, WindowStart: time.Unix(1, 0)})
			if diff := cmp.Diff([]string{"catchup there"}, withoutWarmUp(r.wait(1))); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if n := r.loss("vacuumed"); n != 1 {
				t.Errorf("%d gaps, want 1", n)
			}
			if p := r.saved(); len(p) != 1 || p[0].Since != b.clock.UnixNano() || p[0].Cursor == "" {
				t.Errorf("positions %+v", p)
			}
		})
	}
}

func withoutWarmUp(lines []string) (out []string) {
	for _, l := range lines {
		if !strings.HasPrefix(l, "warmup ") {
			out = append(out, l)
		}
	}
	return out
}

// TestCannotRead has everything that keeps the journal from being read: status says what to do, and nothing ends.
func TestCannotRead(t *testing.T) {
	script := func(text string) []string {
		path := filepath.Join(t.TempDir(), "journalctl")
		must(t, os.WriteFile(path, []byte("#!/bin/sh\n"+text+"\n"), 0o755))
		return []string{path}
	}
	forbidden := t.TempDir()
	must(t, os.WriteFile(forbidden+"/journalctl", nil, 0o644))
	for name, test := range map[string]struct {
		command []string
		want    string
	}{
		"not installed":     {[]string{"cidrx-no-such-program"}, "journalctl is not installed (package systemd); install it, or name log files with paths"},
		"not there":         {[]string{"/nonexistent/journalctl"}, "journalctl is not installed"},
		"not executable":    {[]string{forbidden + "/journalctl"}, "may not be run by the agent's user"},
		"no permission":     {script("echo 'No journal files were opened due to insufficient permissions.' >&2; exit 1"), "usermod -aG systemd-journal cidrx"},
		"follows the wrong": {script("echo 'Hint: You are currently not seeing messages from other users and the system.' >&2; case $* in *--follow*) exec sleep 60;; esac"), "usermod -aG systemd-journal cidrx"},
		"no journal":        {[]string{"journalctl", "--directory=" + t.TempDir()}, "the journal is empty; is systemd-journald running"},
		"dies":              {script("echo 'Out of cheese' >&2; exit 3"), "journalctl ended: exit status 3: Out of cheese; it is started again"},
		"just ends":         {script("exit 0"), "journalctl ended: by itself; it is started again"},
		"crashes":           {script("kill -SEGV $$"), "signal: segmentation fault"},
		"talks too much":    {script("yes complaint | head -c 3000000 >&2; exit 3"), "exit status 3: complaint"},
		"closes its output": {script("exec >&-; sleep 0.1; echo late >&2; exit 4"), "exit status 4: late"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := follow(t, journal.Options{Command: test.command})
			eventually(t, "status to say "+test.want, func() bool { return strings.Contains(r.f.Status()[0].Error, test.want) })
			if name != "follows the wrong" {
				eventually(t, "another attempt", func() bool { return r.loss("restarts") > 1 })
			}
			must(t, r.stop())
		})
	}
}

// TestGarbage has a journalctl that does not write what it should.
func TestGarbage(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journalctl")
	good := `{"__CURSOR":"c%d","__REALTIME_TIMESTAMP":"1763770019000000","MESSAGE":"m%d"}`
	must(t, os.WriteFile(path, []byte("#!/bin/sh\ncase $* in *--follow*) ;; *) exit 0;; esac\ncat <<'E'\n"+strings.Join([]string{
		"-- Boot 1 --", "", "{", "null", "[]", `{"__CURSOR":"c","MESSAGE":"no time"}`, `{"__CURSOR":"c","__REALTIME_TIMESTAMP":"-1"}`,
		`{"__REALTIME_TIMESTAMP":"1"}`, fmt.Sprintf(good, 1, 1), `{"__CURSOR":5}`, `{"__CURSOR":"c","__REALTIME_TIMESTAMP":"1","MESSAGE":[300000]}`,
		`{"__CURSOR":"c2","__REALTIME_TIMESTAMP":"1763770019000000","MESSAGE":["m2","other"]}`,
		`{"__CURSOR":"c3","__REALTIME_TIMESTAMP":"1763770019000000","MESSAGE":[[109, 51],null]}`,
		`{"__CURSOR":"c4","__REALTIME_TIMESTAMP":"1763770019000000","MESSAGE":{"a":1}}`,
		`{"__CURSOR":"c5","__REALTIME_TIMESTAMP":"1763770019000000","MESSAGE":null}`,
		fmt.Sprintf(good, 6, 6),
	}, "\n")+"\nE\nexec sleep 60\n"), 0o755))
	r := follow(t, journal.Options{Command: []string{path}})
	if diff := cmp.Diff([]string{"catchup m1", "catchup m2", "catchup m3", "catchup m6"}, r.wait(4)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if bad, empty := r.loss("no entries"), r.loss("without a message"); bad != 10 || empty != 2 {
		t.Errorf("%d lines that are no entries, %d without a message; want 10 and 2", bad, empty)
	}
	if p := r.saved(); p[0].Cursor != "c6" {
		t.Errorf("position %+v", p)
	}
}

// TestOtherName tells of units that the journal does not have.
func TestOtherName(t *testing.T) {
	b := newBook(t)
	b.write("a", fields{"_SYSTEMD_UNIT": "sshd.service"})
	b.held(1, "_UID=0")
	for unit, want := range map[string]string{
		"sshd.service": "", "ssh.service": "the journal has no entry of ssh.service, but of sshd.service: name that",
		"dropbear.service": "the journal has no entry of dropbear.service yet; systemctl status dropbear.service says whether there is such a unit",
	} {
		r := b.follow(journal.Options{Units: []string{unit}})
		eventually(t, unit+" to be followed", func() bool { return len(b.children()) == 1 })
		if s := r.f.Status()[0]; s.Error+s.Note != want || s.Note != "" && unit == "ssh.service" {
			t.Errorf("%s: %+v, want %q", unit, s, want)
		}
		b.writeAt(time.Now().Add(time.Second), "a", fields{"_SYSTEMD_UNIT": unit})
		r.wait(1)
		if s := r.f.Status()[0]; s.Error+s.Note != "" {
			t.Errorf("%s: %+v with entries", unit, s)
		}
		must(t, r.stop())
	}
}

// TestAdopt picks positions for the units there are now.
func TestAdopt(t *testing.T) {
	file := tail.Position{Path: "/var/log/auth.log", Ino: 7, Offset: 9, Since: 99}
	old := tail.Position{Path: "journal ssh.service", Cursor: "a", Since: 5000}
	newer := tail.Position{Path: "journal ssh.service sudo.service", Cursor: "b", Since: 6000}
	for name, test := range map[string]struct{ list, want []tail.Position }{
		"none":            {},
		"of a file":       {list: []tail.Position{file}},
		"the same":        {list: []tail.Position{file, old}, want: []tail.Position{old}},
		"of other units":  {list: []tail.Position{newer}, want: []tail.Position{{Path: "journal ssh.service", Since: 7000}}},
		"the newest wins": {list: []tail.Position{newer, old}, want: []tail.Position{{Path: "journal ssh.service", Since: 7000}}},
	} {
		if diff := cmp.Diff(test.want, journal.Adopt([]string{"ssh.service"}, test.list)); diff != "" {
			t.Errorf("%s (-want +got)\n%s", name, diff)
		}
	}
}
