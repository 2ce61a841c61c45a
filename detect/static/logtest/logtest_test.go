package logtest_test

import (
	"bytes"
	"net/netip"
	"testing"

	"cidrx/detect/parse"
	"cidrx/detect/static/logtest"
)

func TestLogsAreWhatTheyClaim(t *testing.T) {
	for name, c := range map[string]struct {
		o      logtest.Options
		preset string
		length [2]int // of a line, on the average
	}{
		"combined": {logtest.Options{Lines: 40_000, Addresses: 10_000}, "combined", [2]int{190, 215}},
		"caddy":    {logtest.Options{Lines: 20_000, Addresses: 4_000, Format: logtest.Caddy, Seed: 7}, "caddy", [2]int{800, 1100}},
	} {
		t.Run(name, func(t *testing.T) {
			log := logtest.New(c.o)
			var text, again bytes.Buffer
			if n, err := log.WriteTo(&text); err != nil || n != int64(text.Len()) {
				t.Fatalf("wrote %d, says %d: %v", text.Len(), n, err)
			}
			if _, err := logtest.New(c.o).WriteTo(&again); err != nil || !bytes.Equal(text.Bytes(), again.Bytes()) {
				t.Fatalf("the same options made another log: %v", err)
			}
			if mean := text.Len() / c.o.Lines; mean < c.length[0] || mean > c.length[1] {
				t.Errorf("lines have %d bytes on the average, want %v", mean, c.length)
			}
			hosts := clients(t, text.Bytes(), c.preset)
			if len(hosts) != c.o.Addresses {
				t.Errorf("%d hosts, want %d", len(hosts), c.o.Addresses)
			}
			checkShares(t, log, hosts, c.o.Lines)
		})
	}
}

// clients counts the requests of each host, and wants every line to parse.
func clients(t *testing.T, text []byte, preset string) map[netip.Prefix]int {
	t.Helper()
	parser, err := parse.New(preset, parse.Options{})
	if err != nil {
		t.Fatal(err)
	}
	hosts := map[netip.Prefix]int{}
	var arena parse.Arena
	for line := range bytes.Lines(text) {
		var ev parse.Event
		if err := parser.Parse(bytes.TrimSuffix(line, []byte{'\n'}), &ev, &arena); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		if at := ev.Time; at.Before(logtest.Start) || !at.Before(logtest.Start.Add(logtest.Length)) {
			t.Fatalf("the time is out of the log's: %s", line)
		}
		bits := 32
		if ev.Client.Is6() {
			bits = 64
		}
		hosts[netip.PrefixFrom(ev.Client, bits).Masked()]++
		arena.Reset()
	}
	return hosts
}

func checkShares(t *testing.T, log *logtest.Log, hosts map[netip.Prefix]int, lines int) {
	t.Helper()
	six := 0
	for h := range hosts {
		if h.Addr().Is6() {
			six++
		}
	}
	if share := float64(six) / float64(len(hosts)); share < 0.02 || share > 0.05 {
		t.Errorf("%.3f of the hosts are IPv6, want 0.02 to 0.05", share)
	}
	for _, b := range log.Botnets {
		if b.Prefix.Bits() == 0 {
			continue
		}
		requests, bots := 0, 0
		for h, n := range hosts {
			if b.Prefix.Contains(h.Addr()) {
				requests, bots = requests+n, bots+1
			}
		}
		if share := float64(requests) / float64(lines); bots < b.Hosts || share < 0.7*b.Share || share > 1.4*b.Share {
			t.Errorf("%s: %d hosts with %.4f of the requests, want %d with about %.4f", b.Prefix, bots, share, b.Hosts, b.Share)
		}
	}
}

func BenchmarkWrite(b *testing.B) {
	log := logtest.New(logtest.Options{Lines: 200_000, Addresses: 20_000})
	for b.Loop() {
		n, _ := log.WriteTo(discard{})
		b.SetBytes(n)
	}
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }
