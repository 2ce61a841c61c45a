package parse_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"cidrx/detect/parse"
)

// TestMarks compares all ways to find marks with a look at every byte: all bytes, few and many marks, all lengths.
func TestMarks(t *testing.T) { parse.EachProcessor(t, testMarks) }

func testMarks(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for round := range 1000 {
		b := make([]byte, r.IntN(300))
		if round%100 == 0 {
			b = make([]byte, parse.MarkWindow)
		}
		usual := r.IntN(100)
		for i := range b {
			b[i] = byte(r.Uint32())
			if r.IntN(100) < usual {
				b[i] = "\"\\\n"[r.IntN(3)]
			}
		}
		want := []uint16{}
		for i, c := range b {
			if c == '"' || c == '\\' || c == '\n' {
				want = append(want, uint16(i))
			}
		}
		if quick, slow := parse.FindMarks(b); !slices.Equal(quick, want) || !slices.Equal(slow, want) {
			t.Fatalf("marks of %q:\n%v\n%v\nwant %v", b, quick, slow, want)
		}
	}
	every := make([]byte, 256)
	for i := range every {
		every[i] = byte(i)
	}
	if quick, slow := parse.FindMarks(every); len(quick) != 3 || len(slow) != 3 {
		t.Errorf("marks of every byte: %v and %v", quick, slow)
	}
}

func BenchmarkMarks(b *testing.B) {
	block := benchBlock(combinedLine)[:parse.MarkWindow]
	b.SetBytes(int64(len(block)))
	for b.Loop() {
		parse.CountMarks(block)
	}
}
