package static

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/netip"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"cidrx/detect/cidr"
	"cidrx/detect/match"
)

const usualLine = `198.51.100.7 - - [14/Mar/2026:12:00:00 +0000] "GET / HTTP/1.1" 200 5 "-" "curl/8.1"` + "\n"

func TestUnreadable(t *testing.T) {
	var got *Unreadable
	_, err := Analyze(context.Background(), Options{Format: "sshd"}, []Log{memory("web.log", true, []byte(strings.Repeat(usualLine, 3)))})
	if !errors.As(err, &got) {
		t.Fatalf("lines of a web server read as sshd's: %v", err)
	}
	want := &Unreadable{Log: "web.log", Format: "sshd", First: strings.TrimSpace(usualLine), Looks: "combined", Lines: 3}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	_, err = Analyze(context.Background(), Options{Format: "auto"}, []Log{memory("junk", true, []byte("junk\nmore\n"))})
	if !errors.As(err, &got) || got.Lines != 2 || got.Looks != "" {
		t.Errorf("junk: %v", err)
	}
	syslog := "Oct  9 10:15:23 web nginx: " + usualLine // of another program, as sshd's preset sees it
	_, err = Analyze(context.Background(), Options{Format: "%h %m"}, []Log{memory("syslog", true, []byte(syslog))})
	if !errors.As(err, &got) || got.Lines != 1 || got.Looks != "" {
		t.Errorf("a web server's lines in a syslog file: %v", err)
	}
}

func TestEmptyLogs(t *testing.T) {
	empty, full := memory("empty.log", true, []byte("\n\r\n\x00\n")), memory("full.log", true, []byte(usualLine))
	if _, err := Analyze(context.Background(), Options{Format: "auto"}, []Log{empty}); err == nil || !strings.Contains(err.Error(), "empty.log") {
		t.Errorf("an empty log alone: %v", err)
	}
	a, err := Analyze(context.Background(), Options{Format: "auto"}, []Log{empty, full})
	if err != nil || len(a.Report.Warnings) != 1 || a.Report.Warnings[0].Type != WarnEmptyLog {
		t.Errorf("an empty log beside another: %v, %+v", err, a)
	}
}

// A truncated file is an error that names it and says how far it could be read.
func TestTruncatedLog(t *testing.T) {
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	fmt.Fprint(w, strings.Repeat(usualLine, 50_000))
	w.Close()
	log := Log{Name: "old.gz", Open: func() (io.ReadCloser, error) {
		return gzip.NewReader(bytes.NewReader(packed.Bytes()[:packed.Len()-20]))
	}}
	_, err := Analyze(context.Background(), Options{Format: "auto", Workers: 2}, []Log{log})
	if !errors.Is(err, io.ErrUnexpectedEOF) || !regexp.MustCompile(`^old\.gz: after \d\d,\d{3} lines: `).MatchString(err.Error()) {
		t.Errorf("a truncated log: %v", err)
	}
}

// A long first line is shown to where it was cut, in whole characters.
func TestUnreadableLongLine(t *testing.T) {
	for _, tt := range []struct{ name, line, want string }{
		{"just short enough", strings.Repeat("x", maxShown), strings.Repeat("x", maxShown)},
		{"a byte longer", strings.Repeat("x", maxShown+1), strings.Repeat("x", maxShown) + "…"},
		{"cut in a character", strings.Repeat("x", maxShown-1) + "äy", strings.Repeat("x", maxShown-1) + "…"},
		{"no UTF-8", strings.Repeat("\x80", maxShown+1), strings.Repeat("\x80", maxShown-utf8.UTFMax) + "…"},
	} {
		var got *Unreadable
		_, err := Analyze(context.Background(), Options{Format: "auto"}, []Log{memory("junk", true, []byte(tt.line+"\n"))})
		if !errors.As(err, &got) || got.First != tt.want {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

// What was skipped is said once of each log, with the number of lines that it was.
func TestSkippedWarnings(t *testing.T) {
	long := strings.Repeat("x", 2<<20) + "\n"
	shown := strings.Repeat("x", maxShown) + "…"
	const why = "the first because "
	for _, tt := range []struct{ name, log, kind, want string }{
		{"a long line", usualLine + long, WarnLongLines, `l: 1 of 2 lines is longer than 1 MiB and passed over, the first: "` + shown + `"`},
		{"long lines", usualLine + long + long, WarnLongLines, `l: 2 of 3 lines are longer than 1 MiB and passed over, the first: "` + shown + `"`},
		{"another line", usualLine + "junk\n", WarnSkippedLines, "l: 1 of 2 lines is not in the format combined, " + why},
		{"other lines", usualLine + "junk\njunk\n", WarnSkippedLines, "l: 2 of 3 lines are not in the format combined, " + why},
		{"both", usualLine + "junk\n" + long, WarnSkippedLines, "l: 2 of 3 lines are not in the format combined (1 longer than 1 MiB), " + why},
	} {
		a, err := Analyze(context.Background(), Options{Format: "auto"}, []Log{memory("l", true, []byte(tt.log))})
		if err != nil || len(a.Report.Warnings) != 1 {
			t.Errorf("%s: %v, %+v; want one warning", tt.name, err, a)
			continue
		}
		w := a.Report.Warnings[0]
		if w.Type != tt.kind || !strings.HasPrefix(w.Message, tt.want) || w.Count != a.Report.Skipped {
			t.Errorf("%s: %+v, want %s: %s, of %d lines", tt.name, w, tt.kind, tt.want, a.Report.Skipped)
		}
	}
}

// endless is a log that never ends.
type endless struct{ stop context.CancelFunc }

func (e endless) Read(b []byte) (int, error) {
	n := 0
	for n+len(usualLine) <= len(b) {
		n += copy(b[n:], usualLine)
	}
	e.stop()
	return n, nil
}

func (endless) Close() error { return nil }

func TestCancelled(t *testing.T) {
	ctx, stop := context.WithCancel(context.Background())
	log := Log{Name: "endless", Open: func() (io.ReadCloser, error) { return endless{stop}, nil }}
	if _, err := Analyze(ctx, Options{Format: "combined"}, []Log{log}); !errors.Is(err, context.Canceled) {
		t.Errorf("a context that ends: %v", err)
	}
}

// Memory grows with the addresses, not with the requests.
func TestTablesGrowWithAddresses(t *testing.T) {
	tally := newTally()
	l := newLane(&population{tally: tally})
	l.waiting = new([shards * batch]seen)
	r := rand.New(rand.NewPCG(1, 1))
	for i := range uint32(100_000) {
		l.put(seen{addr: i * 7919, at: 1})
	}
	l.flush()
	places := func() (n int) {
		for i := range tally.shards {
			n += len(tally.shards[i].table.places)
		}
		return n
	}
	before := places()
	for range 1_000_000 {
		l.put(seen{addr: uint32(r.IntN(100_000)) * 7919, at: 2})
	}
	l.flush()
	if after := places(); after != before || after > 300_000 {
		t.Errorf("%d places for 100,000 addresses, %d after a million more requests", before, after)
	}
	if hosts := tally.settle(); hosts.Hosts() != 100_000 || hosts.Requests() != 1_100_000 {
		t.Errorf("%d hosts, %d requests", hosts.Hosts(), hosts.Requests())
	}
}

// A host may have more requests than its place can count.
func TestLargeCounts(t *testing.T) {
	tally := newTally()
	for range 3 {
		tally.add4(seen{addr: 1<<24 | 9, at: 5}, 1<<32-2)
	}
	tally.add4(seen{addr: 1<<24 | 9, at: 3}, 1<<40)
	tally.add4(seen{addr: 0, at: 0}, 1)
	hosts := tally.settle()
	for prefix, want := range map[string]uint64{"1.0.0.9/32": 3*(1<<32-2) + 1<<40, "0.0.0.0/32": 1} {
		if got, n := hosts.Count(netip.MustParsePrefix(prefix)); got != want || n != 1 {
			t.Errorf("%s: %d requests of %d hosts, want %d of 1", prefix, got, n, want)
		}
	}
	if first, last := hosts.Span(netip.MustParsePrefix("1.0.0.9/32")); first != 3 || last != 5 {
		t.Errorf("from %d to %d, want 3 to 5", first, last)
	}
}

// The sample has the lines with the smallest hashes, whoever brings them, and in whatever order.
func TestSampleIsBounded(t *testing.T) {
	const lines = 20_000
	ordered, shuffled := newSample(100, 5000), newSample(100, 5000)
	r := rand.New(rand.NewPCG(1, 1))
	for i, at := range r.Perm(lines) {
		for _, one := range []struct {
			s  *sample
			at int
		}{{ordered, i}, {shuffled, at}} {
			if one.s.wants(0, int64(one.at)) {
				one.s.add(0, int64(one.at), []byte(strings.Repeat("x", one.at%90)))
			}
		}
	}
	ordered.settle(lines)
	shuffled.settle(lines)
	if d := cmp.Diff(ordered.lines, shuffled.lines, cmp.AllowUnexported(sampledLine{})); d != "" {
		t.Errorf("in another order (-ordered +shuffled):\n%s", d)
	}
	if n := len(ordered.lines); n == 0 || n > 100 || ordered.bytes > 5000 {
		t.Errorf("%d lines of %d bytes", n, ordered.bytes)
	}
}

func TestWrongOptions(t *testing.T) {
	log := []Log{memory("log", true, []byte(usualLine))}
	for name, o := range map[string]Options{
		"format":  {Format: "combine"},
		"regexp":  {Format: "auto", Sections: []Section{{Name: "a", Filter: match.Options{UserAgent: "("}}}},
		"times":   {Format: "auto", Sections: []Section{{Name: "a", Start: noon, End: noon.Add(-1e9)}}},
		"twice":   {Format: "auto", Sections: []Section{{Name: "a"}, {Name: "a"}}},
		"depths":  {Format: "auto", Sections: []Section{{Name: "a", Tiers: []cidr.Tier{{MinDepth: 30, MaxDepth: 20}}}}},
		"a range": {Format: "auto", Sections: []Section{{Name: "a", Ranges: []netip.Prefix{{}}}}},
	} {
		if _, err := Analyze(context.Background(), o, log); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
