package agent_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cidrx/agent/control"
)

// fakeJournal puts a journalctl into PATH. It can read entries, as long as there is a file of them.
func fakeJournal(t *testing.T) (entries string) {
	t.Helper()
	dir := t.TempDir()
	entries = filepath.Join(dir, "entries")
	script := `#!/bin/sh
[ -e ` + entries + ` ] || exit 1
case $* in
*--follow*) cat ` + entries + `; exec sleep 3600;;
*--lines=1*) head -n 1 ` + entries + `;;
esac
`
	if err := os.WriteFile(filepath.Join(dir, "journalctl"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	return entries
}

// failedLogins are n entries of sshd's in the journal.
func failedLogins(t *testing.T, file string, n int, client string) {
	t.Helper()
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `{"__CURSOR":"c%d","__REALTIME_TIMESTAMP":"%d","SYSLOG_IDENTIFIER":"sshd","_PID":"77","MESSAGE":"Failed password for root from %s port %d ssh2"}`+"\n",
			i, time.Now().Add(time.Minute).UnixMicro(), client, 2000+i)
	}
	// All at once: the agent looks again and again whether they are there.
	if err := errors.Join(os.WriteFile(file+".new", []byte(b.String()), 0o644), os.Rename(file+".new", file)); err != nil {
		t.Fatal(err)
	}
}

const eitherConfig = `
[agent]
mode     = "enforce"
stateDir = "%[1]s/state"
socket   = "%[1]s/c.sock"
[source.ssh]
journal = ["ssh.service", "sshd.service"]
paths   = ["%[1]s/auth.log"]
format  = "sshd"
[live.ssh]
outcomes       = ["failure"]
clusterArgSets = [[8, 32, 32, 0.0]]
`

// auth appends failed logins to the file, as a syslog daemon does.
func (r *rig) auth(n int, client string) {
	r.t.Helper()
	f, err := os.OpenFile(filepath.Join(r.dir, "auth.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o640)
	if err != nil {
		r.t.Fatal(err)
	}
	defer f.Close()
	for i := range n {
		fmt.Fprintf(f, "%s host sshd[88]: Failed password for root from %s port %d ssh2\n", r.now().Format(time.Stamp), client, 3000+i)
	}
}

// TestJournalElseFiles has one source for hosts of both kinds, and the same logins in both places: they count once. Then the journal is
// gone, the file, and both.
func TestJournalElseFiles(t *testing.T) {
	entries := fakeJournal(t)
	r := newRig(t, eitherConfig)
	r.auth(0, "")
	failedLogins(t, entries, 7, "203.0.113.3")
	r.start()
	source := func() control.Source { return r.status().Sources[0] }
	r.auth(7, "203.0.113.3")
	r.await("the journal is read", func() bool { return source().Lines == 7 })
	if s := source(); s.Path != "journal of ssh.service, sshd.service" || s.Error != "" {
		t.Errorf("with both: %+v", s)
	}
	if b := r.bans(); len(b) != 0 {
		t.Errorf("seven logins count twice: %v", b)
	}

	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	os.Remove(entries)
	r.start()
	r.auth(8, "203.0.113.4")
	r.inForce("203.0.113.4/32")
	if s := source(); s.Path != r.dir+"/auth.log" || s.Error != "" || s.Lines != 8 {
		t.Errorf("with the file alone: %+v", s)
	}

	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	os.Remove(filepath.Join(r.dir, "auth.log"))
	r.start()
	r.await("it says that there is neither", func() bool {
		return strings.Contains(source().Error, "nor is there a file "+r.dir+"/auth.log")
	})
	failedLogins(t, entries, 8, "203.0.113.5")
	r.inForce("203.0.113.5/32")
	if s := source(); s.Path != "journal of ssh.service, sshd.service" || s.Error != "" {
		t.Errorf("with the journal that came later: %+v", s)
	}
}
