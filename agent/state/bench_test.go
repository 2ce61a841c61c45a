package state_test

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"cidrx/agent/jail"
	"cidrx/agent/state"
	"cidrx/agent/tail"
	"cidrx/detect"
)

// ordinary is a ban as a strategy makes it, with the lines that a web server logs.
func ordinary(p netip.Prefix) jail.Ban {
	line := fmt.Sprintf(`%s - - [21/Nov/2026:20:15:00 +0000] "GET /wp-login.php HTTP/1.1" 404 153 "-" "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36"`, p.Addr())
	return jail.Ban{
		Prefix: p, Start: day, Until: day.Add(time.Hour), Reasons: []string{`strategy "botnet", tier 1 [600,16,25,0.06]`},
		Evidence: detect.Evidence{Requests: 1234, Hosts: 1, Share: 0.0625, First: day, Last: day, Samples: []string{line, line}},
	}
}

// manyBans are n hosts and n/9 networks.
func manyBans(hosts, networks int) (s jail.Snapshot) {
	for i := range networks {
		s.Bans = append(s.Bans, ordinary(netip.PrefixFrom(netip.AddrFrom4([4]byte{11, byte(i >> 8), byte(i), 0}), 24)))
	}
	for i := range hosts {
		s.Bans = append(s.Bans, ordinary(netip.PrefixFrom(netip.AddrFrom4([4]byte{100, byte(i >> 16), byte(i >> 8), byte(i)}), 32)))
	}
	return s
}

// fill makes a state file with the bans and so many bytes of audit trail.
func fill(b *testing.B, path string, s jail.Snapshot, audit int) {
	b.Helper()
	store, _, err := state.Open(path, state.Options{AuditBytes: 1 << 40})
	if err != nil {
		b.Fatal(err)
	}
	store.Save(state.Full(s), nil)
	runOnce(b, store)
	r := rand.New(rand.NewPCG(1, 1))
	for done := 0; done < audit; {
		store, _, err := state.Open(path, state.Options{AuditBytes: 1 << 40})
		if err != nil {
			b.Fatal(err)
		}
		batch := state.Batch{}
		for range min(10000, 1+(audit-done)/600) {
			json := fmt.Appendf(nil, `{"at":"2026-11-21T20:15:00Z","event":"ban","prefix":"100.1.2.3/32","samples":["%0600d"]}`, r.Uint64())
			done += len(json)
			batch.Audit = append(batch.Audit, state.Event{At: time.Now(), JSON: json})
		}
		store.Save(batch, nil)
		runOnce(b, store)
	}
}

func BenchmarkOpen(b *testing.B) {
	for _, c := range []struct {
		name            string
		hosts, networks int
		audit           int
	}{
		{"empty", 0, 0, 0},
		{"100000 bans", 90_000, 10_000, 0},
		{"100000 bans and 64 MiB of audit trail", 90_000, 10_000, 64 << 20},
	} {
		b.Run(c.name, func(b *testing.B) {
			path := filepath.Join(b.TempDir(), "state.db")
			fill(b, path, manyBans(c.hosts, c.networks), c.audit)
			info, err := os.Stat(path)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				s, rec, err := state.Open(path, state.Options{})
				if err != nil || len(rec.Bans) != c.hosts+c.networks || rec.Damage != "" {
					b.Fatal(err, len(rec.Bans), rec.Damage)
				}
				s.Close()
			}
			b.ReportMetric(float64(info.Size())/(1<<20), "MiB")
		})
	}
}

// BenchmarkSave is one ban and its event to the disk and back, alone and in a large state.
func BenchmarkSave(b *testing.B) {
	for _, hosts := range []int{0, 90_000} {
		b.Run(fmt.Sprint("beside ", hosts, " bans"), func(b *testing.B) {
			path := filepath.Join(b.TempDir(), "state.db")
			fill(b, path, manyBans(hosts, hosts/9), 0)
			s, _, err := state.Open(path, state.Options{})
			if err != nil {
				b.Fatal(err)
			}
			r := &running{Store: s, done: make(chan error, 1)}
			go func() { r.done <- s.Run(b.Context()) }()
			done := make(chan error, 1)
			i := uint32(0)
			b.ReportAllocs()
			for b.Loop() {
				i += 0x9E3779B9
				ban := ordinary(netip.PrefixFrom(netip.AddrFrom4([4]byte{byte(i >> 24), byte(i >> 16), byte(i >> 8), byte(i)}), 32))
				s.Save(state.Batch{
					Bans:      []state.Change[jail.Ban]{state.Put(ban.Prefix, ban)},
					Positions: map[string][]tail.Position{"web": {{Path: "/var/log/nginx/access.log", Offset: int64(i)}}},
					Audit:     []state.Event{{At: day, JSON: []byte(`{"at":"2026-11-21T20:15:00Z","event":"ban","prefix":"100.1.2.3/32"}`)}},
				}, func(err error) { done <- err })
				if err := <-done; err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkSaveFull is the full picture of 100,000 bans: what the caller spends, and all of it.
func BenchmarkSaveFull(b *testing.B) {
	s, _, err := state.Open(filepath.Join(b.TempDir(), "state.db"), state.Options{})
	if err != nil {
		b.Fatal(err)
	}
	go s.Run(b.Context())
	bans := manyBans(90_000, 10_000)
	done := make(chan error, 1)
	var caller time.Duration
	for b.Loop() {
		begin := time.Now()
		s.Save(state.Full(bans), func(err error) { done <- err })
		caller += time.Since(begin)
		if err := <-done; err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(caller.Milliseconds())/float64(b.N), "ms/caller")
}
