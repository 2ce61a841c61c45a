package parse_test

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"cidrx/detect/parse"
)

// TestQuickIPv4 compares with the plain scan: all octets in every place, and near misses.
func TestQuickIPv4(t *testing.T) { parse.EachProcessor(t, testQuickIPv4) }

func testQuickIPv4(t *testing.T) {
	r := rand.New(rand.NewPCG(15, 16))
	check := func(s string, must bool) {
		t.Helper()
		b := []byte(s + " - - [10/Dec/2024:00:00:19 +0700]")
		want, m := parse.ScanIPv4(b)
		for _, quick := range []func([]byte) (uint32, int){parse.QuickIPv4, parse.SwarIPv4} {
			if ip, n := quick(b); (n != 0 || must) && (ip != want || n != m) {
				t.Fatalf("%q: %x, %d; want %x, %d", s, ip, n, want, m)
			}
		}
		if ip, ok := parse.QuickAddr(b, len(s)); (ok || must && m == len(s)) && (ip != want || !ok || m != len(s)) {
			t.Fatalf("%q as a whole: %x, %v; want %x, %d", s, ip, ok, want, m)
		}
	}
	for i := range 1000 {
		for place := range 4 {
			o := [4]string{"1", "22", "133", "0"}
			o[place] = strconv.Itoa(i)
			check(fmt.Sprintf("%s.%s.%s.%s", o[0], o[1], o[2], o[3]), true)
			o[place] = "0" + o[place]
			check(fmt.Sprintf("%s.%s.%s.%s", o[0], o[1], o[2], o[3]), true)
		}
	}
	for range 50_000 {
		check(fmt.Sprintf("%d.%d.%d.%d", r.IntN(256), r.IntN(256), r.IntN(256), r.IntN(256)), true)
		b := make([]byte, r.IntN(18))
		for i := range b {
			b[i] = "0125679...: /\xff\xb0-a"[r.IntN(17)]
		}
		check(string(b), false)
	}
	for _, s := range []string{"", "1111111111111111", "111111111111111.", "1.1.1.1", "...", "....", "1.1.1.", "255.255.255.255", "255.255.255.2555", "1.2.3.4.5", "1.2.3.4\xff"} {
		check(s, false)
	}
}

// TestQuickIPv6 compares with netip.ParseAddr: all ways to write many addresses, and near misses.
func TestQuickIPv6(t *testing.T) {
	r := rand.New(rand.NewPCG(19, 20))
	good, bad := 0, 0
	check := func(s string) {
		t.Helper()
		b := append(append([]byte(s), " - - [10/Dec/2024:00:00:19 +0700]"...), make([]byte, 48)...)
		hi, lo, ok := parse.QuickIPv6(b, len(s))
		want, err := netip.ParseAddr(s)
		if err == nil && (want.Zone() != "" || strings.Contains(s, ".")) {
			if ok {
				t.Fatalf("%q is read", s)
			}
			return
		}
		if ok != (err == nil) {
			t.Fatalf("%q: %v, but %v", s, ok, err)
		}
		if !ok {
			bad++
			return
		}
		good++
		if raw := want.As16(); hi != binary.BigEndian.Uint64(raw[:8]) || lo != binary.BigEndian.Uint64(raw[8:]) {
			t.Fatalf("%q: %x %x, want %x", s, hi, lo, raw)
		}
	}
	for range 200_000 {
		var parts []string
		for range 1 + r.IntN(9) {
			parts = append(parts, fmt.Sprintf([]string{"%x", "%X", "%04x", "%x", "%x"}[r.IntN(5)], r.UintN(1<<(1+r.IntN(17)))))
			if r.IntN(7) == 0 {
				parts = append(parts, "")
			}
		}
		s := strings.Join(parts, ":")
		switch r.IntN(12) {
		case 0:
			s = "::" + s
		case 1:
			s += "::"
		case 2:
			s = ":" + s
		case 3:
			at := r.IntN(len(s) + 1)
			s = s[:at] + string("g:/@`%.G\xff\xba 0"[r.IntN(12)]) + s[at:]
		}
		check(s)
	}
	for _, s := range []string{"", ":", "::", ":::", "::1", "1::", "1:", "1::2::3", "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7::", "::2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8::",
		"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffff", "::ffff:102:304", "::ffff:1.2.3.4", "fe80::1%eth0", "1.2.3.4", "12345::", "1:2:3:4::5:6:7:8"} {
		check(s)
	}
	if good < 20_000 || bad < 20_000 {
		t.Errorf("%d addresses, %d that are none: the comparison says little", good, bad)
	}
}

func BenchmarkQuickIPv4(b *testing.B) {
	r := rand.New(rand.NewPCG(15, 16))
	var lines [256][]byte
	for i := range lines {
		lines[i] = fmt.Appendf(nil, "%d.%d.%d.%d - - [10/Dec/2024:00:00:19 +0700]", r.IntN(256), r.IntN(256), r.IntN(256), r.IntN(256))
	}
	for name, quick := range map[string]func([]byte) (uint32, int){"quick": parse.QuickIPv4, "swar": parse.SwarIPv4} {
		b.Run(name, func(b *testing.B) {
			i := 0
			for b.Loop() {
				quick(lines[i&255])
				i++
			}
		})
	}
}

// TestBriefNumbers compares with a regular expression: each byte in each place of a status, and random ones.
func TestBriefNumbers(t *testing.T) {
	r := rand.New(rand.NewPCG(21, 22))
	shape := regexp.MustCompile(`^ ([0-9]{3}) (-|[0-9]{1,18}) $`)
	check := func(s string) {
		t.Helper()
		got, ok := parse.BriefNumbers([]byte(s + `"-" "-"`)[:len(s)])
		parts := shape.FindStringSubmatch(s)
		if ok != (parts != nil) || ok && fmt.Sprintf("%03d", got) != parts[1] {
			t.Fatalf("%q: %d, %v; want %q", s, got, ok, parts)
		}
	}
	for _, usual := range []string{" 200 5 ", " 999 - ", " 000 1234567 ", " 404 123456789012345678 "} {
		for at := range usual {
			for c := range 256 {
				check(usual[:at] + string([]byte{byte(c)}) + usual[at+1:])
			}
			check(usual[:at])
			check(usual[:at] + usual[at+1:])
		}
	}
	for range 50_000 {
		b := []byte(" 200 12345 ")[:r.IntN(12)]
		for range r.IntN(4) {
			if len(b) > 0 {
				b[r.IntN(len(b))] = "0129:/ -\xff\x00\xfa\x2a"[r.IntN(12)]
			}
		}
		check(string(b))
	}
}

func TestAllDigits(t *testing.T) {
	r := rand.New(rand.NewPCG(17, 18))
	for range 50_000 {
		b := make([]byte, r.IntN(20), 20)
		want := len(b) > 0 && len(b) <= 18
		for i := range b {
			b[i] = "0123456789"[r.IntN(10)]
			if r.IntN(30) == 0 {
				b[i] = "/:\x00\xb5 -"[r.IntN(6)]
				want = false
			}
		}
		if got := parse.AllDigits(b); got != want {
			t.Fatalf("%q: %v, want %v", b, got, want)
		}
		if got := parse.AllDigits(b[:len(b):len(b)]); got != want {
			t.Fatalf("%q alone: %v, want %v", b, got, want)
		}
	}
}
