package login_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"cidrx/detect/login"
	"cidrx/detect/parse"
)

var noon = time.Date(2024, 2, 12, 12, 0, 0, 0, time.UTC)

// counted is an attempt that was counted.
type counted struct {
	User    string
	Outcome parse.Outcome
	Repeat  int
	At      int // seconds after noon
}

// count runs lines, each a second of noon and an sshd message with its process, through the parser and a, then flushes.
func count(t testing.TB, a *login.Assembler, lines []string) (out []counted) {
	t.Helper()
	p, err := parse.New("sshd", parse.Options{})
	if err != nil {
		t.Fatal(err)
	}
	add := func(ev *parse.Event) {
		out = append(out, counted{string(ev.User), ev.Outcome, ev.Repeat, int(ev.Time.Sub(noon) / time.Second)})
	}
	var due []parse.Event
	take := func() {
		due = a.Due(due[:0])
		for i := range due {
			add(&due[i])
		}
	}
	buf := make([]byte, 0, 1024) // a line's bytes do not outlive it
	for _, line := range lines {
		second, message, _ := strings.Cut(line, " ")
		at, err := time.ParseDuration(second + "s")
		if err != nil {
			t.Fatal(err)
		}
		buf = append(append(buf[:0], noon.Add(at).Format(time.RFC3339)...), " host sshd"+message...)
		var ev parse.Event
		if err := p.Parse(buf, &ev, nil); errors.Is(err, parse.ErrIgnored) {
			continue
		} else if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		keep := a.Add(&ev)
		take()
		if keep {
			add(&ev)
		}
		for i := range buf {
			buf[i] = '#'
		}
	}
	a.Flush()
	take()
	return out
}

func TestAssembler(t *testing.T) {
	const f, s = parse.Failure, parse.Success
	for _, c := range []struct {
		name  string
		lines []string
		want  []counted
	}{
		{"three failed passwords and the end", []string{
			"0 [7]: Invalid user bob from 192.0.2.1 port 22",
			"2 [7]: Failed password for invalid user bob from 192.0.2.1 port 22 ssh2",
			"4 [7]: Failed password for invalid user bob from 192.0.2.1 port 22 ssh2",
			"6 [7]: Failed password for invalid user bob from 192.0.2.1 port 22 ssh2",
			"6 [7]: error: maximum authentication attempts exceeded for invalid user bob from 192.0.2.1 port 22 ssh2 [preauth]",
			"6 [7]: Disconnecting invalid user bob 192.0.2.1 port 22: Too many authentication failures [preauth]",
		}, []counted{{"bob", f, 1, 2}, {"bob", f, 1, 4}, {"bob", f, 1, 6}}},
		{"repeated", []string{
			"0 [7]: Failed password for root from 192.0.2.1 port 22 ssh2",
			"3 [7]: message repeated 5 times: [ Failed password for root from 192.0.2.1 port 22 ssh2]",
			"3 [7]: Connection closed by authenticating user root 192.0.2.1 port 22 [preauth]",
		}, []counted{{"root", f, 1, 0}, {"root", f, 5, 3}}},
		{"invalid user, closed", []string{
			"0 [7]: Invalid user bob from 192.0.2.1 port 22",
			"1 [7]: Connection closed by invalid user bob 192.0.2.1 port 22 [preauth]",
		}, []counted{{"bob", f, 1, 1}}},
		{"authenticating user, reset", []string{
			"1 [7]: Connection reset by authenticating user root 192.0.2.1 port 22 [preauth]",
		}, []counted{{"root", f, 1, 1}}},
		{"old OpenSSH", []string{
			"0 [7]: Invalid user bob from 192.0.2.1",
			"0 [7]: input_userauth_request: invalid user bob [preauth]",
			"1 [7]: Received disconnect from 192.0.2.1: 11: Bye Bye [preauth]",
		}, []counted{{"bob", f, 1, 1}}},
		{"a port appears", []string{
			"0 [7]: Invalid user bob from 192.0.2.1",
			"1 [7]: Failed password for invalid user bob from 192.0.2.1 port 22 ssh2",
			"2 [7]: Connection closed by 192.0.2.1 port 22 [preauth]",
		}, []counted{{"bob", f, 1, 1}}},
		{"farewell in two lines", []string{
			"0 [7]: Invalid user bob from 192.0.2.1 port 22",
			"1 [7]: Received disconnect from 192.0.2.1 port 22:11: Bye Bye [preauth]",
			"1 [7]: Disconnected from invalid user bob 192.0.2.1 port 22 [preauth]",
		}, []counted{{"bob", f, 1, 1}}},
		{"grace time", []string{
			"0 [7]: Invalid user bob from 192.0.2.1 port 22",
			"120 [7]: fatal: Timeout before authentication for 192.0.2.1 port 22",
		}, []counted{{"bob", f, 1, 120}}},
		{"grace time since 9.8", []string{
			"0 -session[7]: Invalid user bob from 192.0.2.1 port 22",
			"120 [1]: Timeout before authentication for connection from 192.0.2.1 to 192.0.2.9, pid = 7",
		}, []counted{{"bob", f, 1, 120}}},
		{"lines of sshd-auth have another process", []string{
			"0 -session[7]: Failed password for root from 192.0.2.1 port 22 ssh2",
			"1 -auth[8]: Connection closed by authenticating user root 192.0.2.1 port 22 [preauth]",
		}, []counted{{"root", f, 1, 0}}},
		{"accepted, with the session's own process later", []string{
			"0 [7]: Accepted password for bob from 192.0.2.1 port 22 ssh2",
			"9 [8]: Received disconnect from 192.0.2.1 port 22:11: disconnected by user",
			"9 [8]: Disconnected from user bob 192.0.2.1 port 22",
			"9 [8]: Disconnected from 192.0.2.1 port 22",
		}, []counted{{"bob", s, 1, 0}}},
		{"failed, then accepted", []string{
			"0 [7]: Failed password for bob from 192.0.2.1 port 22 ssh2",
			"3 [7]: Accepted password for bob from 192.0.2.1 port 22 ssh2",
		}, []counted{{"bob", f, 1, 0}, {"bob", s, 1, 3}}},
		{"nobody named", []string{
			"0 [7]: Connection closed by 192.0.2.1 port 22 [preauth]",
		}, nil},
		{"two connections of a client at once", []string{
			"0 [7]: Invalid user a from 192.0.2.1 port 22",
			"0 [8]: Invalid user b from 192.0.2.1 port 23",
			"1 [8]: Connection closed by 192.0.2.1 port 23 [preauth]",
			"1 [7]: Connection closed by 192.0.2.1 port 22 [preauth]",
		}, []counted{{"b", f, 1, 1}, {"a", f, 1, 1}}},
		{"no end", []string{
			"0 [7]: Invalid user bob from 192.0.2.1 port 22",
			"121 [8]: Accepted password for ann from 192.0.2.2 port 22 ssh2",
		}, []counted{{"bob", f, 1, 0}, {"ann", s, 1, 121}}},
		{"no end until the input's", []string{
			"0 [7]: Invalid user bob from 192.0.2.1 port 22",
			"1 [7]: Invalid user bob from 192.0.2.1 port 22",
		}, []counted{{"bob", f, 1, 0}}},
		{"end after patience", []string{
			"0 [7]: Invalid user bob from 192.0.2.1 port 22",
			"300 [7]: Failed password for invalid user bob from 192.0.2.1 port 22 ssh2",
			"400 [7]: Failed password for invalid user bob from 192.0.2.1 port 22 ssh2",
			"500 [7]: Connection closed by invalid user bob 192.0.2.1 port 22 [preauth]",
		}, []counted{{"bob", f, 1, 0}, {"bob", f, 1, 400}}},
		{"out of order", []string{
			"0 [7]: Connection closed by invalid user bob 192.0.2.1 port 22 [preauth]",
			"0 [7]: message repeated 2 times: [ Failed password for invalid user bob from 192.0.2.1 port 22 ssh2]",
			"0 [7]: Invalid user bob from 192.0.2.1 port 22",
		}, []counted{{"bob", f, 1, 0}, {"bob", f, 1, 0}}},
		{"process and port go to the next connection", []string{
			"0 [7]: Invalid user a from 192.0.2.1 port 22",
			"1 [8]: Invalid user b from 192.0.2.1 port 22",
			"2 [8]: Invalid user c from 192.0.2.1 port 23",
		}, []counted{{"a", f, 1, 0}, {"b", f, 1, 1}, {"c", f, 1, 2}}},
		{"port used again without processes", []string{
			"0 : Invalid user a from 192.0.2.1 port 22",
			"1 : Connection closed by invalid user a 192.0.2.1 port 22 [preauth]",
			"9 : Invalid user b from 192.0.2.1 port 22",
			"9 : Connection closed by invalid user b 192.0.2.1 port 22 [preauth]",
		}, []counted{{"a", f, 1, 1}, {"b", f, 1, 9}}},
		{"neither process nor port", []string{
			"0 : Invalid user a from 192.0.2.1",
			"1 : Connection closed by 192.0.2.1 [preauth]",
			"1 : Connection closed by 192.0.2.2 [preauth]",
		}, []counted{{"a", f, 1, 1}}},
		{"neither, then both", []string{
			"0 : Invalid user a from 192.0.2.1",
			"1 [7]: Failed password for invalid user a from 192.0.2.1 port 22 ssh2",
		}, []counted{{"a", f, 1, 1}, {"a", f, 1, 0}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := count(t, login.New(0), c.lines)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// TestOthersPass checks that events which are no part of a connection come out as they went in.
func TestOthersPass(t *testing.T) {
	a := login.New(0)
	ev := parse.Event{Time: noon, Client: netip.MustParseAddr("192.0.2.1"), Outcome: parse.Failure, Repeat: 3, User: []byte("x")}
	want := ev
	if !a.Add(&ev) || !cmp.Equal(want, ev, cmp.Comparer(func(a, b netip.Addr) bool { return a == b })) {
		t.Errorf("got %+v", ev)
	}
	if s := a.Stats(); s != (login.Stats{}) {
		t.Errorf("holds %+v", s)
	}
	if !errors.Is(login.ErrPart, parse.ErrIgnored) {
		t.Error("ErrPart is not a reason to ignore")
	}
}

// TestAdvance checks that a user who was named becomes due without further lines.
func TestAdvance(t *testing.T) {
	a := login.New(0)
	ev := named(1)
	if a.Add(&ev) {
		t.Fatal("counted at once")
	}
	a.Advance(noon.Add(2 * time.Minute))
	if due := a.Due(nil); len(due) != 0 {
		t.Errorf("due after two minutes: %+v", due)
	}
	a.Advance(noon.Add(2*time.Minute + time.Second))
	due := a.Due(nil)
	if len(due) != 1 || due[0].Outcome != parse.Failure || due[0].Repeat != 1 || string(due[0].User) != "u1" || string(due[0].Line) != "line 1" {
		t.Errorf("due: %+v", due)
	}
	if due := a.Due(nil); len(due) != 0 {
		t.Errorf("due again: %+v", due)
	}
}

// named is the naming of a user by connection i.
func named(i int) parse.Event {
	return parse.Event{
		Time: noon, Client: netip.AddrFrom4([4]byte{192, 0, byte(i >> 8), byte(i)}), Repeat: 1,
		User: fmt.Appendf(nil, "u%d", i), Line: fmt.Appendf(nil, "line %d", i), Part: parse.Part{Kind: parse.PartNamed, PID: 100 + i, Port: 1000 + i},
	}
}

// TestBounds fills an Assembler: it forgets the oldest, after counting them, and says so.
func TestBounds(t *testing.T) {
	const limit, n = 8, 100
	a := login.New(limit)
	users := map[string]bool{}
	for i := range n {
		ev := named(i)
		if a.Add(&ev) {
			t.Fatal("counted at once")
		}
		for _, ev := range a.Due(nil) {
			users[string(ev.User)] = true
		}
		if got := a.Stats().Connections; got > limit {
			t.Fatalf("holds %d connections", got)
		}
	}
	if s := a.Stats(); s != (login.Stats{Connections: limit, Evicted: n - limit}) {
		t.Errorf("%+v", s)
	}
	a.Flush()
	for _, ev := range a.Due(nil) {
		users[string(ev.User)] = true
	}
	if len(users) != n || a.Stats().Connections != 0 {
		t.Errorf("%d users counted, %d connections left", len(users), a.Stats().Connections)
	}
}

// TestDueIsBounded does not call Due.
func TestDueIsBounded(t *testing.T) {
	const limit, n = 8, 100
	a := login.New(limit)
	for i := range n {
		ev := named(i)
		a.Add(&ev)
	}
	a.Flush()
	if due, s := a.Due(nil), a.Stats(); len(due) != limit || s.Dropped != n-limit {
		t.Errorf("%d due, %+v", len(due), s)
	}
}

// attempt is one connection of TestOrder: what sshd writes about it in one second.
type attempt struct {
	failed  []int // repeats
	named   bool
	success bool
	closed  bool // with the user's name, unless success
	second  int
}

// failures is the slow twin: what a connection counts for by the definition.
func (c attempt) failures() (n int) {
	for _, repeat := range c.failed {
		n += repeat
	}
	if n == 0 && !c.success && (c.named || c.closed) {
		return 1
	}
	return n
}

// events are the lines of the connection with the given number.
func (c attempt) events(i int) (out []parse.Event) {
	add := func(kind parse.PartKind, outcome parse.Outcome, repeat int, user string) {
		ev := named(i)
		ev.Time = noon.Add(time.Duration(c.second) * time.Second)
		ev.Part.Kind, ev.Outcome, ev.Repeat = kind, outcome, repeat
		if user == "" {
			ev.User = nil
		}
		out = append(out, ev)
	}
	if c.named {
		add(parse.PartNamed, parse.NoOutcome, 1, "u")
	}
	for _, repeat := range c.failed {
		add(parse.PartFailed, parse.Failure, repeat, "u")
	}
	if c.success {
		add(parse.PartSuccess, parse.Success, 1, "u")
	} else if c.closed {
		add(parse.PartClosed, parse.NoOutcome, 1, "u")
	}
	add(parse.PartClosed, parse.NoOutcome, 1, "")
	return out
}

// TestOrder shuffles the lines of each second, and compares the failures and successes of each client with the definition.
func TestOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var attempts []attempt
		for i := range rapid.IntRange(1, 20).Draw(t, "connections") {
			c := attempt{
				failed: rapid.SliceOfN(rapid.IntRange(1, 5), 0, 3).Draw(t, "failed"), named: rapid.Bool().Draw(t, "named"),
				success: rapid.Bool().Draw(t, "success"), closed: rapid.Bool().Draw(t, "closed"), second: i / 4,
			}
			c.named = c.named && !c.success // sshd accepts no user it called invalid
			attempts = append(attempts, c)
		}
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		failures, successes := run(attempts, rng, rapid.IntRange(1, 7).Draw(t, "batch"))
		for i, c := range attempts {
			client := named(i).Client
			want := 0
			if c.success {
				want = 1
			}
			if failures[client] != c.failures() || successes[client] != want {
				t.Errorf("connection %d %+v: %d failures, %d successes; want %d, %d", i, c, failures[client], successes[client], c.failures(), want)
			}
		}
	})
}

// run sends the lines of attempts through an Assembler, shuffled within each second, taking what is due after each batch.
func run(attempts []attempt, rng *rand.Rand, batch int) (failures, successes map[netip.Addr]int) {
	var events []parse.Event
	var second []parse.Event
	for i, c := range attempts {
		second = append(second, c.events(i)...)
		if i == len(attempts)-1 || attempts[i+1].second != c.second {
			rng.Shuffle(len(second), func(a, b int) { second[a], second[b] = second[b], second[a] })
			events, second = append(events, second...), nil
		}
	}
	failures, successes = map[netip.Addr]int{}, map[netip.Addr]int{}
	add := func(ev *parse.Event) {
		if ev.Outcome == parse.Success {
			successes[ev.Client] += ev.Repeat
		} else {
			failures[ev.Client] += ev.Repeat
		}
	}
	a := login.New(0)
	for i := range events {
		if a.Add(&events[i]) {
			add(&events[i])
		}
		if i%batch == 0 || i == len(events)-1 {
			if i == len(events)-1 {
				a.Flush()
			}
			for _, ev := range a.Due(nil) {
				add(&ev)
			}
		}
	}
	return failures, successes
}

func BenchmarkAdd(b *testing.B) {
	a := login.New(0)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		ev := named(i % 60_000)
		ev.Time = noon.Add(time.Duration(i) * time.Millisecond)
		a.Add(&ev)
		ev.Part.Kind = parse.PartClosed
		a.Add(&ev)
	}
}
