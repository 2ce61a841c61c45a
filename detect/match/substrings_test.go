package match_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"cidrx/detect/match"
)

// TestSubstrings compares with strings.Contains: few and thousands of words, short and long ones, all bytes.
func TestSubstrings(t *testing.T) {
	r := rand.New(rand.NewPCG(13, 14))
	draw := func(most int) string {
		b := make([]byte, r.IntN(most))
		for i := range b {
			b[i] = "abABk \xff\x00é%"[r.IntN(11)]
		}
		return string(b)
	}
	hits := 0
	for range 300 {
		words := make([]string, r.IntN(20))
		if r.IntN(20) == 0 {
			words = make([]string, 5000)
		}
		for i := range words {
			words[i] = draw(4 + r.IntN(12))
		}
		s := match.NewSubstrings(words)
		search := new(match.Sieve)
		set := search.AddWords(s)
		search.Ready()
		for range 20 {
			text := draw(60)
			want := false
			for _, w := range words {
				want = want || w != "" && strings.Contains(text, w)
			}
			if want {
				hits++
			}
			if got := s.In([]byte(text)); got != want {
				t.Fatalf("%q in %q: %v, want %v", words, text, got, want)
			}
			if found := foundIn(search, []string{text})[0]; want && found&set != set {
				t.Fatalf("%q in %q: no candidate", words, text)
			}
		}
	}
	if hits < 600 || hits > 5400 {
		t.Errorf("%d of 6000 texts hold a word: the comparison says little", hits)
	}
}

func BenchmarkSubstrings(b *testing.B) {
	for _, n := range []int{5, 100, 5000} {
		words := make([]string, n)
		for i := range words {
			words[i] = fmt.Sprintf("Monitor-%d/%x", i, i*7919)
		}
		s := match.NewSubstrings(words)
		text := []byte(agent120)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				if s.In(text) {
					b.Fatal("wrong answer")
				}
			}
		})
	}
}
