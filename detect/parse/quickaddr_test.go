package parse_test

import (
	"fmt"
	"math/rand/v2"
	"strconv"
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
