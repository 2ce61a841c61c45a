//go:build linux

package nftables_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	gosync "sync"
	"syscall"
	"testing"
	"time"

	"cidrx/firewall"
	"cidrx/firewall/netlab"
	"cidrx/firewall/nftables"

	"golang.org/x/sys/unix"
)

func loneHost(t testing.TB) *netlab.Namespace {
	t.Helper()
	lab := netlab.New()
	t.Cleanup(func() { check(t, lab.Close()) })
	return host(t, lab, "edge")
}

// TestSmallSendBuffer has sockets that may not send a full write at once: what is there is read back and changed.
func TestSmallSendBuffer(t *testing.T) {
	ns := loneHost(t)
	f := open(t, ns, nftables.Options{})
	f.LimitSend(64 << 10)
	sync(t, f, many(2000, 200))
	w := many(1800, 300)
	f.Distrust()
	f.LimitSend(64 << 10)
	if r := sync(t, f, w); !r.Full {
		t.Errorf("%+v, want a full write", r)
	}
	holds(t, ns, w)
	if r := sync(t, f, w); r != (firewall.Result{}) {
		t.Errorf("the second time: %+v", r)
	}
}

// TestManyOpenFiles has the connections replaced where the netlink library panics: descriptors over 1023.
func TestManyOpenFiles(t *testing.T) {
	ns := loneHost(t)
	f := open(t, ns, nftables.Options{})
	w := ban("203.0.113.0/25", "203.0.113.200/32")
	sync(t, f, w)
	check(t, f.Disconnect())
	f.Distrust()
	var files []*os.File
	for len(files) == 0 || files[len(files)-1].Fd() < 1100 {
		file, err := os.Open(os.DevNull)
		check(t, err)
		files = append(files, file)
	}
	if _, err := f.Sync(t.Context(), w); err == nil || !strings.Contains(err.Error(), "1023") {
		t.Errorf("error %v, want one about descriptors", err)
	}
	for _, file := range files {
		check(t, file.Close())
	}
	if r := sync(t, f, w); !r.Full {
		t.Errorf("%+v, want a full write", r)
	}
	holds(t, ns, w)
}

// TestClockSet sets the clock: what is left of the bans is given to the kernel again.
func TestClockSet(t *testing.T) {
	ns := loneHost(t)
	now, passed := time.Now(), time.Duration(0)
	f := open(t, ns, nftables.Options{Now: func() time.Time { return now }})
	f.Uptime(func() time.Duration { return passed })
	w := banFor(10*time.Hour, "203.0.113.0/25", "203.0.113.200/32")
	sync(t, f, w)
	passed += time.Minute
	now = now.Add(time.Minute)
	if r := sync(t, f, w); r != (firewall.Result{}) {
		t.Errorf("after a minute: %+v", r)
	}
	for _, step := range []time.Duration{2 * time.Hour, -3 * time.Hour} {
		now = now.Add(step)
		if r := sync(t, f, w); r != (firewall.Result{Refreshed: 2}) {
			t.Errorf("after a step of %v: %+v, want 2 refreshed", step, r)
		}
		bans, _ := listed(t, ns)
		for p, expires := range bans {
			if d := w.Elements[0].Until.Sub(now) - expires; d.Abs() > 3*time.Second {
				t.Errorf("after a step of %v: %v expires in %v, want %v", step, p, expires, w.Elements[0].Until.Sub(now))
			}
		}
	}
}

// TestSameTimeoutAgain bans for the same time again when some of it is gone: a kernel that compares the timeouts finds nothing to do.
func TestSameTimeoutAgain(t *testing.T) {
	for name, old := range map[string]bool{"this kernel": false, "as on an old kernel": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sameTimeoutAgain(t, old)
		})
	}
}

func sameTimeoutAgain(t *testing.T, old bool) {
	ns := loneHost(t)
	now, passed := time.Now(), time.Duration(0)
	f := open(t, ns, nftables.Options{Now: func() time.Time { return now }})
	f.Uptime(func() time.Duration { return passed })
	if old {
		f.OldKernel()
	}
	w := ban("198.51.100.0/24", "203.0.113.7/32", "2001:db8:bad:1::/64", "2001:db8:cafe::/56")
	banFor4s := func() {
		for i := range w.Elements {
			w.Elements[i].Until = now.Add(4 * time.Second)
		}
		sync(t, f, w)
	}
	banFor4s()
	eventually(t, "half of the time is gone", func() bool {
		bans, _ := listed(t, ns)
		return bans[w.Elements[0].Prefix] < 2*time.Second
	})
	now, passed = now.Add(2*time.Second), passed+2*time.Second
	again := time.Now()
	banFor4s()
	bans, _ := listed(t, ns)
	least := 3*time.Second - time.Since(again) // nft prints whole seconds
	for _, e := range w.Elements {
		if bans[e.Prefix] < least {
			t.Errorf("%v expires in %v, want %v", e.Prefix, bans[e.Prefix], least)
		}
	}
}

func TestWantThatNoKernelHoldsChangesNothing(t *testing.T) {
	ns := loneHost(t)
	f := open(t, ns, nftables.Options{})
	bad := firewall.Want{Elements: append(ban("203.0.113.0/24").Elements, ban("203.0.113.7/32").Elements...)}
	if _, err := f.Sync(t.Context(), bad); err == nil {
		t.Error("overlaps are accepted at the start")
	}
	good := ban("203.0.113.0/24")
	sync(t, f, good)
	if _, err := f.Sync(t.Context(), bad); err == nil {
		t.Error("overlaps are accepted")
	}
	holds(t, ns, good)
	if r := sync(t, f, good); r != (firewall.Result{}) {
		t.Errorf("afterwards: %+v", r)
	}
}

func TestCancelledAndClosed(t *testing.T) {
	ns := loneHost(t)
	f := open(t, ns, nftables.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := f.Sync(ctx, ban("203.0.113.0/24")); !errors.Is(err, context.Canceled) {
		t.Errorf("Sync: %v, want cancelled", err)
	}
	watched := make(chan error)
	go func() { watched <- f.Watch(context.Background(), func(firewall.Drift) {}) }()
	check(t, f.Close())
	if err := <-watched; err != nil {
		t.Errorf("Watch of a closed one: %v", err)
	}
	if _, err := f.Sync(t.Context(), ban("203.0.113.0/24")); !errors.Is(err, os.ErrClosed) {
		t.Errorf("Sync: %v, want closed", err)
	}
	if _, err := f.Counters(t.Context()); !errors.Is(err, os.ErrClosed) {
		t.Errorf("Counters: %v, want closed", err)
	}
	check(t, f.Close())
}

// TestEverythingAtOnce is for the race detector.
func TestEverythingAtOnce(t *testing.T) {
	ns := loneHost(t)
	f, drifts := watched(t, ns, nftables.Options{})
	go func() {
		for range drifts {
		}
	}()
	var workers gosync.WaitGroup
	for worker := range 3 {
		workers.Go(func() {
			for i := range 20 {
				_, err := f.Sync(t.Context(), []firewall.Want{ban("203.0.113.0/24"), ban("203.0.113.7/32"), many(300, 30)}[(i+worker)%3])
				if err != nil && !errors.Is(err, unix.ENOENT) { // the table may go twice in the middle of a full write
					t.Errorf("Sync: %v", err)
				}
				if _, err := f.Counters(t.Context()); err != nil {
					t.Errorf("Counters: %v", err)
				}
			}
		})
	}
	workers.Go(func() {
		for range 10 {
			nft(t, ns, "flush ruleset")
		}
	})
	workers.Wait()
	w := ban("203.0.113.0/24")
	eventually(t, "the state settles", func() bool { r := sync(t, f, w); return r == firewall.Result{} && f.Caught() })
	holds(t, ns, w)
}

// child runs tests of this package again in a process with other rights.
func child(t *testing.T, attr *syscall.SysProcAttr, run string) (string, error) {
	t.Helper()
	self, err := os.Open("/proc/self/exe") // the test binary lies where nobody may not look
	check(t, err)
	defer self.Close()
	cmd := exec.Command("/proc/self/fd/3", "-test.run="+run, "-test.v")
	cmd.ExtraFiles, cmd.Dir, cmd.SysProcAttr = []*os.File{self}, "/", attr
	cmd.Env = append(os.Environ(), "CIDRX_TEST_CHILD=1")
	out, err := cmd.CombinedOutput()
	return string(out), err
}

const nobody = 65534

func TestWithoutPermission(t *testing.T) {
	if os.Getenv("CIDRX_TEST_CHILD") != "" {
		_, err := nftables.New(nftables.Options{})
		fmt.Println("New:", err)
		return
	}
	out, err := child(t, &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}, "^TestWithoutPermission$")
	check(t, err)
	if !strings.Contains(out, "CAP_NET_ADMIN") || !strings.Contains(out, "operation not permitted") {
		t.Errorf("the error does not say what is missing:\n%s", out)
	}
}

// TestInUserNamespace runs a good part of the tests as root of a private user namespace, which is nobody outside of it.
func TestInUserNamespace(t *testing.T) {
	out, err := child(t, &syscall.SysProcAttr{
		Credential:  &syscall.Credential{NoSetGroups: true},
		Cloneflags:  unix.CLONE_NEWUSER | unix.CLONE_NEWNET,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: nobody, Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: nobody, Size: 1}},
	}, "^(TestBannedSources.*|TestForeignChanges.*|TestSmallSendBuffer)$")
	if err != nil || strings.Count(out, "\n--- PASS") != 3 {
		t.Fatalf("%v\n%s", err, out)
	}
}

// TestLargeState goes through states that take several commits, and one that takes one of several megabytes.
func TestLargeState(t *testing.T) {
	ns := loneHost(t)
	f, drifts := watched(t, ns, nftables.Options{ProtectOutbound: true})
	first, second := many(10_000, 1_000), many(10_500, 500)
	sync(t, f, first)
	sync(t, f, second)
	holds(t, ns, second)
	f.Distrust()
	if r := sync(t, f, first); r != (firewall.Result{Added: 11_000, Full: true}) {
		t.Errorf("%+v", r)
	}
	holds(t, ns, first)
	eventually(t, "all counters are there", func() bool {
		c, err := f.Counters(t.Context())
		check(t, err)
		return len(c.Elements) == len(first.Elements)
	})
	select {
	case d := <-drifts:
		t.Errorf("our own changes are taken for drift: %+v", d)
	default:
	}
}

// TestFeatures checks the probe against the version of the kernel.
func TestFeatures(t *testing.T) {
	f := open(t, loneHost(t), nftables.Options{})
	var u unix.Utsname
	check(t, unix.Uname(&u))
	var major, minor int
	if _, err := fmt.Sscanf(unix.ByteSliceToString(u.Release[:]), "%d.%d", &major, &minor); err != nil {
		t.Fatal(err)
	}
	atLeast := func(a, b int) bool { return major > a || major == a && minor >= b }
	if got, want := f.Replaces(), atLeast(6, 12); got != want {
		t.Errorf("timeouts are replaced: %v, want %v on %d.%d", got, want, major, minor)
	}
	if got, want := f.Destroys(), atLeast(6, 3); got != want {
		t.Errorf("absent elements can be destroyed: %v, want %v on %d.%d", got, want, major, minor)
	}
}

func TestNothingStaysOpen(t *testing.T) {
	ns := loneHost(t)
	files := func() int {
		entries, err := os.ReadDir("/proc/self/fd")
		check(t, err)
		return len(entries)
	}
	cycle := func() {
		f, err := nftables.New(nftables.Options{Netns: ns.FD()})
		check(t, err)
		sync(t, f, ban("203.0.113.0/24"))
		nft(t, ns, "flush ruleset")
		sync(t, f, ban("203.0.113.0/25")) // refused, so the connections are replaced
		check(t, f.Close())
	}
	cycle()
	before := files()
	for range 5 {
		cycle()
	}
	if after := files(); after > before {
		t.Errorf("%d descriptors open, %d before", after, before)
	}
}

func TestBadOptions(t *testing.T) {
	for name, o := range map[string]nftables.Options{
		"hook": {Hook: "output"}, "action": {Action: "tarpit"}, "port": {Ports: []uint16{0}}, "rate": {LogRate: -1}, "name": {Table: strings.Repeat("x", 100)},
	} {
		if f, err := nftables.New(o); err == nil {
			t.Errorf("bad %s is accepted", name)
			check(t, f.Close())
		}
	}
}

func TestProbe(t *testing.T) {
	ns := loneHost(t)
	checks, err := nftables.Probe(nftables.Options{Netns: ns.FD(), ProtectOutbound: true, Action: nftables.Reject, LogRate: 1})
	check(t, err)
	if len(checks) != 8 {
		t.Errorf("%d checks", len(checks))
	}
	for _, c := range checks {
		if c.Err != nil || c.Name == "" || c.Advice == "" {
			t.Errorf("%+v", c)
		}
	}
	if out := nft(t, ns, "list ruleset"); out != "" {
		t.Errorf("left behind: %s", out)
	}
}

// TestCountersSurviveARefresh shows what Counters promises; where the kernel needs an element deleted for it, it begins anew.
func TestCountersSurviveARefresh(t *testing.T) {
	n := newNetwork(t)
	in := listen(t, n.edge, to4)
	f := open(t, n.edge, nftables.Options{ProtectOutbound: true})
	w := ban("203.0.113.0/25", "203.0.113.200/32")
	sync(t, f, w)
	dropped(t, n.attackers, f, in, "203.0.113.7", to4)
	dropped(t, n.attackers, f, in, "203.0.113.200", to4)
	for i := range w.Elements {
		w.Elements[i].Until = w.Elements[i].Until.Add(time.Hour)
	}
	if r := sync(t, f, w); r != (firewall.Result{Refreshed: 2}) {
		t.Errorf("%+v", r)
	}
	holds(t, n.edge, w)
	if f.Replaces() && (drops(t, f, "203.0.113.7") != 1 || drops(t, f, "203.0.113.200") != 1) {
		t.Error("the counters of refreshed elements are gone")
	}
	c, err := f.Counters(t.Context())
	check(t, err)
	if c.Sets["host4"] != 1 || c.Sets["net4"] != 1 || len(c.Sets) != 4 {
		t.Errorf("counters of sets: %v", c.Sets)
	}
}
