package parse_test

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"cidrx/detect/parse"
)

// TestHostile reads lines in which clients wrote what they liked, as the servers log them. Each line of testdata/hostile/FORMAT.txt is
// the address that must come out of it, or "refused" or "ignored", a tab, and the log line; a line in Go quotes after "go:" holds bytes
// that are no text. One parser reads a file's lines in their order, a new one after an empty line. "# format: …" sets a format string.
func TestHostile(t *testing.T) {
	files, err := filepath.Glob("testdata/hostile/*.txt")
	if err != nil || len(files) != len(samples())+1 {
		t.Fatalf("files %v, error %v: one for each preset and one for format strings", files, err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) { checkHostile(t, file) })
	}
}

func checkHostile(t *testing.T, file string) {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	format := strings.TrimSuffix(filepath.Base(file), ".txt")
	var p parse.Parser
	for i, row := range strings.Split(strings.TrimSuffix(string(text), "\n"), "\n") {
		if f, ok := strings.CutPrefix(row, "# format: "); ok {
			format, p = f, nil
			continue
		}
		if row == "" || row[0] == '#' {
			p = nil
			continue
		}
		if p == nil {
			p = newParser(t, format, parse.Options{Year: in2024})
		}
		want, line, ok := strings.Cut(row, "\t")
		if quoted, isQuoted := strings.CutPrefix(line, "go:"); isQuoted {
			if line, err = strconv.Unquote(quoted); err != nil {
				t.Fatalf("%s:%d: %v", file, i+1, err)
			}
		}
		var ev parse.Event
		err := p.Parse([]byte(line), &ev, new(parse.Arena))
		if got := verdict(&ev, err); !ok || got != want {
			t.Errorf("%s:%d: got %s (%v), want %s\n%s", file, i+1, got, err, want, line)
		}
	}
}
