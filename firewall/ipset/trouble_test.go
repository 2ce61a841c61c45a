//go:build linux

package ipset_test

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	gosync "sync"
	"syscall"
	"testing"
	"time"

	"cidrx/firewall"
	"cidrx/firewall/firewalltest"
	"cidrx/firewall/ipset"

	"golang.org/x/sys/unix"
)

// child runs a test of this package again in a process with other rights.
func child(t *testing.T, attr *syscall.SysProcAttr, run string) (string, error) {
	t.Helper()
	self, err := os.Open("/proc/self/exe") // the test binary lies where nobody may not look
	firewalltest.Check(t, err)
	defer self.Close()
	cmd := exec.Command("/proc/self/fd/3", "-test.run="+run, "-test.v")
	cmd.ExtraFiles, cmd.Dir, cmd.SysProcAttr = []*os.File{self}, "/", attr
	cmd.Env = append(os.Environ(), "CIDRX_TEST_CHILD=1")
	out, err := cmd.CombinedOutput()
	return string(out), err
}

const nobody = 65534

var asNobody = &syscall.Credential{Uid: nobody, Gid: nobody}

// TestPrivileges runs as nobody in a network namespace of its own, with ever more capabilities.
func TestPrivileges(t *testing.T) {
	if os.Getenv("CIDRX_TEST_CHILD") != "" {
		bansAndRemoves(t)
		return
	}
	dir, err := os.MkdirTemp("", "cidrx-lock-") // t.TempDir is for root alone
	firewalltest.Check(t, err)
	defer os.RemoveAll(dir)
	firewalltest.Check(t, os.Chmod(dir, 0o777))
	t.Setenv("XTABLES_LOCKFILE", filepath.Join(dir, "lock"))
	all := []uintptr{unix.CAP_NET_ADMIN, unix.CAP_NET_RAW}
	for n, want := range map[int]string{0: "CAP_NET_ADMIN", 1: "CAP_NET_RAW", 2: "all went well with iptables-nft\nall went well with iptables-legacy"} {
		t.Run(fmt.Sprint(n, " capabilities"), func(t *testing.T) {
			out, err := child(t, &syscall.SysProcAttr{Credential: asNobody, Cloneflags: unix.CLONE_NEWNET, AmbientCaps: all[:n]}, "^TestPrivileges$")
			if err != nil || !strings.Contains(out, want) {
				t.Errorf("%v: no %q in\n%s", err, want, out)
			}
		})
	}
}

func bansAndRemoves(t *testing.T) {
	for _, v := range variants {
		f, err := ipset.New(ipset.Options{ProtectOutbound: true, Variant: v})
		if err != nil {
			fmt.Println("New:", err)
			continue
		}
		firewalltest.Sync(t, f, driftWant())
		firewalltest.Check(t, f.Remove(t.Context()))
		firewalltest.Check(t, f.Close())
		fmt.Println("all went well with", f.Variant())
	}
}

// TestLockThatMayNotBeRead says what to do about it.
func TestLockThatMayNotBeRead(t *testing.T) {
	if os.Getenv("CIDRX_TEST_CHILD") != "" {
		_, err := ipset.New(ipset.Options{Variant: ipset.Legacy})
		fmt.Println("New:", err)
		return
	}
	lock := filepath.Join(t.TempDir(), "xtables.lock")
	firewalltest.Check(t, os.WriteFile(lock, nil, 0o600))
	t.Setenv("XTABLES_LOCKFILE", lock)
	out, err := child(t, &syscall.SysProcAttr{Credential: asNobody, Cloneflags: unix.CLONE_NEWNET, AmbientCaps: []uintptr{unix.CAP_NET_ADMIN, unix.CAP_NET_RAW}}, "^TestLockThatMayNotBeRead$")
	if err != nil || !strings.Contains(out, "chgrp cidrx /run/xtables.lock") {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestMissingPrograms hides where the programs are from a process of its own.
func TestMissingPrograms(t *testing.T) {
	if os.Getenv("CIDRX_TEST_CHILD") != "" {
		withoutPrograms(t)
		return
	}
	t.Setenv("PATH", "")
	out, err := child(t, &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWNS | unix.CLONE_NEWNET}, "^TestMissingPrograms$")
	for _, want := range []string{`no program ipset (file does not exist): install the package "ipset"`, "Clean: <nil>",
		`no program iptables (file does not exist): install the package "iptables" (Debian, Ubuntu) or "iptables-nft" (RHEL, Fedora)`} {
		if err != nil || !strings.Contains(out, want) {
			t.Errorf("%v: no %q in\n%s", err, want, out)
		}
	}
}

func withoutPrograms(t *testing.T) {
	firewalltest.Check(t, unix.Mount("none", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""))
	for _, dir := range []string{"/usr/sbin", "/usr/local/sbin"} {
		firewalltest.Check(t, unix.Mount("none", dir, "tmpfs", 0, ""))
	}
	_, err := ipset.New(ipset.Options{})
	fmt.Println("New:", err, errors.Is(err, os.ErrNotExist))
	_, err = ipset.Clean(t.Context(), ipset.Options{})
	fmt.Println("Clean:", err)
	firewalltest.Check(t, os.Symlink("/bin/true", "/usr/sbin/ipset")) // which agrees to everything
	_, err = ipset.New(ipset.Options{})
	fmt.Println("New:", err)
}

func TestBadOptions(t *testing.T) {
	for name, o := range map[string]ipset.Options{
		"hook": {Hook: "output"}, "action": {Action: "tarpit"}, "port": {Ports: []uint16{0}}, "variant": {Variant: "ebtables"}, "long name": {Name: strings.Repeat("x", 100)},
		"name": {Name: "x 203.0.113.0/24"},
	} {
		if f, err := ipset.New(o); err == nil {
			t.Errorf("bad %s is accepted", name)
			firewalltest.Check(t, f.Close())
		}
	}
}

// TestSetsOfAnotherKind has somebody else's under our names: wrong options are put right, another type is not ours.
func TestSetsOfAnotherKind(t *testing.T) {
	ns := firewalltest.LoneHost(t)
	run(t, ns, "ipset", "create", "cidrx4", "hash:net", "maxelem", "2", "comment")
	run(t, ns, "ipset", "create", "cidrx6-new", "hash:net", "family", "inet6") // of a write that was cut short
	f := open(t, ns, ipset.Options{})
	firewalltest.Sync(t, f, driftWant())
	backend(ipset.HostVariant).Holds(t, ns, driftWant())
	firewalltest.Check(t, f.Remove(t.Context()))
	run(t, ns, "ipset", "create", "cidrx6", "hash:ip", "family", "inet6")
	if _, err := f.Sync(t.Context(), driftWant()); err == nil || !strings.Contains(err.Error(), "ipset rename cidrx6") {
		t.Errorf("error %v", err)
	}
}

// TestLongBans gives bans that are longer than the kernel can count the longest timeout, and that again before it ends.
func TestLongBans(t *testing.T) {
	ns := firewalltest.LoneHost(t)
	b := backend(ipset.HostVariant)
	var mu gosync.Mutex
	ahead := time.Duration(0)
	now := func() time.Time { mu.Lock(); defer mu.Unlock(); return time.Now().Add(ahead) }
	f, drifts := watched(t, ns, ipset.Options{Now: now})
	w := firewall.Want{Elements: []firewall.Element{
		{Prefix: netip.MustParsePrefix("198.51.100.0/24"), Until: time.Now().Add(24 * time.Hour)},
		{Prefix: netip.MustParsePrefix("203.0.113.7/32"), Until: time.Now().Add(20 * 365 * 24 * time.Hour)},
	}}
	firewalltest.Sync(t, f, w)
	b.Holds(t, ns, w)
	run(t, ns, "ipset", "-exist", "add", "cidrx4", "203.0.113.7", "timeout", fmt.Sprint(int(ipset.MaxTimeout/time.Second)/2+60)) // as if so much had passed
	mu.Lock()
	ahead = ipset.MaxTimeout/2 - time.Minute + time.Second
	mu.Unlock()
	select {
	case d := <-drifts: // the short ban is over by that clock, and in the kernel still
		if d.What != "elements changed" {
			t.Errorf("drift %+v", d)
		}
	case <-time.After(firewalltest.Patience):
		t.Fatal("no drift")
	}
	f.Uptime(func() time.Duration { return 1 << 50 })
	w.Elements = w.Elements[1:]
	firewalltest.Sync(t, f, w)
	run(t, ns, "ipset", "-exist", "add", "cidrx4", "203.0.113.7", "timeout", fmt.Sprint(int(ipset.MaxTimeout/time.Second)/2+60))
	mu.Lock()
	ahead = ipset.MaxTimeout/2 + time.Minute // Watch renews it as soon as it sees that
	mu.Unlock()
	firewalltest.Eventually(t, "it is renewed", func() bool {
		bans, _ := b.Listed(t, ns)
		return bans[w.Elements[0].Prefix] > ipset.MaxTimeout-time.Hour
	})
}

// TestClockSet sets the clock: what is left of the bans is given to the kernel again.
func TestClockSet(t *testing.T) {
	ns := firewalltest.LoneHost(t)
	now, passed := time.Now(), time.Duration(0)
	f := open(t, ns, ipset.Options{Now: func() time.Time { return now }})
	f.Uptime(func() time.Duration { return passed })
	w := firewalltest.BanFor(10*time.Hour, "203.0.113.0/25", "203.0.113.200/32")
	firewalltest.Sync(t, f, w)
	for _, step := range []time.Duration{2 * time.Hour, -3 * time.Hour} {
		now = now.Add(step)
		if r := firewalltest.Sync(t, f, w); r != (firewall.Result{Refreshed: 2}) {
			t.Errorf("after a step of %v: %+v, want 2 refreshed", step, r)
		}
		bans, _ := listed(t, ns)
		for p, expires := range bans {
			// The kernel's clock goes on meanwhile.
			if d := w.Elements[0].Until.Sub(now) - expires; d < -3*time.Second || d > time.Minute {
				t.Errorf("after a step of %v: %v expires in %v, want %v", step, p, expires, w.Elements[0].Until.Sub(now))
			}
		}
	}
}

// TestEverythingAtOnce is for the race detector.
func TestEverythingAtOnce(t *testing.T) {
	both(t, func(t *testing.T, v ipset.Variant) {
		ns := firewalltest.LoneHost(t)
		f, drifts := watched(t, ns, ipset.Options{Variant: v})
		go func() {
			for range drifts {
			}
		}()
		var workers gosync.WaitGroup
		for worker := range 3 {
			workers.Go(func() {
				for i := range 10 {
					w := []firewall.Want{firewalltest.Ban("203.0.113.0/24"), firewalltest.Ban("203.0.113.7/32"), firewalltest.Many(300, 30)}[(i+worker)%3]
					if _, err := f.Sync(t.Context(), w); err != nil {
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
				run(t, ns, "ipset", "flush")
			}
		})
		workers.Wait()
		w := firewalltest.Ban("203.0.113.0/24")
		firewalltest.Eventually(t, "the state settles", func() bool { return firewalltest.Sync(t, f, w) == firewall.Result{} })
		backend(v).Holds(t, ns, w)
	})
}

func TestNothingStaysOpen(t *testing.T) {
	ns := firewalltest.LoneHost(t)
	files := func() int {
		entries, err := os.ReadDir("/proc/self/fd")
		firewalltest.Check(t, err)
		return len(entries)
	}
	cycle := func() {
		f, err := ipset.New(ipset.Options{Netns: ns.FD()})
		firewalltest.Check(t, err)
		firewalltest.Sync(t, f, firewalltest.Ban("203.0.113.0/24"))
		firewalltest.Sync(t, f, firewalltest.Ban("203.0.113.0/25"))
		firewalltest.Check(t, f.Close())
	}
	cycle()
	before := files()
	for range 3 {
		cycle()
	}
	if after := files(); after > before {
		t.Errorf("%d descriptors open, %d before", after, before)
	}
}

// TestKernelWithoutIPv6 bans what there is.
func TestKernelWithoutIPv6(t *testing.T) {
	ns := firewalltest.LoneHost(t)
	f := open(t, ns, ipset.Options{ProtectOutbound: true})
	f.WithoutIPv6()
	w := driftWant()
	firewalltest.Sync(t, f, w)
	if r := firewalltest.Sync(t, f, w); r != (firewall.Result{}) {
		t.Errorf("the second time: %+v", r)
	}
	if left := run(t, ns, "ipset", "save") + run(t, ns, "ip6tables-save"); strings.Contains(left, "cidrx6") {
		t.Errorf("IPv6 all the same: %s", left)
	}
	want := firewall.Want{Elements: firewalltest.Ban("203.0.113.0/25", "203.0.113.200/32", "203.0.113.201/32", "255.255.255.0/24").Elements, Allow: driftWant().Allow[:1]}
	backend(ipset.HostVariant).Holds(t, ns, want)
}
