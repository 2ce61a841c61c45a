package state_test

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cidrx/agent/jail"
	"cidrx/agent/state"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// numbered is the i-th host with a ban.
func numbered(i int) netip.Prefix {
	return netip.PrefixFrom(netip.AddrFrom4([4]byte{100, byte(i >> 16), byte(i >> 8), byte(i)}), 32)
}

func banBatch(i int) state.Batch {
	ban := sampleBan(numbered(i).String())
	return state.Batch{Bans: []state.Change[jail.Ban]{state.Put(ban.Prefix, ban)}, Audit: []state.Event{{At: day, JSON: fmt.Appendf(nil, `{"n":%d}`, i)}}}
}

// A disk that is full while the agent runs, and again: every batch is answered with that, and is on the disk when there is room again.
func TestDiskFull(t *testing.T) {
	if !inOwnMounts(t) {
		return
	}
	dir := t.TempDir()
	mount(t, "tmpfs", dir, "tmpfs", 0, "size=4m")
	path, filler := filepath.Join(dir, "state.db"), filepath.Join(dir, "filler")
	s, _ := open(t, path, state.Options{})
	i := 0
	for range 3 {
		for range 50 {
			s.save(banBatch(i))
			i++
		}
		fillDisk(t, filler)
		var err error
		for err == nil { // pages that are free within the file may still do
			err = s.try(banBatch(i))
			i++
		}
		if !errors.Is(err, unix.ENOSPC) || !strings.Contains(err.Error(), "df -h") {
			t.Fatalf("error %v", err)
		}
		if s.Err() == nil || s.Saved() >= uint64(i) {
			t.Errorf("all is well: %v, %d of %d saved", s.Err(), s.Saved(), i)
		}
		for range 20 {
			if err := s.try(banBatch(i)); err == nil {
				t.Error("acknowledged on a full disk")
			}
			i++
		}
		if err := os.Remove(filler); err != nil {
			t.Fatal(err)
		}
		until(t, "the state is saved", func() bool { return s.Saved() == uint64(i) && s.Err() == nil })
	}
	if err := s.close(); err != nil {
		t.Fatal(err)
	}
	checkWithBolt(t, path)
	s, rec := open(t, path, state.Options{})
	if len(rec.Bans) != i || rec.Damage != "" || len(events(t, s.Store)) != i {
		t.Errorf("%d bans and %d events of %d; damage %q", len(rec.Bans), len(events(t, s.Store)), i, rec.Damage)
	}
}

// A disk that is full already when the agent starts, without a state or with a damaged one.
func TestDiskFullAtTheStart(t *testing.T) {
	if !inOwnMounts(t) {
		return
	}
	for _, damage := range []bool{false, true} {
		dir := t.TempDir()
		mount(t, "tmpfs", dir, "tmpfs", 0, "size=4m")
		path, filler := filepath.Join(dir, "state.db"), filepath.Join(dir, "filler")
		want := &state.Recovered{}
		if damage {
			s, _ := open(t, path, state.Options{})
			s.save(sampleBatch())
			s.close()
			hit(t, path, `{"event":"ban"}`)
			want = sampleRecovered()
			want.Lost = []string{"audit trail"}
		}
		fillDisk(t, filler)
		s, rec := open(t, path, state.Options{})
		want.Damage = rec.Damage
		if diff := cmp.Diff(want, rec, equal); diff != "" || damage != (rec.Damage != "") {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if err := s.try(banBatch(1)); !errors.Is(err, unix.ENOSPC) {
			t.Errorf("error %v", err)
		}
		os.Remove(filler)
		<-s.Wanted()
		full := sampleBatch()
		full.Full = true
		s.save(full)
		if s.Err() != nil || s.Saved() != 2 {
			t.Errorf("%v, %d saved", s.Err(), s.Saved())
		}
		s.close()
		_, rec = open(t, path, state.Options{})
		if diff := cmp.Diff(sampleRecovered(), rec, equal); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if kept := keptFiles(t, path); len(kept) > 1 {
			t.Errorf("kept %q", kept)
		}
	}
}

// hit changes a byte within text, which is in the file.
func hit(t *testing.T, path, text string) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for rest := b; ; n++ {
		at := strings.Index(string(rest), text)
		if at < 0 {
			break
		}
		rest[at+len(text)/2] ^= 1
		rest = rest[at+len(text):]
	}
	if err := os.WriteFile(path, b, 0o600); err != nil || n == 0 {
		t.Fatal(n, err)
	}
}

// A file system that is mounted read-only: the agent has its bans, says that it cannot save, and goes on when it is writable again.
func TestReadOnlyFileSystem(t *testing.T) {
	if !inOwnMounts(t) {
		return
	}
	dir := t.TempDir()
	mount(t, "tmpfs", dir, "tmpfs", 0, "size=4m")
	path := filepath.Join(dir, "state.db")
	s, _ := open(t, path, state.Options{})
	s.save(sampleBatch())
	s.close()
	mount(t, "", dir, "", unix.MS_REMOUNT|unix.MS_RDONLY, "size=4m")
	s, rec := open(t, path, state.Options{})
	if diff := cmp.Diff(sampleRecovered(), rec, equal); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if err := s.try(banBatch(1)); !errors.Is(err, unix.EROFS) || !strings.Contains(s.Err().Error(), "findmnt") {
		t.Errorf("error %v, %v", err, s.Err())
	}
	mount(t, "", dir, "", unix.MS_REMOUNT, "size=4m")
	until(t, "the state is saved", func() bool { return s.Saved() == 1 })
	if got := events(t, s.Store); len(got) != 3 {
		t.Errorf("events %q", got)
	}
	s.close()
	if _, rec = open(t, path, state.Options{}); len(rec.Bans) != 3 || rec.Damage != "" {
		t.Errorf("%d bans, damage %q", len(rec.Bans), rec.Damage)
	}
}

// What another user has left: the error says what to do, and what can be taken over is.
func TestPermissions(t *testing.T) {
	if !inOwnMounts(t) {
		return
	}
	const nobody = 65534
	mount(t, "tmpfs", "/tmp", "tmpfs", 0, "") // the directories above belong to root
	for _, c := range []struct {
		name                string
		dirOwner            int
		fileMode            os.FileMode
		err, damage         string
		bans, keptFilesWant int
	}{
		{"directory of root", 0, 0o644, "chown", "", 0, 0},
		{"file that cannot be read", nobody, 0o600, "", "permission denied", 0, 1},
		{"file that can only be read", nobody, 0o644, "", "", 2, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir, err := os.MkdirTemp("/tmp", "state")
			if err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(dir, "state.db")
			s, _ := open(t, path, state.Options{})
			s.save(sampleBatch())
			s.close()
			if err := errors.Join(os.Chmod(path, c.fileMode), os.Chown(dir, c.dirOwner, 0), os.Chmod(dir, 0o755)); err != nil {
				t.Fatal(err)
			}
			as(t, nobody, func() {
				s, rec, err := state.Open(path, state.Options{})
				if c.err != "" {
					if err == nil || !strings.Contains(err.Error(), c.err) {
						t.Errorf("error %v", err)
					}
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				defer s.Close()
				if !strings.Contains(rec.Damage, c.damage) || (c.damage == "") != (rec.Damage == "") || len(rec.Bans) != c.bans {
					t.Errorf("damage %q, %d bans", rec.Damage, len(rec.Bans))
				}
				if kept := keptFiles(t, path); len(kept) != c.keptFilesWant {
					t.Errorf("kept %q", kept)
				}
			})
		})
	}
}
