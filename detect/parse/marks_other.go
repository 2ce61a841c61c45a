//go:build !amd64

package parse

// findMarks fills at with the places of the marks of b, which is at most markWindow long, and returns how many there are. It
// fetches nothing ahead.
func findMarks(at *markBuffer, b []byte, _ int) int { return findMarksSlow(at, b) }

func (w *window) fetch(int) {}
