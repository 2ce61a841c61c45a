package tail

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestWindowStartReadsWholeLines has the search look at the file up to every place in the time of a long line: half of that is a time long
// past.
func TestWindowStartReadsWholeLines(t *testing.T) {
	const length = 90_000
	for cut := range 40 {
		var b bytes.Buffer
		for sec := 10_000; sec <= 40_000; sec += 10_000 {
			line := fmt.Sprintf("@%d ", sec)
			b.WriteString(line + strings.Repeat("x", length-len(line)-1) + "\n")
		}
		b.WriteString(strings.Repeat("\n", 2*cut)) // so half of the file ends there in the third line
		s := search{file: bytes.NewReader(b.Bytes()), since: seconds, start: time.Unix(15_000, 0)}
		if got, err := s.windowStart(int64(b.Len()), maxWindow); err != nil || got != length {
			t.Errorf("cut at %d: the window begins at %d, %v; want %d", cut, got, err, length)
		}
	}
}

// seconds reads the time of a line that begins with it.
func seconds(line []byte) (time.Time, bool) {
	var sec int64
	_, err := fmt.Sscanf(string(line), "@%d", &sec)
	return time.Unix(sec, 0), err == nil
}
