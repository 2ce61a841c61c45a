package jailfile_test

import (
	"context"
	"encoding/json"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cidrx/agent/control"
	"cidrx/agent/jail"
	"cidrx/cmd/internal/jailfile"
	"cidrx/detect"
)

var noon = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

func options(dir string) jailfile.Options {
	return jailfile.Options{
		JailFile: filepath.Join(dir, "jail.json"), BanFile: filepath.Join(dir, "ban.txt"),
		Jail: jail.Options{Stages: []time.Duration{10 * time.Minute, time.Hour, 12 * time.Hour}, ForgetAfter: 7 * 24 * time.Hour, MaxPrefix4: 16, MaxPrefix6: 32},
	}
}

func open(t *testing.T, o jailfile.Options) *jailfile.Files {
	t.Helper()
	f, err := jailfile.Open(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.Close)
	return f
}

func verdict(prefix string, requests uint64, last time.Time) detect.Verdict {
	return detect.Verdict{
		Prefix: netip.MustParsePrefix(prefix), Jail: true, Enforceable: true, Needed: 10, Reason: "a test",
		Evidence: detect.Evidence{Requests: requests, Hosts: 1, Share: 0.5, First: last.Add(-time.Hour), Last: last},
	}
}

// judge runs the verdicts at a time, as one run does, and returns the lines of the ban file that are no comments.
func judge(t *testing.T, o jailfile.Options, now time.Time, verdicts ...detect.Verdict) []string {
	t.Helper()
	f := open(t, o)
	defer f.Close()
	f.Spent(now)
	if _, err := f.Judge(now, verdicts); err != nil {
		t.Fatal(err)
	}
	return list(t, o)
}

func list(t *testing.T, o jailfile.Options) []string {
	t.Helper()
	data, err := os.ReadFile(o.BanFile)
	if err != nil {
		t.Fatal(err)
	}
	lines := []string{}
	for line := range strings.Lines(string(data)) {
		if !strings.HasPrefix(line, "#") {
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	return lines
}

func wantList(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if want == nil {
		want = []string{}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s: the ban file (-want +got):\n%s", what, diff)
	}
}

type document struct {
	Version int           `json:"cidrx_jail"`
	Bans    []control.Ban `json:"bans"`
	Ended   []control.Ban `json:"ended"`
}

func load(t *testing.T, o jailfile.Options) document {
	t.Helper()
	data, err := os.ReadFile(o.JailFile)
	if err != nil {
		t.Fatal(err)
	}
	var d document
	if err := json.Unmarshal(data, &d); err != nil {
		t.Fatal(err)
	}
	return d
}

// TestStages runs an attack through its stages, as runs of every day do.
func TestStages(t *testing.T) {
	o := options(t.TempDir())
	attack := verdict("203.0.113.0/24", 100, noon)
	wantList(t, "at first", judge(t, o, noon, attack), "203.0.113.0/24")
	first := load(t, o)
	if b := first.Bans[0]; b.Stage != 0 || b.Requests != 100 || b.Until.Before(noon.Add(10*time.Minute)) || b.Until.After(noon.Add(11*time.Minute)) {
		t.Errorf("the first ban: %+v", b)
	}
	wantList(t, "again", judge(t, o, noon.Add(time.Minute), attack), "203.0.113.0/24")
	again := load(t, o)
	again.Bans[0].RemainingS = first.Bans[0].RemainingS
	if diff := cmp.Diff(first.Bans[0], again.Bans[0], cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })); diff != "" {
		t.Errorf("the same once more changes the ban (-want +got):\n%s", diff)
	}
	later := noon.Add(time.Hour)
	wantList(t, "when it is over", judge(t, o, later))
	d := load(t, o)
	if len(d.Bans) != 0 || len(d.Ended) != 1 || d.Ended[0].State != "ended" {
		t.Errorf("when it is over: %+v", d)
	}
	spent := open(t, o)
	got := spent.Spent(later)
	spent.Close()
	if len(got) != 1 || got[0].Prefix != attack.Prefix || !got[0].Until.Equal(*first.Bans[0].Until) {
		t.Errorf("spent: %+v", got)
	}
	wantList(t, "new traffic", judge(t, o, later, verdict("203.0.113.0/24", 20, later)), "203.0.113.0/24")
	if b := load(t, o).Bans[0]; b.Stage != 1 || b.Until.Before(later.Add(time.Hour)) {
		t.Errorf("the second ban: %+v", b)
	}
}

// TestSpentIsNotForgotten although the stage is, long after.
func TestSpentIsNotForgotten(t *testing.T) {
	o := options(t.TempDir())
	judge(t, o, noon, verdict("203.0.113.7/32", 100, noon))
	years := noon.AddDate(5, 0, 0)
	judge(t, o, noon.AddDate(1, 0, 0))
	f := open(t, o)
	if got := f.Spent(years); len(got) != 1 {
		t.Errorf("spent years later: %+v", got)
	}
	f.Close()
	judge(t, o, years, verdict("203.0.113.7/32", 100, years))
	if b := load(t, o).Bans[0]; b.Stage != 0 {
		t.Errorf("the stage is not forgotten: %+v", b)
	}
}

// TestEndsWhileReading: a ban that ends between the look at what is spent and the judgement must not be made anew on its own evidence.
func TestEndsWhileReading(t *testing.T) {
	o := options(t.TempDir())
	judge(t, o, noon, verdict("203.0.113.7/32", 100, noon))
	f := open(t, o)
	f.Spent(noon.Add(time.Minute))
	out, err := f.Judge(noon.Add(time.Hour), []detect.Verdict{verdict("203.0.113.0/28", 100, noon), verdict("198.51.100.7/32", 10, noon)})
	if err != nil || out.Waiting != 1 {
		t.Errorf("%+v, %v", out, err)
	}
	wantList(t, "it ended meanwhile", list(t, o), "198.51.100.7/32")
}

func TestListsAreCarved(t *testing.T) {
	o := options(t.TempDir())
	o.Allow = []netip.Prefix{netip.MustParsePrefix("203.0.113.128/25"), netip.MustParsePrefix("198.51.100.1/32")}
	o.Deny = []netip.Prefix{netip.MustParsePrefix("198.51.100.0/31"), netip.MustParsePrefix("203.0.113.0/26"), netip.MustParsePrefix("192.0.2.0/24")}
	wantList(t, "with lists", judge(t, o, noon, verdict("203.0.113.0/24", 100, noon), verdict("192.0.2.9/32", 100, noon), verdict("10.0.0.1/32", 100, noon)),
		"192.0.2.0/24", "198.51.100.0/32", "203.0.113.0/26", "203.0.113.64/26")
	data, err := os.ReadFile(o.BanFile)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"# as long as it is on the blacklist\n192.0.2.0/24\n", "\n# until 2026-05-01T12:1"} {
		if !strings.Contains(string(data), want) {
			t.Errorf("no %q in:\n%s", want, data)
		}
	}
	o.Deny = nil
	wantList(t, "off the list", judge(t, o, noon, verdict("203.0.113.0/24", 100, noon)), "192.0.2.9/32", "203.0.113.0/25")
}

func TestBanFileAlone(t *testing.T) {
	o := options(t.TempDir())
	o.JailFile = ""
	wantList(t, "a ban", judge(t, o, noon, verdict("203.0.113.0/24", 100, noon)), "203.0.113.0/24")
	wantList(t, "none", judge(t, o, noon))
}

// TestOddFiles are refused and stay as they are.
func TestOddFiles(t *testing.T) {
	for name, tt := range map[string]struct{ text, want string }{
		"empty":      {"", "is empty"},
		"braces":     {"{}", `is not a jail file: it has no "cidrx_jail"`},
		"old":        {`{"Cells":[],"AllCidrs":[]}`, "cidrx 1.x"},
		"cut":        {`{"cidrx_jail": 1, "bans": [`, "is damaged"},
		"newer":      {`{"cidrx_jail": 2, "extra": {}}`, "has version 2"},
		"a list":     {`[]`, "is damaged"},
		"a typo":     {`{"cidrx_jail": 1, "bnas": []}`, "bnas"},
		"no network": {`{"cidrx_jail": 1, "bans": [{"prefix": "", "start": "2026-05-01T12:00:00Z", "until": "2026-05-01T12:10:00Z"}]}`, "is damaged: bans[0]"},
		"no end":     {`{"cidrx_jail": 1, "ended": [{"prefix": "192.0.2.0/24", "start": "2026-05-01T12:00:00Z"}]}`, "is damaged: ended[0]"},
		"no bits":    {`{"cidrx_jail": 1, "unblocked": [{"prefix": "192.0.2.1/24"}]}`, "is damaged: unblocked[0]"},
		"rubbish":    {"\x00\xff", "is damaged"},
	} {
		o := options(t.TempDir())
		if err := os.WriteFile(o.JailFile, []byte(tt.text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := jailfile.Open(context.Background(), o)
		if err == nil || !strings.Contains(err.Error(), o.JailFile+": ") || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), "; ") {
			t.Errorf("%s: %v", name, err)
		}
		if now, _ := os.ReadFile(o.JailFile); string(now) != tt.text {
			t.Errorf("%s: the file was changed to %q", name, now)
		}
	}
}

// TestLock lets a second run wait for the first, and see its work.
func TestLock(t *testing.T) {
	o := options(t.TempDir())
	first := open(t, o)
	waiting := make(chan struct{})
	o2 := o
	o2.Waiting = func(string) { close(waiting) }
	done := make(chan int)
	go func() {
		f, err := jailfile.Open(context.Background(), o2)
		if err != nil {
			t.Error(err)
		}
		out, err := f.Judge(noon, []detect.Verdict{verdict("198.51.100.7/32", 10, noon)})
		if err != nil {
			t.Error(err)
		}
		f.Close()
		done <- out.Active
	}()
	<-waiting
	if _, err := first.Judge(noon, []detect.Verdict{verdict("203.0.113.7/32", 10, noon)}); err != nil {
		t.Fatal(err)
	}
	first.Close()
	if n := <-done; n != 2 {
		t.Errorf("%d active bans, want those of both runs", n)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	defer open(t, o).Close()
	if _, err := jailfile.Open(ctx, o); err == nil {
		t.Error("no error although the context has ended")
	}
}

// TestKilledBefore leaves a temporary file, as a run does that is killed; the next one takes it away and keeps mode and link.
func TestKilledBefore(t *testing.T) {
	dir := t.TempDir()
	o := options(dir)
	judge(t, o, noon)
	if err := os.Chmod(o.BanFile, 0o640); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("ban.txt", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, ".ban.txt.new123"), []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	wantList(t, "after it", judge(t, o, noon, verdict("203.0.113.7/32", 10, noon)), "203.0.113.7/32")
	o.BanFile = filepath.Join(dir, "link")
	judge(t, o, noon)
	if info, err := os.Lstat(o.BanFile); err != nil || info.Mode().Type() != os.ModeSymlink {
		t.Errorf("the link is gone: %v, %v", info, err)
	}
	if info, err := os.Stat(o.BanFile); err != nil || info.Mode() != 0o640 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".*.new*")); left != nil {
		t.Errorf("left behind: %q", left)
	}
}

// FuzzOpen: no file, however broken, brings more than an error.
func FuzzOpen(f *testing.F) {
	f.Add([]byte(`{"cidrx_jail": 1, "bans": [{"prefix": "192.0.2.0/24", "start": "2026-05-01T12:00:00Z", "until": "2026-05-01T12:10:00Z"}], "ended": [], "unblocked": []}`))
	f.Add([]byte(`{"cidrx_jail": 1, "ended": [{"prefix": "::/0", "until": "0001-01-01T00:00:00Z", "next_stage": -7, "stage": 99}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		o := options(t.TempDir())
		if err := os.WriteFile(o.JailFile, data, 0o600); err != nil {
			t.Fatal(err)
		}
		files, err := jailfile.Open(context.Background(), o)
		if err != nil {
			return
		}
		defer files.Close()
		files.Spent(noon)
		if _, err := files.Judge(noon, []detect.Verdict{verdict("192.0.2.7/32", 10, noon)}); err != nil {
			t.Fatal(err)
		}
	})
}
