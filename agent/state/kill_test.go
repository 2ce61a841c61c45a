package state_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"cidrx/agent/jail"
	"cidrx/agent/state"
	"cidrx/agent/tail"
)

const (
	kills   = 100
	alive   = 200 // bans that hold at a time
	inQueue = 64  // batches that wait for the disk at a time

	shortLife = 40 * time.Millisecond // the longest at first: some lives end before anything is done
)

// stepBatch is the i-th batch of the child: a ban begins, another one ends, all in step with the position and the audit trail.
func stepBatch(i int) state.Batch {
	b := banBatch(i)
	b.Positions = map[string][]tail.Position{"web": {{Offset: int64(i)}}}
	if old := i - alive; old > 0 {
		b.Bans = append(b.Bans, state.Delete[jail.Ban](numbered(old)))
		ended := sampleBan(numbered(old).String())
		b.Ended = append(b.Ended, state.Put(ended.Prefix, ended), state.Delete[jail.Ban](numbered(old-alive)))
	}
	return b
}

// writeUntilKilled goes on where the state ends, and prints each step when it is acknowledged.
func writeUntilKilled(path string, out io.Writer) error {
	s, rec, err := state.Open(path, state.Options{AuditBytes: 1 << 16})
	if err != nil {
		return err
	}
	if rec.Damage != "" {
		return fmt.Errorf("taken for damaged: %s", rec.Damage)
	}
	go s.Run(context.Background())
	queue := make(chan struct{}, inQueue)
	var mu sync.Mutex
	for i := step(rec) + 1; ; i++ {
		queue <- struct{}{}
		s.Save(stepBatch(i), func(err error) {
			mu.Lock()
			defer mu.Unlock()
			fmt.Fprintln(out, i, err)
			<-queue
		})
	}
}

// step is the number of the last batch in a state.
func step(rec *state.Recovered) int {
	if list := rec.Positions["web"]; len(list) > 0 {
		return int(list[0].Offset)
	}
	return 0
}

// childMain is what TestMain does in a child that is to be killed.
func childMain() bool {
	path, ok := strings.CutPrefix(os.Getenv(childEnv), "write ")
	if ok {
		fmt.Println("child:", writeUntilKilled(path, os.Stdout))
	}
	return ok
}

// Killed at any moment, from the first instruction on and under load: what was acknowledged is there, nothing is half there, and the file
// is never taken for damaged.
func TestKilled(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	r := rand.New(rand.NewPCG(9, 9))
	acknowledged, most := 0, 0
	life := shortLife
	for i := 0; i < kills || acknowledged < kills; i++ {
		last := writeAndKill(t, path, time.Duration(r.Int64N(int64(life))))
		if last > acknowledged {
			acknowledged, life = last, max(life*3/4, shortLife)
		} else { // on a busy host it takes longer until anything is written
			life = life * 5 / 4
		}
		s, rec, err := state.Open(path, state.Options{AuditBytes: 1 << 16})
		if err != nil {
			t.Fatal(err)
		}
		at := step(rec)
		if rec.Damage != "" || at < acknowledged {
			t.Fatalf("kill %d: step %d, %d were acknowledged; damage %q", i, at, acknowledged, rec.Damage)
		}
		checkStep(t, at, rec, s)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		checkWithBolt(t, path)
		most = max(most, at-acknowledged)
	}
	t.Logf("%d steps acknowledged; up to %d more were on the disk", acknowledged, most)
	if kept := keptFiles(t, path); len(kept) > 1 || len(kept) == 1 && !strings.HasSuffix(kept[0], ".new") {
		t.Errorf("kept %q", kept)
	}
}

// checkStep says whether a state is exactly what it was after a step.
func checkStep(t *testing.T, at int, rec *state.Recovered, s *state.Store) {
	t.Helper()
	var bans, ended []netip.Prefix
	for i := max(1, at-alive+1); i <= at; i++ {
		bans = append(bans, numbered(i))
	}
	for i := max(1, at-2*alive+1); i <= at-alive; i++ {
		ended = append(ended, numbered(i))
	}
	if got := prefixes(rec.Bans); !slices.Equal(got, bans) {
		t.Fatalf("step %d: bans %v, want %v", at, got, bans)
	}
	if got := prefixes(rec.Ended); !slices.Equal(got, ended) {
		t.Fatalf("step %d: ended %v, want %v", at, got, ended)
	}
	list := events(t, s)
	for i, e := range list {
		n := at - len(list) + 1 + i
		if want := fmt.Sprintf(`%d {"n":%d}`, n, n); e != want {
			t.Fatalf("step %d: event %s, want %s", at, e, want)
		}
	}
}

func prefixes(bans []jail.Ban) (list []netip.Prefix) {
	for _, b := range bans {
		list = append(list, b.Prefix)
	}
	return list
}

// writeAndKill runs the child, kills it after a while and returns the last step that it acknowledged.
func writeAndKill(t *testing.T, path string, after time.Duration) (last int) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"=write "+path)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	timer := time.AfterFunc(after, func() { cmd.Process.Kill() })
	defer timer.Stop()
	for lines := bufio.NewScanner(out); lines.Scan(); {
		n, ok := strings.CutSuffix(lines.Text(), " <nil>")
		if last, err = strconv.Atoi(n); err != nil || !ok {
			t.Errorf("the child says %q", lines.Text())
		}
	}
	cmd.Wait()
	return last
}
