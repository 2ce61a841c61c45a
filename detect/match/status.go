package match

import (
	"fmt"
	"strconv"
	"strings"
)

// statusSet is a set of three-digit status codes, one bit each.
type statusSet [1000/64 + 1]uint64

// add adds "404", or "4xx" for all that begin with 4.
func (s *statusSet) add(text string) error {
	digits := strings.TrimSuffix(text, "xx")
	code, err := strconv.Atoi(digits)
	if err != nil || len(text) != 3 || len(digits) == 2 || digits[0] < '1' || digits[0] > '9' {
		return fmt.Errorf(`status %q is neither a code such as "404" nor a class such as "4xx"`, text)
	}
	first, last := code, code
	if len(digits) == 1 {
		first, last = code*100, code*100+99
	}
	for c := first; c <= last; c++ {
		s[c/64] |= 1 << (c % 64)
	}
	return nil
}

// has reports whether code is in s; a missing status (0) never is.
func (s *statusSet) has(code int) bool {
	return code > 0 && code < 1000 && s[code/64]>>(code%64)&1 != 0
}
