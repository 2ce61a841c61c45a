package journal_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cidrx/agent/journal"
)

// TestBootOfTheHost has a journalctl as it is in a container, in a unit with a /proc of its own: what it takes for the running boot is
// that of the host, of which the container's journal has nothing.
func TestBootOfTheHost(t *testing.T) {
	const here, elsewhere = "0123456789abcdef0123456789abcdef", "fedcba9876543210fedcba9876543210"
	b := newBook(t)
	command := filepath.Join(t.TempDir(), "journalctl")
	must(t, os.WriteFile(command, []byte(`#!/bin/sh
case $* in
*--boot*) exit 0 ;;
*--follow*--merge*) ;;
*--follow*) exec sleep 60 ;;
esac
exec journalctl --directory=`+b.dir+` "$@"
`), 0o755))
	r := b.follow(journal.Options{Command: []string{command}}.OnMachine(here))
	eventually(t, "journalctl to follow", func() bool { return len(b.children()) == 1 })
	write := func(message, machine string, more fields) {
		t.Helper()
		f := fields{"_MACHINE_ID": machine}
		for k, v := range more {
			f[k] = v
		}
		b.writeAt(time.Now().Add(time.Second), message, f)
	}
	suppression := fields{"_SYSTEMD_UNIT": "init.scope", "_TRANSPORT": "driver", "MESSAGE_ID": "a596d6fe7bfa4994828e72309e95d61e"}
	write("first", here, nil)
	write("of another machine", elsewhere, nil)
	write("Suppressed 7 messages from ssh.service", elsewhere, suppression)
	write("Suppressed 5 messages from ssh.service", here, suppression)
	write("of another user", here, fields{"_UID": "1000"})
	write("last", here, nil)
	if diff := cmp.Diff([]string{"live first", "live last"}, r.wait(2)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if n := r.loss("suppressed"); n != 5 {
		t.Errorf("%d suppressed messages are counted, want 5", n)
	}
}
