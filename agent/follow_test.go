package agent_test

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cidrx/agent/control"
)

// syslogTo sends lines of one client to a socket, as nginx does.
func (r *rig) syslogTo(path string, n int, client string) {
	r.t.Helper()
	c, err := net.Dial("unixgram", path)
	if err != nil {
		r.t.Fatal(err)
	}
	defer c.Close()
	for range n {
		if _, err := fmt.Fprintf(c, "<190>Nov 22 00:10:11 nginx: %s - - [%s] \"GET /x HTTP/1.1\" 404 12 \"-\" \"test\"", client, r.now().Format("02/Jan/2006:15:04:05 -0700")); err != nil {
			r.t.Fatal(err)
		}
	}
}

// TestSourceChangesItsPlace has reloads make a source of files one of datagrams, of the journal, and of files again. What a place
// has left behind means nothing in another.
func TestSourceChangesItsPlace(t *testing.T) {
	dir := t.TempDir()
	fake := filepath.Join(dir, "journalctl")
	script := "#!/bin/sh\ncase $* in *--follow*) cat " + dir + "/entries; exec sleep 3600;; esac\n"
	if err := os.WriteFile(fake, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	r := newRig(t, baseConfig).start()
	place := func(key string) {
		r.config = strings.ReplaceAll(baseConfig, `paths  = ["%[1]s/access.log"]`, key)
		if _, err := r.client.Reload(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	lines := func() uint64 { return r.status().Sources[0].Lines }

	r.write("access.log", 20, "203.0.113.1", "GET /x", 404)
	r.inForce("203.0.113.1/32")

	place(`listen = "unixgram:%[1]s/log.sock"`)
	r.await("the socket is there", func() bool { _, err := os.Stat(r.dir + "/log.sock"); return err == nil })
	r.syslogTo(r.dir+"/log.sock", 20, "203.0.113.2")
	r.inForce("203.0.113.2/32")
	if s := r.status().Sources[0]; s.Path != "unixgram:"+r.dir+"/log.sock" || s.Lines != 20 {
		t.Errorf("status %+v", s)
	}

	var entries strings.Builder
	for i := range 20 {
		fmt.Fprintf(&entries, `{"__CURSOR":"c%d","__REALTIME_TIMESTAMP":"%d","MESSAGE":"203.0.113.3 - - [%s] \"GET /x HTTP/1.1\" 404 12 \"-\" \"test\""}`+"\n",
			i, r.now().Add(time.Minute).UnixMicro(), r.now().Format("02/Jan/2006:15:04:05 -0700"))
	}
	if err := os.WriteFile(dir+"/entries", []byte(entries.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	place(`journal = ["web.service"]`)
	r.inForce("203.0.113.3/32")
	r.await("the old socket is gone", func() bool { _, err := os.Stat(r.dir + "/log.sock"); return os.IsNotExist(err) })

	r.write("access.log", 5, "203.0.113.4", "GET /x", 404) // nobody reads it now
	place(`paths  = ["%[1]s/access.log"]`)
	r.write("access.log", 19, "203.0.113.4", "GET /x", 404)
	r.await("19 lines are counted", func() bool { return lines() == 19 })
	if _, banned := r.bans()["203.0.113.4/32"]; banned {
		t.Error("lines of before the source was one of files again are counted")
	}
	r.write("access.log", 1, "203.0.113.4", "GET /x", 404)
	r.inForce("203.0.113.4/32")
}

// TestLossesAreEvictions shows what a source knows to have lost where everything lost is shown.
func TestLossesAreEvictions(t *testing.T) {
	r := newRig(t, strings.ReplaceAll(baseConfig, `paths  = ["%[1]s/access.log"]`, `listen = "unixgram:%[1]s/log.sock"`)).start()
	c, err := net.Dial("unixgram", r.dir+"/log.sock")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.Write([]byte("<190>"))
	r.await("it is counted", func() bool {
		for _, e := range r.status().Evictions {
			if e == (control.Count{What: "datagrams without text in source web", N: 1}) {
				return true
			}
		}
		return false
	})
}

// TestJournalsTimeCounts has a format without time: lines that were there before count at the time that the journal has of them.
func TestJournalsTimeCounts(t *testing.T) {
	dir := t.TempDir()
	at := time.Now().Add(-5 * time.Minute).Truncate(time.Second)
	var script strings.Builder
	script.WriteString("#!/bin/sh\ncase $* in *--follow*) exec sleep 3600;; *--lines*) exit 0;; esac\ncat <<'E'\n")
	for i := range 20 {
		fmt.Fprintf(&script, `{"__CURSOR":"c%d","__REALTIME_TIMESTAMP":"%d","MESSAGE":"203.0.113.3 \"GET /x HTTP/1.1\" 404"}`+"\n", i, at.Add(time.Duration(i)*time.Second).UnixMicro())
	}
	script.WriteString("E\n")
	if err := os.WriteFile(filepath.Join(dir, "journalctl"), []byte(script.String()), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	text := strings.ReplaceAll(baseConfig, `paths  = ["%[1]s/access.log"]`, "journal = \"web.service\"\nstartAt = \"window\"")
	r := newRig(t, strings.ReplaceAll(text, `format = "combined"`, `format = '%h "%r" %s'`)).start()
	b := r.inForce("203.0.113.3/32")
	if b.FirstSeen == nil || !b.FirstSeen.Equal(at) || !b.LastSeen.Equal(at.Add(19*time.Second)) {
		t.Errorf("seen from %v to %v, want from %v on", b.FirstSeen, b.LastSeen, at)
	}
}
