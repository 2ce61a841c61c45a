package journal_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cidrx/agent/journal"
	"cidrx/agent/tail"
)

// TestFirstStart begins at the end or one window back, and goes on live.
func TestFirstStart(t *testing.T) {
	for name, test := range map[string]struct {
		opt  journal.Options
		want []string
	}{
		"end":    {opt: journal.Options{}, want: []string{"live new"}},
		"window": {opt: journal.Options{StartAt: tail.AtWindow}, want: []string{"catchup b", "catchup c", "live new"}},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBook(t)
			b.write("a")
			b.write("b")
			test.opt.WindowStart = b.clock
			b.write("c")
			b.held(3, "_UID=0")
			r := b.follow(test.opt)
			b.writeAt(time.Now().Add(time.Second), "new")
			if diff := cmp.Diff(test.want, r.wait(len(test.want))); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// TestEntries has entries of all kinds; all are read at once, each with what comes of it.
func TestEntries(t *testing.T) {
	long := strings.Repeat("x", 5000)
	for name, test := range map[string]struct {
		message string
		more    fields
		opt     journal.Options
		want    string // empty: nothing
	}{
		"plain":                  {message: "Failed password", want: "Failed password"},
		"not UTF-8":              {message: "user \xff\xfe\x80", want: "user \xff\xfe\x80"},
		"UTF-8":                  {message: "user ä€😀", want: "user ä€😀"},
		"several lines":          {message: "a\nb\n\nc\n", want: "a b  c"},
		"control characters":     {message: "a\x01\x1b[31mb\tc", want: "a\x01\x1b[31mb\tc"},
		"NULs":                   {message: "a\x00b\x00", want: "a\x00b"},
		"over 4096 bytes":        {message: long, want: long},
		"no message":             {message: "", want: ""},
		"quotes":                 {message: `a "b" \ c`, want: `a "b" \ c`},
		"JSON":                   {message: `{"a":"b"}`, want: `{"a":"b"}`},
		"another unit":           {message: "a", more: fields{"_SYSTEMD_UNIT": "cron.service"}},
		"another user":           {message: "a", more: fields{"_UID": "1000"}},
		"no user":                {message: "a", more: fields{"_UID": ""}},
		"logger -t sshd":         {message: "a", more: fields{"_SYSTEMD_UNIT": "session-1.scope", "_UID": "1000"}},
		"another user, trusted":  {message: "a", more: fields{"_UID": "33"}, opt: journal.Options{AnyUser: true}, want: "a"},
		"another unit, trusted":  {message: "a", more: fields{"_SYSTEMD_UNIT": "user@1000.service"}, opt: journal.Options{AnyUser: true}},
		"suppression of another": {message: "Suppressed 7 messages from cron.service", more: suppression},
		"header":                 {message: "m", opt: journal.Options{Header: withHeader}, want: "STAMP - sshd[77]: m"},
		"header without program": {message: "m", more: fields{"SYSLOG_IDENTIFIER": ""}, opt: journal.Options{Header: withHeader}, want: "STAMP - sshd[77]: m"},
		"header, evil program":   {message: "m", more: fields{"SYSLOG_IDENTIFIER": "a[1]: \nb"}, opt: journal.Options{Header: withHeader}, want: "STAMP - a_1____b[77]: m"},
		"header of sshd-session": {message: "m", more: fields{"SYSLOG_IDENTIFIER": "sshd-session"}, opt: journal.Options{Header: withHeader}, want: "STAMP - sshd-session[77]: m"},
		"header by program":      {message: "m", opt: journal.Options{Header: func(p []byte) bool { return string(p) != "sshd" }}, want: "m"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBook(t)
			b.write("before", fields{"SYSLOG_IDENTIFIER": "x"})
			b.write(test.message, test.more)
			at := b.clock
			b.write("after", fields{"SYSLOG_IDENTIFIER": "x"})
			b.held(3, "_MACHINE_ID=0123456789abcdef0123456789abcdef")
			test.opt.StartAt, test.opt.WindowStart = tail.AtWindow, time.Unix(1, 0)
			r := b.follow(test.opt)
			want := []string{"catchup before", "catchup " + strings.ReplaceAll(test.want, "STAMP", at.UTC().Format("2006-01-02T15:04:05.000000Z")), "catchup after"}
			if test.want == "" {
				want = []string{want[0], want[2]}
			}
			var got []string
			for _, l := range r.wait(len(want)) {
				if i := strings.Index(l, "x[77]: "); i > 0 {
					l = "catchup " + l[i+len("x[77]: "):]
				}
				got = append(got, l)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if n := len(want) - 1; !r.times[n].Equal(b.clock) {
				t.Errorf("time %v, want %v", r.times[n], b.clock)
			}
		})
	}
}

// suppression are the fields in which journald says that it has suppressed messages.
var suppression = fields{
	"MESSAGE_ID": "a596d6fe7bfa4994828e72309e95d61e", "_TRANSPORT": "driver", "_SYSTEMD_UNIT": "systemd-journald.service", "SYSLOG_IDENTIFIER": "systemd-journald",
}

// TestLosses counts what journald suppressed, what has no message, and what is cut.
func TestLosses(t *testing.T) {
	b := newBook(t)
	b.write("boot", fields{"_SYSTEMD_UNIT": "init.scope"}) // an empty journal cannot be followed yet
	b.held(1, "_UID=0")
	r := b.follow(journal.Options{StartAt: tail.AtWindow, WindowStart: time.Unix(1, 0)})
	b.write("Suppressed 123 messages from ssh.service", suppression)
	b.write("Suppressed 1 messages from /system.slice/ssh.service", suppression)
	b.write("Suppressed 9 messages from cron.service", suppression)
	b.write("Suppressed many messages from ssh.service", suppression)
	b.write("Suppressed 1000 messages from ssh.service", suppression, fields{"_TRANSPORT": "syslog"}) // anybody can write this
	b.write("", fields{"MESSAGE": ""})
	b.write(strings.Repeat("é", tail.MaxLine)) // twice the bytes
	b.write(strings.Repeat("\xff", tail.MaxLine+1))
	b.write(strings.Repeat("\xfe", 3<<20)) // four bytes each in JSON
	b.write("last")
	got := r.wait(3)
	if len(got) != 3 || len(got[0]) != tail.MaxLine+len("catchup ") || len(got[1]) != tail.MaxLine+len("catchup ") || got[2] != "catchup last" {
		t.Errorf("%d lines: %.30q", len(got), got)
	}
	if r.cut != 2 {
		t.Errorf("%d lines cut, want 2", r.cut)
	}
	for what, want := range map[string]uint64{"suppressed": 124, "without a message": 1, "over 8 MiB": 1, "no entries": 0, "vacuumed": 0, "restarts": 0} {
		if n := r.loss(what); n != want {
			t.Errorf("%s: %d, want %d", what, n, want)
		}
	}
}

// TestResume stops and starts again and again while entries are written and files are rotated: each comes once, in order. The warm-up
// brings those of the window again, and no more.
func TestResume(t *testing.T) {
	b := newBook(t)
	var positions []tail.Position
	n, want, got := 0, []string{}, []string{}
	write := func(k int) {
		for range k {
			b.write(fmt.Sprint("entry ", n))
			want = append(want, fmt.Sprint("entry ", n))
			n++
		}
	}
	for i := range 8 {
		write(3 * (i % 3))
		if i%2 == 1 {
			b.rotate()
		}
		if i%3 == 2 {
			b.boot++ // what was written before the reboot is to be read, too
			b.write("boot", fields{"_SYSTEMD_UNIT": "init.scope"})
			b.held(1, fmt.Sprintf("_BOOT_ID=%032x", b.boot)) // journalctl takes the latest boot in a --directory for the present one
		}
		window := b.clock.Add(-4 * time.Second)
		r := b.follow(journal.Options{Resume: positions, StartAt: tail.AtWindow, WindowStart: window})
		write(5)
		eventually(t, "all entries", func() bool {
			got := r.got()
			return len(got) > 0 && strings.HasSuffix(got[len(got)-1], fmt.Sprintf(" entry %d", n-1))
		})
		warm := 0
		for j, l := range r.got() {
			kind, text, _ := strings.Cut(l, " ")
			if kind == "warmup" {
				warm++
				if r.times[j].Before(window) {
					t.Errorf("warm-up with an entry of before the window: %v", r.times[j])
				}
				continue
			}
			got = append(got, text)
		}
		if behind := 3 * (i % 3); i > 0 && warm != max(0, 5-behind) {
			t.Errorf("round %d: %d entries to warm up, want %d", i, warm, max(0, 5-behind))
		}
		positions = r.saved()
		if len(positions) != 1 || r.loss("vacuumed") != 0 {
			t.Fatalf("positions %+v, status %+v", positions, r.f.Status())
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// TestReadable asks a journal with an entry of the system, one without, none, and a host without journalctl.
func TestReadable(t *testing.T) {
	b := newBook(t)
	b.write("of a user", fields{"_UID": "1000"})
	b.held(1, "_UID=1000")
	ask := func(command ...string) string {
		if err := journal.Readable(t.Context(), command); err != nil {
			return err.Error()
		}
		return ""
	}
	if got := ask("journalctl", "--directory="+b.dir); !strings.Contains(got, "the journal is empty, or the agent's user may not read it") {
		t.Errorf("without an entry of the system: %q", got)
	}
	b.write("of the system")
	b.held(1, "_UID=0")
	if got := ask("journalctl", "--directory="+b.dir); got != "" {
		t.Errorf("with one: %q", got)
	}
	if got := ask("journalctl", "--directory="+t.TempDir()); got == "" {
		t.Error("without a journal it is readable")
	}
	if got := ask("/nowhere/journalctl"); !strings.Contains(got, "journalctl is not installed") {
		t.Errorf("without journalctl: %q", got)
	}
}
