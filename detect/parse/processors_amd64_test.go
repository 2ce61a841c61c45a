package parse

import "testing"

// EachProcessor runs f as this processor does, and as processors do that have less.
func EachProcessor(t *testing.T, f func(t *testing.T)) {
	all, quick := quickestMarks, quickMarks
	defer func() { quickestMarks, quickMarks = all, quick }()
	if all {
		t.Run("AVX-512", f)
	}
	if quickestMarks = false; quick {
		t.Run("AVX2", f)
	}
	quickMarks = false
	t.Run("plain", f)
}
