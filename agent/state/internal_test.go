package state

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"math"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"cidrx/agent/jail"
	"cidrx/detect"

	"github.com/google/go-cmp/cmp"
)

// A mapped file that becomes shorter makes reading it a SIGBUS, which would end the agent.
func TestProtect(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, make([]byte, 1<<16), 0o600); err != nil {
		t.Fatal(err)
	}
	m, err := mapFile(path)
	if err != nil {
		t.Fatal(err)
	}
	defer m.close()
	if err := os.Truncate(path, 0); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		do   func() error
	}{
		{"SIGBUS", func() error { return errors.New(string(m.b[1<<15 : 1<<15+1])) }},
		{"SIGSEGV", func() error { return errors.New(string(*(*byte)(nil))) }},
		{"panic", func() error { panic("assertion failed") }},
	} {
		if err := protect(c.do); !errors.As(err, new(*faultError)) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// A newer program's file is nothing to guess at, and nothing to destroy either.
func TestNewerFormat(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	s, _, err := Open(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.file.update(func(b *book) error { return b.putMeta(formatKey, []byte{format + 1}) })
	if err := errors.Join(err, s.Close()); err != nil {
		t.Fatal(err)
	}
	s, rec, err := Open(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(rec.KeptAs, path+".newer-") || !strings.Contains(rec.Damage, "format 2 instead of 1") || len(rec.Lost) != int(tables) {
		t.Errorf("%+v", rec)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func TestLockOwner(t *testing.T) {
	const locks = `1: POSIX  ADVISORY  WRITE 11 fe:00:4711 0 EOF
2: FLOCK  ADVISORY  WRITE 12 fe:01:4711 0 EOF
3: FLOCK  ADVISORY  WRITE 13 fe:00:4711 0 EOF
3: -> FLOCK  ADVISORY  WRITE 14 fe:00:4711 0 EOF
4: FLOCK  ADVISORY  WRITE 0 fe:00:4712 0 EOF
5: FLOCK`
	for ino, want := range map[uint64]string{4711: "13", 4712: "", 4713: ""} {
		if got := lockOwner(locks, 0xfe, 0, ino); got != want {
			t.Errorf("owner of %d: %q, want %q", ino, got, want)
		}
	}
}

// The file outlives the program: what was written once must be read for ever.
func TestBanRecordStaysReadable(t *testing.T) {
	ban := jail.Ban{
		Prefix: netip.MustParsePrefix("198.51.100.0/24"), Except: []netip.Prefix{netip.MustParsePrefix("198.51.100.7/32"), netip.MustParsePrefix("2001:db8::/64")},
		Start: time.Unix(1795292100, 5).UTC(), Until: time.Unix(1795295700, 0).UTC(), Stage: 3, Origin: jail.Manual, Reasons: []string{"r1", "r2"}, By: "alice",
		Evidence: detect.Evidence{Requests: 600, Hosts: 64, Share: 0.5, First: time.Unix(1795292000, 0).UTC(), Last: time.Unix(1795292099, 0).UTC(), Samples: []string{"line"}},
		Observed: true, Leaked: true, Ended: true, Ending: jail.ByTime, Next: 4,
	}
	key, value := prefixKey(ban.Prefix), appendBan(nil, &ban)
	const wantKey = "04c633640018"
	const wantValue = "010d010688ef8fb00d05a8a790b00d0005616c696365020272310272320204c6336407200620010db800000000000000000000000040" +
		"d8048001000000000000e03fc0ed8fb00d0086ef8fb00d0001046c696e65106974732074696d65206973206f76657208"
	if got := hex.EncodeToString(key); got != wantKey {
		t.Errorf("key %s", got)
	}
	if got := hex.EncodeToString(value); got != wantValue {
		t.Errorf("value %s", got)
	}
	for _, h := range []string{wantValue} { // older versions stay here when there are newer ones
		b, err := hex.DecodeString(h)
		if err != nil {
			t.Fatal(err)
		}
		got, err := decodeBan(key, b)
		if diff := cmp.Diff(ban, got, cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })); diff != "" || err != nil {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
	}
}

// Whatever the bytes are, decoding ends with an error or with a ban that encodes to something that decodes to it.
func FuzzDecodeBan(f *testing.F) {
	ban := jail.Ban{Prefix: netip.MustParsePrefix("2001:db8::/32"), Start: time.Unix(1, 2), Reasons: []string{"a", ""}, Evidence: detect.Evidence{Share: math.Inf(1), Samples: []string{"x"}}}
	f.Add(prefixKey(ban.Prefix), appendBan(nil, &ban))
	f.Add([]byte{4, 1, 2, 3, 4, 33}, []byte{1, 0, 0, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80})
	f.Fuzz(func(t *testing.T, key, value []byte) {
		ban, err := decodeBan(key, value)
		if err != nil {
			return
		}
		again, err := decodeBan(prefixKey(ban.Prefix), appendBan(nil, &ban))
		if math.IsNaN(ban.Evidence.Share) {
			ban.Evidence.Share, again.Evidence.Share = 0, 0
		}
		if err != nil || !reflect.DeepEqual(ban, again) {
			t.Errorf("%+v became %+v, %v", ban, again, err)
		}
	})
}

// Whatever the file is, reading it ends, without a panic even where nothing protects it.
func FuzzRead(f *testing.F) {
	path := filepath.Join(f.TempDir(), "state.db")
	s, _, err := Open(path, Options{})
	if err != nil {
		f.Fatal(err)
	}
	big := jail.Ban{Reasons: []string{strings.Repeat("x", 900)}}
	b := Batch{Mode: &Mode{Enforce: true}}
	for i := range 12 {
		big.Prefix = netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(i)}), 32)
		b.Bans = append(b.Bans, Put(big.Prefix, big))
		b.Audit = append(b.Audit, Event{JSON: bytes.Repeat([]byte("e"), 500*i)})
	}
	s.Save(b, nil)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := errors.Join(s.Run(ctx), s.Close()); err != nil {
		f.Fatal(err)
	}
	file, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(uint32(0), []byte{}, uint32(0), []byte{})
	for page := range uint32(len(file) / 4096) {
		f.Add(page*4096+8, []byte{2, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0}, page*4096+20, []byte{0xFF, 0xFF, 0xFF, 0xFF, 1, 0, 0, 0})
	}
	// The fuzzer patches a good file: it would not find the two checksums in the headers.
	f.Fuzz(func(t *testing.T, at1 uint32, patch1 []byte, at2 uint32, patch2 []byte) {
		b := bytes.Clone(file)
		copy(b[int(at1)%len(b):], patch1)
		copy(b[int(at2)%len(b):], patch2)
		c, err := read(b)
		if err != nil || c.broken() != nil {
			return
		}
		if len(c.Bans) != 12 || c.Mode == nil || !c.Mode.Enforce {
			t.Errorf("%d bans, mode %v, and nothing wrong", len(c.Bans), c.Mode)
		}
	})
}
