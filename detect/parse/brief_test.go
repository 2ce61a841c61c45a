package parse_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"cidrx/detect/internal/guard"
	"cidrx/detect/parse"
)

const wantAll = parse.WantMethod | parse.WantTarget | parse.WantUserAgent | parse.WantStatus

// briefFormats are the formats that have a Briefer.
var briefFormats = []string{"combined", "common", "vhost_combined", "nginx-json", "caddy", "traefik", "traefik-json", "haproxy", "envoy-json", "alb", "apache-error", `%h %^ %^ [%t] "%r" %s %b "%^" "%u"`,
	`%h %^ %^ [%t] "%r" %s %b`, `%h - %l [%t] "%r" %s %b %^ "%u"`, defaultFormat, `%^ %^ %^ [%t] "%r" %s %b "%R" "%u" "%h"`, `%v:%^ %h %^ %l [%t] "%r" %s %b "%R" "%u"`}

const (
	defaultFormat = `%^ %^ %^ [%t] "%r" %s %b %^ "%u" "%h"` // of cidrx 1.x
	lastLine      = `10.0.0.1 192.0.2.7 - [10/Dec/2024:00:00:19 +0700] "GET / HTTP/1.1" 200 5 "-" "curl/8.1" "128.199.220.236"`
)

// twins are two parsers of a format, one for each side of a comparison.
type twins struct {
	format  string
	briefer parse.Briefer
	slow    parse.Parser
}

// newTwins makes the parsers of formats.
func newTwins(t testing.TB, formats ...string) (all []twins) {
	for _, f := range formats {
		o := parse.Options{Year: in2024}
		all = append(all, twins{f, parse.BrieferOf(newParser(t, f, o)), newParser(t, f, o)})
	}
	return all
}

// checkBriefs reads block with Briefs, a few lines at a time, and holds each line against what Parse says of it. It returns how many
// lines were usual.
func checkBriefs(t testing.TB, p twins, block []byte, most int) (usual int) {
	t.Helper()
	format := p.format
	var lines [][]byte
	if len(block) > 0 {
		lines = bytes.Split(bytes.TrimSuffix(block, []byte("\n")), []byte("\n"))
	}
	kept := bytes.Clone(block)
	out := make([]parse.Brief, most)
	for i := range out {
		out[i] = parse.Brief{Unix: 1, Hi: 2, Lo: 3, V4: 4, Status: 5, Is6: true, Usual: true, Target: parse.Span{From: 7, To: 9}, UserAgent: parse.Span{From: 7, To: 9}, Method: parse.Span{From: 7, To: 9}}
	}
	at, row := 0, 0
	for at < len(block) {
		n, next := p.briefer.Briefs(block, at, wantAll, out)
		if n == 0 || next <= at {
			t.Fatalf("%s: %d briefs, from %d to %d of %q", format, n, at, next, block)
		}
		for _, b := range out[:n] {
			if int(b.Begin) != at || !bytes.Equal(block[b.Begin:b.End], lines[row]) {
				t.Fatalf("%s: line %d is %q, want %q at %d", format, row, block[b.Begin:b.End], lines[row], at)
			}
			if b.Usual {
				usual++
				checkBrief(t, format, p.slow, block, &b)
				checkComplete(t, p, block, &b)
			}
			at, row = min(int(b.End)+1, len(block)), row+1
		}
		if next != at {
			t.Fatalf("%s: next is %d, want %d", format, next, at)
		}
	}
	if row != len(lines) || !bytes.Equal(block, kept) {
		t.Fatalf("%s: %d lines, want %d of %q", format, row, len(lines), block)
	}
	return usual
}

// checkBrief holds a usual line against Parse.
func checkBrief(t testing.TB, format string, p parse.Parser, block []byte, b *parse.Brief) {
	t.Helper()
	var ev parse.Event
	line := block[b.Begin:b.End]
	if err := p.Parse(line, &ev, new(parse.Arena)); err != nil {
		t.Fatalf("%s: usual is %q, but: %v", format, line, err)
	}
	got := fmt.Sprintf("%s %d %d %q %q %q", briefClient(b), b.Unix, b.Status, b.Method.Of(block), b.Target.Of(block), b.UserAgent.Of(block))
	want := fmt.Sprintf("%s %d %d %q %q %q", ev.Client, ev.Time.Unix(), ev.Status, ev.Method, ev.Target, ev.UserAgent)
	if got != want || ev.Time.IsZero() {
		t.Fatalf("%s: %q\ngot  %s\nwant %s", format, line, got, want)
	}
}

// checkComplete reads a usual line again with nothing wanted, and wants it all afterwards.
func checkComplete(t testing.TB, p twins, block []byte, b *parse.Brief) {
	t.Helper()
	c, ok := p.briefer.(parse.Completer)
	if !ok {
		return
	}
	again := [64]parse.Brief{*b} // what means nothing stays as it was; so many lines ask for a window in which every usual line fits
	again[0].Method, again[0].Target, again[0].UserAgent = parse.Span{From: 1, To: 2}, parse.Span{From: 1, To: 2}, parse.Span{From: 1, To: 2}
	if n, _ := c.Briefs(block[:b.End], int(b.Begin), 0, again[:]); n != 1 || !again[0].Usual {
		t.Fatalf("%s: not usual when nothing is wanted: %q", p.format, block[b.Begin:b.End])
	}
	if c.Complete(block, &again[0]); again[0] != *b {
		t.Fatalf("%s: %q\ncompleted %+v\nwant      %+v", p.format, block[b.Begin:b.End], again[0], *b)
	}
}

func briefClient(b *parse.Brief) netip.Addr {
	var raw [16]byte
	if !b.Is6 {
		binary.BigEndian.PutUint32(raw[:], b.V4)
		return netip.AddrFrom4([4]byte(raw[:4]))
	}
	binary.BigEndian.PutUint64(raw[:], b.Hi)
	binary.BigEndian.PutUint64(raw[8:], b.Lo)
	return netip.AddrFrom16(raw)
}

// hostileLines are the lines of the hostile corpora.
func hostileLines(t testing.TB) (lines []string) {
	files, err := filepath.Glob("testdata/hostile/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range strings.Split(string(text), "\n") {
			_, line, ok := strings.Cut(row, "\t")
			if quoted, isQuoted := strings.CutPrefix(line, "go:"); ok && isQuoted {
				if line, err = strconv.Unquote(quoted); err != nil {
					t.Fatal(err)
				}
			}
			if ok {
				lines = append(lines, line)
			}
		}
	}
	return lines
}

// briefSeeds are lines that mutations begin with.
func briefSeeds(t testing.TB) []string {
	seeds := append(hostileLines(t), combinedLine, commonLine, vhostLine, nginxJSON, caddyLine, lastLine, lastLine, strings.Replace(combinedLine, `/" "`, `/ " "`, 1))
	proxies := slices.Sorted(maps.Values(proxySamples))
	seeds = append(seeds, proxies...)
	for _, line := range append(proxies, lastLine, combinedLine, vhostLine, commonLine, nginxJSON, caddyLine) {
		for _, addr := range []string{"2001:db8::1", "1.2.3.4:80", "[::1]:80", "::ffff:192.0.2.1", "01.2.3.4", "1.2.3.400", "255.255.255.255", "0.0.0.0", "fe80::1%eth0", "1.2.3", "1.2.3.4.5"} {
			seeds = append(seeds, strings.Replace(strings.Replace(line, "128.199.220.236", addr, 1), "203.0.113.9", addr, 1))
		}
	}
	return append(seeds, "", combinedLine+` "192.0.2.1" x`, commonLine+` "`, commonLine+` "" "\`, strings.Replace(combinedLine, "203023", "-", 1),
		strings.Replace(combinedLine, "203023", "123456789012345678", 1), strings.Replace(combinedLine, "203023", "1234567890123456789", 1))
}

// mutateBytes changes a few bytes of line.
func mutateBytes(r *rand.Rand, line string, seeds []string) string {
	const signs = "\"\\\n -[]{}:,./0159aZ\r\x00\xff%"
	for range r.IntN(4) {
		at := r.IntN(len(line) + 1)
		end := min(len(line), at+r.IntN(3))
		put := string(signs[r.IntN(len(signs))])
		switch r.IntN(6) {
		case 0:
			put = pieces[r.IntN(len(pieces))]
		case 1:
			put = ""
		case 2:
			other := seeds[r.IntN(len(seeds))]
			put = other[min(at, len(other)):]
		}
		line = line[:at] + put + line[end:]
	}
	return line
}

// TestBriefs holds hostile, mutated and long lines against Parse, in blocks and alone, and with few and many lines asked for at once.
func TestBriefs(t *testing.T) { parse.EachProcessor(t, testBriefs) }

func testBriefs(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	seeds := briefSeeds(t)
	usual := map[string]int{}
	pairs := newTwins(t, briefFormats...)
	for round := range 250 {
		var block strings.Builder
		for range 1 + r.IntN(80) {
			line := seeds[r.IntN(len(seeds))]
			if r.IntN(3) > 0 {
				line = mutateBytes(r, line, seeds)
			}
			if r.IntN(200) == 0 {
				line += strings.Repeat(`a"\`, r.IntN(5000))
			}
			block.WriteString(line + "\n")
		}
		text := block.String()
		if round%2 == 0 {
			text = text[:len(text)-1]
		}
		for _, p := range pairs {
			usual[p.format] += checkBriefs(t, p, []byte(text), 1+r.IntN(100))
		}
	}
	for format, n := range usual {
		if n < 50 {
			t.Errorf("%s: %d usual lines say little", format, n)
		}
	}
	if len(usual) != len(briefFormats) {
		t.Errorf("usual lines %v", usual)
	}
}

// TestBriefsUsual sees that usual lines are read without Parse.
func TestBriefsUsual(t *testing.T) { parse.EachProcessor(t, testBriefsUsual) }

func testBriefsUsual(t *testing.T) {
	six := strings.NewReplacer(`ddr":"203.0.113.9:`, `ddr":"[2001:db8::1]:`, `address":"203.0.113.9:`, `address":"[2001:db8::1]:`, "128.199.220.236", "2001:db8::1", "203.0.113.9", "2001:db8::1")
	for format, line := range map[string]string{"combined": combinedLine, "common": commonLine, "vhost_combined": vhostLine, "nginx-json": nginxJSON, "caddy": caddyLine, defaultFormat: lastLine, `%h %^ %^ [%t] "%r" %s %b %^ "%u"`: combinedLine,
		"traefik": traefikLine, "traefik-json": traefikJSON, "haproxy": haproxyLine, "envoy-json": envoyJSONLine, "alb": albLine, "apache-error": apacheLine} {
		for _, line := range []string{line, six.Replace(line)} {
			block := []byte(strings.Repeat(line+"\n", 100))
			if n := checkBriefs(t, newTwins(t, format)[0], block, 64); n != 100 {
				t.Errorf("%s: %d of 100 lines are usual: %s", format, n, line)
			}
		}
	}
}

// TestBriefsCut cuts lines at every byte.
func TestBriefsCut(t *testing.T) {
	pairs := newTwins(t, briefFormats...)
	lines := append(hostileLines(t), slices.Sorted(maps.Values(proxySamples))...)
	for _, line := range append(lines, combinedLine, commonLine, vhostLine, nginxJSON, caddyLine, lastLine) {
		for cut := range len(line) + 1 {
			block := []byte(line + "\n" + line[:cut])
			for _, p := range pairs {
				checkBriefs(t, p, block, 3)
				checkBriefs(t, p, block[len(line)+1:], 3)
			}
		}
	}
}

// TestBriefsAtTheEndOfMemory cuts usual lines at every byte, from both ends, where nothing may be read behind them.
func TestBriefsAtTheEndOfMemory(t *testing.T) { parse.EachProcessor(t, testBriefsAtTheEndOfMemory) }

func testBriefsAtTheEndOfMemory(t *testing.T) {
	memory := guard.New(t, 1<<12)
	pairs := newTwins(t, briefFormats...)
	for _, line := range append(slices.Sorted(maps.Values(proxySamples)), combinedLine, commonLine, vhostLine, nginxJSON, caddyLine, lastLine) {
		for _, addr := range []string{"1.2.3.4", "10.200.30.255", "100.200.30.255", "255.255.255.255", "2001:db8::1", "1:2:3:4:5:6:7:8"} {
			line := strings.NewReplacer("128.199.220.236", addr, "203.0.113.9", addr).Replace(line)
			for cut := range len(line) {
				for _, p := range pairs {
					checkBriefs(t, p, memory.AtEnd([]byte(line[cut:])), 2)
					checkBriefs(t, p, memory.AtEnd([]byte(line[:cut]+"\n")), 2)
				}
			}
		}
	}
}

// TestBrieferOf sees that every format can be read by its briefs, and none that has none is usual.
func TestBrieferOf(t *testing.T) {
	block := []byte(strings.Join(append(hostileLines(t), ""), "\n"))
	for _, p := range newTwins(t, fuzzFormats...) {
		checkBriefs(t, p, block, 10)
	}
}

func TestBriefsAllocateNothing(t *testing.T) {
	seeds := briefSeeds(t)
	block := []byte(strings.Join(seeds, "\n"))
	out := make([]parse.Brief, 64)
	for _, format := range briefFormats {
		p := parse.BrieferOf(newParser(t, format, parse.Options{}))
		read := func() {
			for at := 0; at < len(block); {
				_, at = p.Briefs(block, at, wantAll, out)
			}
		}
		read()
		if n := testing.AllocsPerRun(20, read); n != 0 {
			t.Errorf("%s: %v allocations", format, n)
		}
	}
}

// FuzzBriefsAgainstParse compares on any block.
func FuzzBriefsAgainstParse(f *testing.F) {
	seeds := briefSeeds(f)
	for i, line := range seeds {
		f.Add([]byte(line), uint8(i))
		f.Add([]byte(line+"\n"+seeds[(i*7+1)%len(seeds)]+"\n\n"+line), uint8(i))
	}
	pairs := newTwins(f, briefFormats...)
	f.Fuzz(func(t *testing.T, block []byte, most uint8) {
		for _, p := range pairs {
			checkBriefs(t, p, block, 1+int(most))
		}
	})
}
