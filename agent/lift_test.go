package agent_test

import (
	"bytes"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cidrx/agent/control"
)

// openConfig has a second log, which everybody can write.
const openConfig = baseConfig + `
[source.open]
paths  = ["%[1]s/open.log"]
format = "combined"
`

// openLog makes the log that everybody can write.
func (r *rig) openLog() {
	r.t.Helper()
	path := filepath.Join(r.dir, "open.log")
	if err := os.WriteFile(path, nil, 0o666); err != nil {
		r.t.Fatal(err)
	}
	if err := os.Chmod(path, 0o666); err != nil { // whatever the umask says
		r.t.Fatal(err)
	}
}

// unbans are the events of that kind from number n on, as "prefix: reason".
func (r *rig) unbans(n int) []string {
	r.t.Helper()
	out := []string{}
	for _, e := range r.events()[n:] {
		if e.Event == "unban" {
			out = append(out, fmt.Sprintf("%s: %s", e.Prefix, e.Reason))
		}
	}
	return out
}

// syncBuffer is a log that is read while it is written.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// One unblock is one event, whichever jails held the ban: that of sources that are believed, that of those that are not, both or none.
func TestUnblockIsToldOnce(t *testing.T) {
	for _, later := range []bool{false, true} {
		t.Run(map[bool]string{false: "configured at the start", true: "added by a reload"}[later], func(t *testing.T) {
			log := &syncBuffer{}
			r := newRig(t, openConfig)
			r.log = log
			r.openLog()
			if later {
				r.config = baseConfig
			}
			r.start()
			if later {
				r.config = openConfig
				if _, err := r.client.Reload(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			r.write("open.log", 20, "198.51.100.1", "GET /x", 404) // stays: the jail of what is only observed is never empty
			r.write("open.log", 20, "198.51.100.8", "GET /x", 404)
			r.write("open.log", 20, "198.51.100.9", "GET /x", 404)
			r.write("access.log", 20, "198.51.100.7", "GET /x", 404)
			r.write("access.log", 20, "198.51.100.9", "GET /x", 404)
			r.await("all are banned", func() bool {
				list, err := r.client.Bans(t.Context(), false)
				return err == nil && len(list) == 5 && !slices.ContainsFunc(list, func(b control.Ban) bool { return b.State == "pending" })
			})
			for _, tt := range []struct{ name, prefix, want string }{
				{"in force", "198.51.100.7/32", "unblocked"},
				{"observed", "198.51.100.8/32", "unblocked"},
				{"both", "198.51.100.9/32", "unblocked"},
				{"none", "198.51.100.10/32", "unblocked; it was not banned"},
				{"none, as a network", "203.0.113.0/24", "unblocked; it was not banned"},
			} {
				before := len(r.events())
				if _, err := r.client.Unblock(t.Context(), control.UnblockRequest{Prefixes: []netip.Prefix{prefix(tt.prefix)}}); err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff([]string{tt.prefix + ": " + tt.want}, r.unbans(before)); diff != "" {
					t.Errorf("%s: events (-want +got):\n%s", tt.name, diff)
				}
				if n := strings.Count(log.String(), "msg=unban prefix="+tt.prefix); n != 1 {
					t.Errorf("%s: %d lines in the log", tt.name, n)
				}
			}
			before := len(r.events())
			if f, err := r.client.Flush(t.Context()); err != nil || f.Lifted != 1 {
				t.Errorf("flush: %+v, %v", f, err)
			}
			if diff := cmp.Diff([]string{"198.51.100.1/32: unblocked"}, r.unbans(before)); diff != "" {
				t.Errorf("flush: events (-want +got):\n%s", diff)
			}
		})
	}
}

// What a jail that held nothing forgets, it forgets although another one tells of the unblock: the next request is not the last straw.
func TestUnblockForgetsInEveryJail(t *testing.T) {
	r := newRig(t, openConfig)
	r.openLog()
	r.start()
	r.write("open.log", 19, "198.51.100.7", "GET /x", 404)
	r.write("access.log", 20, "198.51.100.7", "GET /x", 404)
	r.inForce("198.51.100.7/32")
	r.await("both logs are counted", func() bool { s := r.status().Sources; return s[0].Lines+s[1].Lines == 39 })
	none := int64(0)
	if _, err := r.client.Unblock(t.Context(), control.UnblockRequest{Prefixes: []netip.Prefix{prefix("198.51.100.7/32")}, GraceS: &none}); err != nil {
		t.Fatal(err)
	}
	r.write("open.log", 1, "198.51.100.7", "GET /x", 404)
	r.await("the 20th line is counted", func() bool { s := r.status().Sources; return s[0].Lines+s[1].Lines == 40 })
	r.write("open.log", 20, "198.51.100.8", "GET /x", 404)
	r.await("a later ban is there", func() bool { return r.bans()["198.51.100.8/32"].State == "observed" })
	if b, ok := r.bans()["198.51.100.7/32"]; ok {
		t.Errorf("banned again for one request: %+v", b)
	}
}
