package agent_test

import (
	"bytes"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"cidrx/agent/loglimit"
)

// floodConfig has for each thing that the lines of a log can make the agent say a status that makes it so.
const floodConfig = `
[agent]
mode     = "enforce"
stateDir = "%[1]s/state"
socket   = "%[1]s/c.sock"
[jail]
maxPrefix4 = 24
[source.web]
paths  = ["%[1]s/access.log"]
format = "combined"
[source.forged]
paths  = ["%[1]s/forged/*.log"]
format = "combined"
[live.one]
statuses       = ["404"]
clusterArgSets = [[1, 32, 32, 0.0]]
[live.seen]
statuses       = ["403"]
clusterArgSets = [[1, 32, 32, 0.0]]
useForJail     = [false]
[live.wide]
statuses = ["405"]
[[live.wide.tier]]
minSize   = 1
minDepth  = 20
maxDepth  = 20
threshold = 0.0
minHosts  = 1
`

// lines is a log that can be read while it is written.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

// with counts the lines that have all of the texts.
func (l *lines) with(texts ...string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := 0
	for line := range strings.Lines(l.text.String()) {
		has := 0
		for _, text := range texts {
			if strings.Contains(line, text) {
				has++
			}
		}
		if has == len(texts) {
			n++
		}
	}
	return n
}

// hosts writes one line of each of n hosts, every one of a /20 of its own, into a file.
func (r *rig) hosts(file string, n, status int) {
	r.t.Helper()
	for i := range n {
		addr := netip.AddrFrom4([4]byte{byte(60 + i>>4), byte(i << 4), 0, 9})
		r.write(file, 1, addr.String(), "GET /", status)
	}
}

// TestFloodOfTheOwnLog has the lines of logs provoke everything that they can, 300 times each, and counts what the agent's own log says of
// it. Bans of sources that are believed are all there.
func TestFloodOfTheOwnLog(t *testing.T) {
	const n = 300
	r := newRig(t, floodConfig)
	log := &lines{}
	r.log = log
	began := time.Now()
	r.mkdir("forged", 0o777)
	r.start()
	r.hosts("access.log", n, 404)
	r.hosts("access.log", n, 403)
	r.hosts("access.log", n, 405)
	r.sourceLines("web", 3*n)
	for i := range n { // as many files as lines: each is found, and only observed since others could have written it
		addr := netip.AddrFrom4([4]byte{30, byte(i >> 8), byte(i), 9})
		r.write(fmt.Sprintf("forged/%d.log", i), 1, addr.String(), "GET /", 404)
	}
	r.sourceLines("forged", n)
	r.skew.Store(int64(10 * time.Second)) // a ban of that age stops everything
	r.hosts("access.log", n, 404)
	r.sourceLines("web", 4*n)
	r.await("something was suppressed, and the status says so", func() bool {
		for _, e := range r.status().Evictions {
			if strings.Contains(e.What, "own log") && e.N > n {
				return true
			}
		}
		return false
	})
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	most := loglimit.Burst + 2 + int((time.Since(began)+10*time.Second)/loglimit.Every)
	for what, texts := range map[string][]string{
		"bans that are only observed": {"msg=ban ", "state=observed"}, "reports": {`msg="reported, not banned`},
		"refusals": {"msg=refused"}, "leaks": {"still reach the log"}, "files found": {"msg=following", "source=forged"},
	} {
		if got := log.with(texts...); got < loglimit.Burst-1 || got > most {
			t.Errorf("%s: %d lines in the log, want %d to %d", what, got, loglimit.Burst, most)
		}
	}
	if got := log.with("msg=ban ", "state=in_force"); got != n {
		t.Errorf("%d of %d bans are in the log", got, n)
	}
	for _, like := range []string{"like=ban", `like="reported, not banned`, "like=refused", `like="requests of a banned prefix`, "source=forged like=following"} {
		if log.with("more like this were suppressed", like) == 0 {
			t.Errorf("no line sums up what was suppressed: %s", like)
		}
	}
}

func (r *rig) mkdir(name string, mode os.FileMode) {
	r.t.Helper()
	dir := filepath.Join(r.dir, name)
	if err := os.Mkdir(dir, mode); err != nil {
		r.t.Fatal(err)
	}
	if err := os.Chmod(dir, mode); err != nil {
		r.t.Fatal(err)
	}
}

// sourceLines waits until a source has counted n lines.
func (r *rig) sourceLines(source string, n uint64) {
	r.t.Helper()
	r.await(fmt.Sprintf("%d lines of %s are counted", n, source), func() bool {
		for _, s := range r.status().Sources {
			if s.Name == source {
				return s.Lines == n
			}
		}
		return false
	})
}

// TestLongDenyListIsOneLineOfTheLog puts a deny list into force and takes it back.
func TestLongDenyListIsOneLineOfTheLog(t *testing.T) {
	const n = loglimit.Burst + 1
	r := newRig(t, baseConfig)
	log := &lines{}
	r.log = log
	r.start()
	var networks []string
	for i := range n {
		networks = append(networks, fmt.Sprintf("%q", fmt.Sprintf("198.18.%d.0/24", i)))
	}
	for _, step := range []struct{ deny, line string }{
		{strings.Join(networks, ", "), fmt.Sprintf(`msg=ban prefixes=%d reason="on the deny list"`, n)}, {"", fmt.Sprintf("msg=unban prefixes=%d ", n)},
	} {
		r.config = baseConfig + "\n[deny]\nnetworks = [" + step.deny + "]\n"
		if _, err := r.client.Reload(t.Context()); err != nil {
			t.Fatal(err)
		}
		r.await("the log says so", func() bool { return log.with(step.line) == 1 })
	}
	if got := log.with("prefix=198.18."); got != 0 {
		t.Errorf("%d networks of the list are in the log one by one", got)
	}
	if events := r.events(); count(events, "ban") != n || count(events, "unban") != n {
		t.Errorf("the audit trail has %d bans and %d ends, want %d", count(events, "ban"), count(events, "unban"), n)
	}
}
