package match

import "testing"

// EachProcessor runs f as this processor does, and as processors do that have less.
func EachProcessor(t *testing.T, f func(t *testing.T)) {
	all, quick := quickestTeddy, quickTeddy
	defer func() { quickestTeddy, quickTeddy = all, quick }()
	if all {
		t.Run("AVX-512", f)
	}
	if quickestTeddy = false; quick {
		t.Run("AVX2", f)
	}
	quickTeddy = false
	t.Run("plain", f)
}
