package state_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cidrx/agent/state"

	"github.com/google/go-cmp/cmp"
	"go.etcd.io/bbolt"
)

// held is what a state file holds.
type held struct {
	*state.Recovered
	audit []string
}

// filled makes a state file with enough in it for branches, overflow pages and free pages, and returns what it holds, and what it held
// before the last transaction.
func filled(t testing.TB, path string) (now, before held) {
	t.Helper()
	s, _, err := state.Open(path, state.Options{})
	if err != nil {
		t.Fatal(err)
	}
	m, want := maker{rand.New(rand.NewPCG(7, 7))}, newTwin()
	for range 60 {
		b := m.batch()
		b.Full = false
		before = held{want.recovered(), want.audit}
		want.save(b)
		s.Save(b, nil)
		runOnce(t, s)
		s, _, err = state.Open(path, state.Options{})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return held{want.recovered(), want.audit}, before
}

// checkWithBolt has bbolt itself check a file that we call whole.
func checkWithBolt(t *testing.T, path string) {
	t.Helper()
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{ReadOnly: true, PreLoadFreelist: true})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	err = db.View(func(tx *bbolt.Tx) error {
		for err := range tx.Check() {
			t.Errorf("bbolt says: %v", err)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// damaged opens a file that was made of a good one by damage and checks the promise: what is returned is what was saved, and where it is
// not all of it, the loss is named and the damaged file is kept.
func damaged(t *testing.T, what string, b []byte, want, before held) (lossless bool) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "state.db")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	s, got := open(t, path, state.Options{})
	trail := events(t, s.Store)
	s.save(state.Batch{Mode: &state.Mode{By: "after"}}) // it can be written to
	s.close()
	checkWithBolt(t, path)
	if strings.Contains(got.Damage, "the last save may be missing") && len(trail) < len(want.audit) {
		want = before
	}
	checkPart(t, what, "bans", got, want.Bans, got.Bans)
	checkPart(t, what, "ended bans", got, want.Ended, got.Ended)
	checkPart(t, what, "grace periods", got, want.Graces, got.Graces)
	checkPart(t, what, "allowlist", got, want.Allow, got.Allow)
	checkPart(t, what, "mode", got, want.Mode, got.Mode)
	checkPart(t, what, "log positions", got, want.Positions, got.Positions)
	checkPart(t, what, "audit trail", got, want.audit, trail)
	if got.Damage == "" {
		return true
	}
	kept, err := os.ReadFile(got.KeptAs)
	if err != nil || string(kept) != string(b) {
		t.Errorf("%s: not kept as it was: %v", what, err)
	}
	if !strings.Contains(got.Damage, got.KeptAs) || !strings.Contains(got.KeptAs, "state.db.corrupt-") {
		t.Errorf("%s: damage %q, kept as %q", what, got.Damage, got.KeptAs)
	}
	return len(got.Lost) == 0
}

func checkPart[V any](t *testing.T, what, part string, rec *state.Recovered, want, got V) {
	t.Helper()
	var none V
	if slices.Contains(rec.Lost, part) {
		want = none
	}
	if diff := difference(want, got); diff != "" {
		t.Errorf("%s: %s, damage %q (-want +got):\n%s", what, part, rec.Damage, diff)
	}
}

func TestDamage(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	want, before := filled(t, path)
	checkWithBolt(t, path)
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(3, 3))
	page := func() int { return r.IntN(len(good)/4096) * 4096 }
	lossless := 0
	for i := range 160 {
		b := slices.Clone(good)
		var what string
		switch i % 8 {
		case 0:
			at := r.IntN(len(b))
			b[at] ^= 1 << r.IntN(8)
			what = fmt.Sprintf("bit flipped at %d", at)
		case 1: // page headers and the elements behind them are where a flip does most
			at := page() + r.IntN(64)
			b[at] ^= byte(1 + r.IntN(255))
			what = fmt.Sprintf("byte changed at %d", at)
		case 2:
			n := r.IntN(len(b))
			b = b[:n]
			what = fmt.Sprintf("cut to %d bytes", n)
		case 3:
			at := page()
			clear(b[at : at+4096])
			what = fmt.Sprintf("zeros at %d", at)
		case 4:
			at := page()
			for k := range 4096 {
				b[at+k] = byte(r.IntN(256))
			}
			what = fmt.Sprintf("rubbish at %d", at)
		case 5:
			from, to := page(), page()
			copy(b[to:to+4096], good[from:from+4096])
			what = fmt.Sprintf("page at %d written to %d", from, to)
		case 6: // with the number that it is looked for under
			from, to := page(), page()
			copy(b[to+8:to+4096], good[from+8:from+4096])
			what = fmt.Sprintf("page at %d written to %d under its number", from, to)
		case 7:
			for range 50 {
				b[r.IntN(len(b))] = byte(r.IntN(256))
			}
			what = "50 bytes changed"
		}
		if damaged(t, fmt.Sprintf("%d: %s", i, what), b, want, before) {
			lossless++
		}
	}
	t.Logf("%d of 160 without any loss", lossless)
}

func TestNotAStateFile(t *testing.T) {
	rubbish := make([]byte, 100_000)
	for i := range rubbish {
		rubbish[i] = byte(rand.Uint32())
	}
	for _, c := range []struct {
		name string
		make func(path string) error
		why  string
	}{
		{"empty", func(path string) error { return os.WriteFile(path, nil, 0o600) }, "empty"},
		{"rubbish", func(path string) error { return os.WriteFile(path, rubbish, 0o600) }, "not a state file"},
		{"short", func(path string) error { return os.WriteFile(path, rubbish[:10], 0o600) }, "ends after 10 bytes"},
		{"a directory", func(path string) error { return os.MkdirAll(filepath.Join(path, "sub"), 0o700) }, "not a regular file"},
		{"a link to nothing", func(path string) error { return os.Symlink("/nonexistent/file", path) }, ""},
		{"another program's bbolt", func(path string) error {
			return withBolt(path, func(tx *bbolt.Tx) error {
				b, err := tx.CreateBucket([]byte("theirs"))
				return errors.Join(err, b.Put([]byte("k"), []byte("value")))
			})
		}, "format 0 instead of 1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "state.db")
			if err := c.make(path); err != nil {
				t.Fatal(err)
			}
			s, rec := open(t, path, state.Options{})
			s.save(sampleBatch())
			s.close()
			if c.why != "" && (!strings.Contains(rec.Damage, c.why) || len(rec.Lost) != 7) {
				t.Errorf("damage %q, lost %q", rec.Damage, rec.Lost)
			}
			_, rec = open(t, path, state.Options{})
			if diff := cmp.Diff(sampleRecovered(), rec, equal); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func withBolt(path string, fn func(*bbolt.Tx) error) error {
	db, err := bbolt.Open(path, 0o600, nil)
	if err != nil {
		return err
	}
	return errors.Join(db.Update(fn), db.Close())
}
