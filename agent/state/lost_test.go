package state_test

import (
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cidrx/agent/jail"
	"cidrx/agent/state"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// What somebody does to the file while the agent runs. The store asks for the full picture, and nothing is missing at the next start.
func TestLostWhileRunning(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func(path string) error
		kept int
	}{
		{"removed", os.Remove, 0},
		{"directory emptied and a backup put back", func(path string) error {
			return errors.Join(os.Rename(path, path+".x"), copyFile(path+".x", path), os.Remove(path+".x"))
		}, 1},
		{"cut short", func(path string) error { return os.Truncate(path, 8192) }, 1},
		{"written over", func(path string) error {
			f, err := os.OpenFile(path, os.O_WRONLY, 0)
			if err != nil {
				return err
			}
			_, err = f.WriteAt(make([]byte, 32<<10), 0)
			return errors.Join(err, f.Close())
		}, 1},
		{"emptied", func(path string) error { return os.Truncate(path, 0) }, 1},
		{"replaced by rubbish", func(path string) error {
			return errors.Join(os.Remove(path), os.WriteFile(path, []byte(strings.Repeat("rubbish", 10000)), 0o600))
		}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "state.db")
			s, _ := open(t, path, state.Options{})
			s.save(sampleBatch())
			if err := c.do(path); err != nil {
				t.Fatal(err)
			}
			ban := sampleBan("10.0.0.0/8")
			if err := s.try(state.Batch{Bans: []state.Change[jail.Ban]{state.Put(ban.Prefix, ban)}}); err == nil {
				t.Error("a batch was acknowledged that is in a file by itself")
			}
			if s.Err() == nil {
				t.Error("all is well")
			}
			select {
			case <-s.Wanted():
			case <-time.After(time.Minute):
				t.Fatal("the full picture was not asked for")
			}
			full := sampleBatch()
			full.Full = true
			full.Bans = append(full.Bans, state.Put(ban.Prefix, ban))
			s.save(full)
			if err := s.Err(); err != nil {
				t.Error(err)
			}
			if got := events(t, s.Store); len(got) < 2 || got[0] != `3 {"event":"ban"}` {
				t.Errorf("events %q: numbers are never used twice", got)
			}
			s.close()
			_, rec := open(t, path, state.Options{})
			want := sampleRecovered()
			want.Bans = append([]jail.Ban{ban}, want.Bans...)
			if diff := cmp.Diff(want, rec, equal); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if got := keptFiles(t, path); len(got) != c.kept {
				t.Errorf("kept aside: %q, want %d", got, c.kept)
			}
		})
	}
}

func copyFile(from, to string) error {
	b, err := os.ReadFile(from)
	return errors.Join(err, os.WriteFile(to, b, 0o600))
}

// keptFiles lists what was kept aside.
func keptFiles(t *testing.T, path string) []string {
	t.Helper()
	list, err := filepath.Glob(path + ".*")
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestInUse(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	s, _ := open(t, path, state.Options{})
	s.save(sampleBatch())
	_, _, err := state.Open(path, state.Options{})
	if !errors.Is(err, state.ErrInUse) || !strings.Contains(err.Error(), "systemctl stop") {
		t.Errorf("second agent: %v", err)
	}
	if got := keptFiles(t, path); len(got) != 0 {
		t.Errorf("kept aside: %q", got)
	}
	s.close()
	if _, rec := open(t, path, state.Options{}); len(rec.Bans) != 2 {
		t.Errorf("%d bans", len(rec.Bans))
	}
}

// A tool that looks into the file is no damage.
func TestToolHasItOpen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	s, _ := open(t, path, state.Options{})
	s.save(sampleBatch())
	s.close()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	if _, _, err := state.Open(path, state.Options{}); !errors.Is(err, state.ErrInUse) || !strings.Contains(err.Error(), "fuser") {
		t.Errorf("error %v", err)
	}
	f.Close()
	if _, rec := open(t, path, state.Options{}); len(rec.Bans) != 2 || len(keptFiles(t, path)) != 0 {
		t.Errorf("%d bans, kept %q", len(rec.Bans), keptFiles(t, path))
	}
}

// The state may be linked to another disk; it stays there, whatever has to be written anew.
func TestSymbolicLink(t *testing.T) {
	dir := t.TempDir()
	path, target := filepath.Join(dir, "here", "state.db"), filepath.Join(dir, "there", "real.db")
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.MkdirAll(filepath.Dir(target), 0o700), os.WriteFile(target, []byte("damaged"), 0o600), os.Symlink(target, path)); err != nil {
		t.Fatal(err)
	}
	s, rec := open(t, path, state.Options{})
	s.save(sampleBatch())
	s.close()
	if !strings.HasPrefix(rec.KeptAs, target+".corrupt-") {
		t.Errorf("kept as %s", rec.KeptAs)
	}
	if to, err := os.Readlink(path); err != nil || to != target || size(t, target) < 4096 {
		t.Errorf("link to %s, %v", to, err)
	}
}

func TestDirectoryThatCannotBe(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, _, err := state.Open(filepath.Join(dir, "file", "state.db"), state.Options{})
	if err == nil || !strings.Contains(err.Error(), "agent.stateDir") {
		t.Errorf("error %v", err)
	}
}

// The limits of the disk, of memory, and of what waits for it: a disk that fails for long costs the oldest events, which are counted,
// and the bans come from the full picture.
func TestTooMuchToKeep(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "state.db")
	s, _ := open(t, path, state.Options{})
	s.save(sampleBatch())
	if err := errors.Join(os.Rename(path, path+".away"), os.Mkdir(path, 0o700), os.WriteFile(filepath.Join(path, "in the way"), nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	ban := sampleBan("10.0.0.0/8")
	ban.Evidence.Samples = []string{strings.Repeat("x", 4096)}
	for i := range 1 << 14 {
		p := netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(i >> 8), byte(i), 1}), 32)
		s.Save(state.Batch{Bans: []state.Change[jail.Ban]{state.Put(p, ban)}, Audit: []state.Event{{At: day, JSON: make([]byte, 2048)}}}, nil)
	}
	select {
	case <-s.Wanted():
	case <-time.After(time.Minute):
		t.Fatal("the full picture was not asked for")
	}
	full := sampleBatch()
	full.Full, full.Audit = true, nil
	s.save(full)
	c := s.Counts()
	if c.AuditDropped == 0 || c.AuditDropped+c.AuditEvents != 1<<14 {
		t.Errorf("%d events dropped, %d held, of %d", c.AuditDropped, c.AuditEvents, 1<<14)
	}
	s.close()
	_, rec := open(t, path, state.Options{})
	if diff := cmp.Diff(sampleRecovered(), rec, equal); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
