//go:build !amd64

package match

import "testing"

// EachProcessor runs f.
func EachProcessor(t *testing.T, f func(t *testing.T)) { f(t) }
