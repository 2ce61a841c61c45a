package top

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"cidrx/agent/control"
	"cidrx/cmd/internal/term"
	"cidrx/cmd/internal/term/termtest"
)

var start = time.Date(2026, 11, 21, 20, 0, 0, 0, time.UTC)

const hostile = "\x1b]0;owned\a\u009b2J\u202etxt.exe 日本 e\u0301\u0301 👩‍👩‍👧 \xff"

// fake is an agent with something to show about everything, most of it hostile.
type fake struct {
	mu    sync.Mutex
	top   control.Top
	bans  []control.Ban
	err   error
	calls []string
}

func newFake() *fake {
	end := start.Add(10 * time.Minute)
	f := &fake{}
	f.top = control.Top{
		At: start, MayAct: true, DroppedAt: &start, Dropped: []control.Count{{What: "host4", N: 100}},
		Status: control.Status{State: "enforcing", Mode: "enforce", Backend: "nftables", UptimeS: 100, Bans: control.BanCount{IPv4: 2, IPv6: 1},
			Kernel: control.Kernel{Elements: 3, Drift: 1, Repairs: 2}, Why: hostile,
			Sources: []control.Source{{Name: "web", Path: "/var/log/nginx/access.log", Lines: 1000, LagS: 0.002},
				{Name: hostile, Path: hostile, Lines: 5, Failed: 3, LagS: 1e300, Error: hostile}},
			Strategies: []control.Strategy{{Name: "botnet", Requests: 500, Addresses: 70, WindowS: 600, Verdicts: 1}, {Name: hostile, WindowS: -1}}},
		Tallies: []control.Tally{{Name: "botnet", Requests: 500}},
		Hottest: []control.Hot{
			{Standing: control.Standing{Name: "botnet", Tier: "tier 1 [600,16,25,0.06]", Prefix: netip.MustParsePrefix("203.0.113.0/24"), Requests: 1200, Needed: 600, Hosts: 70, HostsNeeded: 5}, State: "in_force"},
			{Standing: control.Standing{Name: "botnet", Tier: hostile, Prefix: netip.MustParsePrefix("198.51.100.0/24"), Requests: 480, Needed: 600, Hosts: 70, HostsNeeded: 5}},
			{Standing: control.Standing{Name: hostile, Tier: hostile, Prefix: netip.MustParsePrefix("2001:db8:1234:5678::/64"), Requests: 1 << 63, Needed: 0, Hosts: -5, HostsNeeded: 3}, State: hostile},
		},
	}
	f.bans = []control.Ban{
		{Prefix: netip.MustParsePrefix("203.0.113.0/24"), Start: start, Until: &end, RemainingS: 500, State: "in_force", DroppedPackets: 12345, Reasons: []string{`strategy "botnet", tier 1 [600,16,25,0.06]`}},
		{Prefix: netip.MustParsePrefix("2001:db8:1234:5678::/64"), Start: start.Add(time.Second), State: hostile, Stage: -1, Reasons: []string{hostile}},
	}
	return f
}

func (f *fake) Top(context.Context) (control.Top, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.top, f.err
}

func (f *fake) EventsSince(ctx context.Context, _ time.Time, _ func(control.Event) error) error {
	<-ctx.Done()
	return nil
}

func (f *fake) Bans(context.Context, bool) ([]control.Ban, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]control.Ban(nil), f.bans...), f.err
}

func (f *fake) Why(_ context.Context, a netip.Addr) (control.Why, error) {
	return control.Why{Address: a, Bans: []control.Ban{{Prefix: netip.PrefixFrom(a, a.BitLen())}}}, f.err
}

func (f *fake) Ban(_ context.Context, r control.BanRequest) (control.Done, error) {
	f.calls = append(f.calls, "ban "+r.Prefix.String()+" "+(time.Duration(r.ForS)*time.Second).String()+" "+r.Reason)
	return control.Done{Done: []netip.Prefix{r.Prefix}, State: "in_force"}, f.err
}

func (f *fake) Unblock(_ context.Context, r control.UnblockRequest) (control.Done, error) {
	f.calls = append(f.calls, "unblock "+r.Prefixes[0].String())
	return control.Done{Nothing: r.Prefixes}, f.err
}

// screen is a view without a terminal, on a clock that goes when nobody has anything left to do (testing/synctest). What its commands bring comes to it
// at once, but for time and events.
type screen struct {
	*model
	t    *testing.T
	quit bool
	ctx  context.Context
}

func shown(t *testing.T, f *fake, width, height int) *screen {
	return shownBy(t, f, f.top, width, height)
}

func shownBy(t *testing.T, agent Agent, first control.Top, width, height int) *screen {
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	m := newModel(ctx, Options{Agent: agent, First: first, Length: time.ParseDuration, Explain: func(w control.Why, columns int) []string {
		return term.Wrap("everything about "+w.Address.String()+strings.Repeat(" words", 200), columns)
	}})
	s := &screen{model: m, t: t, ctx: ctx}
	s.update(tea.WindowSizeMsg{Width: width, Height: height})
	return s
}

func (s *screen) update(msg tea.Msg) {
	_, cmd := s.Update(msg)
	s.View() // it is drawn all the time
	s.run(cmd)
}

// run does what a command does, except waiting.
func (s *screen) run(cmd tea.Cmd) {
	if cmd == nil {
		return
	}
	got := make(chan tea.Msg, 1)
	go func() { got <- cmd() }()
	select {
	case msg := <-got:
		switch msg := msg.(type) {
		case tea.BatchMsg:
			for _, c := range msg {
				s.run(c)
			}
		case tea.QuitMsg:
			s.quit = true
		case ticked, happened, tea.SuspendMsg, nil:
		default:
			s.update(msg)
		}
	case <-time.After(50 * time.Millisecond): // it waits for the clock, or for events: on the tests' clock all others are done by then
	}
}

func (s *screen) press(keys ...string) {
	for _, k := range keys {
		s.update(termtest.Key(k))
	}
}

func (s *screen) typed(text string) {
	for _, r := range text {
		s.press(string(r))
	}
}

func (s *screen) text() string { return ansi.Strip(s.View().Content) }

func (s *screen) wants(texts ...string) {
	s.t.Helper()
	for _, text := range texts {
		if !strings.Contains(s.text(), text) {
			s.t.Fatalf("no %q on the screen:\n%s", text, s.text())
		}
	}
}

// Whatever is pressed in whatever size, and whatever the agent says: no panic, no line wider than the terminal, not more lines than it has,
// and nothing in the text that a terminal would obey.
func TestAnyKeys(t *testing.T) { synctest.Test(t, testAnyKeys) }

func testAnyKeys(t *testing.T) {
	keys := strings.Fields("up down enter esc tab shift+tab backspace pgdown home end 1 2 3 4 u y n b w s r ? q z 日 enter down")
	for seed := range uint64(8) {
		r := rand.New(rand.NewPCG(seed, 3))
		f := newFake()
		s := shown(t, f, 80, 24)
		for step := range 100 {
			switch r.IntN(12) {
			case 0:
				s.update(tea.WindowSizeMsg{Width: r.IntN(140), Height: r.IntN(60)})
			case 1:
				s.update(tea.PasteMsg{Content: "203.0.113.7" + hostile})
			case 2:
				f.top.At = f.top.At.Add(time.Second)
				f.top.Status.UptimeS = r.Int64N(200)
				f.top.MayAct = r.IntN(4) > 0
				f.top.Hottest = f.top.Hottest[:r.IntN(len(f.top.Hottest)+1)]
				f.err = []error{nil, nil, errors.New(hostile)}[r.IntN(3)]
				s.update(answered{top: f.top, err: f.err, deeds: s.deeds - r.IntN(2)})
			case 3:
				f.bans = f.bans[:r.IntN(len(f.bans)+1)]
				s.update(listed{list: f.bans, err: f.err, deeds: s.deeds - r.IntN(2)})
			case 4:
				p := netip.MustParsePrefix("192.0.2.0/24")
				s.feed.add(control.Event{At: start, Event: []string{"ban", "unban", hostile}[r.IntN(3)], Prefix: []*netip.Prefix{nil, &p}[r.IntN(2)], State: hostile, By: hostile, Reason: hostile})
				s.events, s.seen = s.feed.newest()
			default:
				s.press(keys[r.IntN(len(keys))])
			}
			if !termtest.Fits(t, s.View(), s.Width, s.Height) {
				t.Fatalf("seed %d, step %d, %dx%d:\n%s", seed, step, s.Width, s.Height, s.text())
			}
		}
	}
}
