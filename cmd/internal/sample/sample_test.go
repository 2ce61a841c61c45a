package sample_test

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"cidrx/agent/config"
	"cidrx/cmd/internal/sample"
)

func line(client string) []byte {
	return fmt.Appendf(nil, "%s - - [01/May/2026:10:00:00 +0000] \"GET / HTTP/1.1\" 200 1 \"-\" \"-\"", client)
}

func TestRead(t *testing.T) {
	lines := [][]byte{line("203.0.113.1"), line("203.0.113.1"), line("10.0.0.1"), []byte("rubbish\x1b"), {}}
	s, err := sample.Read(lines, config.Source{Format: "combined"}, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	if s.Lines != 4 || s.Parsed != 3 || s.Failed != 1 || s.Clients != 2 || s.Private != 1 || s.Busiest != netip.MustParseAddr("203.0.113.1") || s.Top != 2 ||
		s.UserAgents != 0 || s.Looks != "combined" || s.FirstFailed != "rubbish\x1b" || s.FailedShare() != 0.25 {
		t.Errorf("%+v", s)
	}
	if _, err := sample.Read(nil, config.Source{Format: "nonsense"}, time.Time{}); err == nil {
		t.Error("an unknown format is no error")
	}
}

func TestProxied(t *testing.T) {
	many := func(n int, client func(int) string) (out [][]byte) {
		for i := range n {
			out = append(out, line(client(i)))
		}
		return out
	}
	tests := []struct {
		name  string
		lines [][]byte
		want  string
	}{
		{"too few to tell", many(49, func(int) string { return "10.0.0.1" }), ""},
		{"private", many(50, func(i int) string { return fmt.Sprintf("10.0.0.%d", i) }), "nearly all requests come from private addresses"},
		{"one", many(50, func(int) string { return "203.0.113.1" }), "all requests come from one address, such as 203.0.113.1"},
		{"usual", many(50, func(i int) string { return fmt.Sprintf("203.0.113.%d", i) }), ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, err := sample.Read(tt.lines, config.Source{Format: "combined"}, time.Time{})
			if err != nil || !strings.HasPrefix(s.Proxied(), tt.want) || tt.want == "" && s.Proxied() != "" {
				t.Errorf("got %q, want %q (%v)", s.Proxied(), tt.want, err)
			}
		})
	}
}

func TestTail(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	for _, tt := range []struct {
		name, text  string
		want        int
		first, last string
	}{
		{"empty", "", 0, "", ""},
		{"unfinished line", "a\nb\nc", 2, "a", "b"},
		{"many lines", strings.Repeat("x\n", 5000) + "y\n", 2000, "x", "y"},
		{"long lines", strings.Repeat(strings.Repeat("x", 300<<10)+"\n", 3), 1, strings.Repeat("x", 300<<10), strings.Repeat("x", 300<<10)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if err := os.WriteFile(path, []byte(tt.text), 0o600); err != nil {
				t.Fatal(err)
			}
			lines, err := sample.Tail(path)
			if err != nil || len(lines) != tt.want || tt.want > 0 && (string(lines[0]) != tt.first || string(lines[len(lines)-1]) != tt.last) {
				t.Errorf("%d lines (%v), want %d", len(lines), err, tt.want)
			}
		})
	}
	fifo := filepath.Join(t.TempDir(), "fifo")
	if err := unix.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := sample.Tail(fifo); !errors.Is(err, sample.ErrNoFile) {
		t.Errorf("a FIFO: %v", err)
	}
}

// TestListAdvice tries the format that is recommended in place of combined on a line as the servers then write it.
func TestListAdvice(t *testing.T) {
	src := config.Source{Format: "combined", TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/24")}}
	_, rest, _ := strings.Cut(sample.ProxyAdvice(src), "format = '")
	src.Format, _, _ = strings.Cut(rest, "'")
	line := `10.0.0.7 - - [22/Nov/2026:01:00:48 +0000] "GET / HTTP/1.1" 200 153 "-" "Mozilla/5.0" "198.51.100.1, 203.0.113.9"`
	s, err := sample.Read([][]byte{[]byte(line)}, src, time.Time{})
	if err != nil || s.Parsed != 1 || s.Forwarded != 1 || s.Busiest.String() != "203.0.113.9" {
		t.Errorf("%q: %+v, %v", src.Format, s, err)
	}
}
