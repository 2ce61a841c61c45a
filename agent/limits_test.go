package agent_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cidrx/agent/control"
)

func TestLimits(t *testing.T) {
	r := newRig(t, baseConfig+"[source.proxy]\nlisten = \"unixgram:%[1]s/log.sock\"\nformat = \"combined\"\n").start()
	limit := func(what string) (l control.Limit) {
		for _, l := range r.status().Limits {
			if l.What == what {
				return l
			}
		}
		t.Fatalf("no %s in %+v", what, r.status().Limits)
		return l
	}
	for what, least := range map[string]uint64{control.OpenFiles: 5, control.Memory: 1 << 20} {
		if l := limit(what); l.Now < least || l.Most > 0 && l.Now > l.Most {
			t.Errorf("%+v", l)
		}
	}
	if l := limit("changes waiting for the kernel"); l.Now != 0 || l.Most == 0 {
		t.Errorf("%+v", l)
	}
	if l := limit("datagrams waiting in source proxy"); l.Most != 16<<20 || !l.Bytes {
		t.Errorf("%+v", l)
	}
	before := limit(control.OpenFiles).Now
	const more = 50
	for range more {
		f, err := os.Open(filepath.Join(r.dir, "state"))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
	}
	if l := limit(control.OpenFiles); l.Now < before+more-10 { // the agent itself may have closed some
		t.Errorf("%d more files are open, and %d became %d", more, before, l.Now)
	}
}

// What a sysadmin wants to know of the process comes with the metrics.
func TestProcessMetrics(t *testing.T) {
	text := scrape(t)
	for _, name := range []string{"process_open_fds", "process_max_fds", "process_resident_memory_bytes", "go_gc_gomemlimit_bytes", "go_goroutines"} {
		if !strings.Contains(text, "\n"+name+" ") {
			t.Errorf("no %s", name)
		}
	}
	for _, what := range []string{"lines of the agent's own log suppressed: too many alike", "control connections turned away: too many open"} {
		if !strings.Contains(text, `cidrx_evictions_total{what="`+what+`"} 0`) {
			t.Errorf("no evictions of %s", what)
		}
	}
}
