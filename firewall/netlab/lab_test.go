//go:build linux

package netlab_test

import (
	"context"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"cidrx/firewall/netlab"

	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func namespaces(t *testing.T, lab *netlab.Lab, names ...string) []*netlab.Namespace {
	t.Helper()
	var out []*netlab.Namespace
	for _, name := range names {
		ns, err := lab.Namespace(name)
		check(t, err)
		out = append(out, ns)
	}
	return out
}

// pair is two hosts with a link, and 203.0.113.0/26 and 2001:db8:bad::/64 behind the first.
func pair(t *testing.T) (attackers, edge *netlab.Namespace) {
	t.Helper()
	lab := netlab.New()
	t.Cleanup(func() { check(t, lab.Close()) })
	hosts := namespaces(t, lab, "attackers", "edge")
	attackers, edge = hosts[0], hosts[1]
	check(t, lab.Link(attackers, edge, "192.0.2.1/24", "192.0.2.2/24", "2001:db8::1/64", "2001:db8::2/64"))
	check(t, attackers.Own("203.0.113.0/26"))
	check(t, attackers.Own("2001:db8:bad::/64"))
	check(t, edge.AddRoute("203.0.113.0/26", "192.0.2.1"))
	check(t, edge.AddRoute("2001:db8:bad::/64", "2001:db8::1"))
	return attackers, edge
}

// visit connects and returns the source address that the server saw.
func visit(t *testing.T, from *netlab.Namespace, source string, to *netlab.Namespace, listen, address string) string {
	t.Helper()
	ln, err := to.Listen("tcp", listen)
	check(t, err)
	defer ln.Close()
	seen := make(chan string, 1)
	go func() {
		conn, err := ln.Accept()
		if err != nil {
			seen <- err.Error()
			return
		}
		defer conn.Close()
		seen <- conn.RemoteAddr().(*net.TCPAddr).AddrPort().Addr().Unmap().String()
	}()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	addr, _ := netip.ParseAddr(source)
	conn, err := from.Dial(ctx, "tcp", addr, address)
	check(t, err)
	defer conn.Close()
	return <-seen
}

func TestDialFromChosenSource(t *testing.T) {
	attackers, edge := pair(t)
	tests := []struct{ name, source, address, want string }{
		{"kernel's choice", "", "192.0.2.2:80", "192.0.2.1"},
		{"owned IPv4", "203.0.113.41", "192.0.2.2:80", "203.0.113.41"},
		{"kernel's choice, IPv6", "", "[2001:db8::2]:80", "2001:db8::1"},
		{"owned IPv6", "2001:db8:bad::77", "[2001:db8::2]:80", "2001:db8:bad::77"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := visit(t, attackers, tt.source, edge, tt.address, tt.address); got != tt.want {
				t.Errorf("server saw %s, want %s", got, tt.want)
			}
		})
	}
}

func TestForwardThroughRouter(t *testing.T) {
	lab := netlab.New()
	defer func() { check(t, lab.Close()) }()
	hosts := namespaces(t, lab, "outside", "router", "inside")
	outside, router, inside := hosts[0], hosts[1], hosts[2]
	check(t, lab.Link(outside, router, "192.0.2.1/24", "192.0.2.254/24", "2001:db8:1::1/64", "2001:db8:1::fe/64"))
	check(t, lab.Link(inside, router, "10.0.0.1/24", "10.0.0.254/24", "2001:db8:2::1/64", "2001:db8:2::fe/64"))
	for _, ns := range []struct {
		host *netlab.Namespace
		gw   []string
	}{{outside, []string{"192.0.2.254", "2001:db8:1::fe"}}, {inside, []string{"10.0.0.254", "2001:db8:2::fe"}}} {
		check(t, ns.host.AddRoute("0.0.0.0/0", ns.gw[0]))
		check(t, ns.host.AddRoute("::/0", ns.gw[1]))
	}
	check(t, router.Forward(true))
	for source, address := range map[string]string{"192.0.2.1": "10.0.0.1:80", "2001:db8:1::1": "[2001:db8:2::1]:80"} {
		if got := visit(t, outside, "", inside, address, address); got != source {
			t.Errorf("server at %s saw %s, want %s", address, got, source)
		}
	}
}

func TestChildProcessLivesInNamespace(t *testing.T) {
	attackers, _ := pair(t)
	cmd := exec.Command("/bin/cat", "/proc/self/net/dev")
	var out strings.Builder
	cmd.Stdout = &out
	check(t, attackers.Start(cmd))
	check(t, cmd.Wait())
	if !strings.Contains(out.String(), "edge:") {
		t.Errorf("the child does not see the link to edge:\n%s", out.String())
	}
}

func TestDoComesBack(t *testing.T) {
	attackers, edge := pair(t)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	home := current(t)
	done := make(chan struct{})
	go func() { // f may leave through runtime.Goexit, as t.FailNow does
		defer close(done)
		_ = attackers.Do(func() error { runtime.Goexit(); return nil })
	}()
	<-done
	check(t, attackers.Do(func() error {
		outer := current(t)
		check(t, edge.Do(func() error {
			if current(t) == outer {
				t.Error("the inner Do did not change the namespace")
			}
			return nil
		}))
		if current(t) != outer {
			t.Error("the inner Do did not come back to the outer namespace")
		}
		return nil
	}))
	if current(t) != home {
		t.Error("Do did not come back")
	}
}

func current(t *testing.T) string {
	t.Helper()
	h, err := netns.Get()
	check(t, err)
	defer h.Close()
	return h.UniqueId()
}

func TestErrorsNameTheObject(t *testing.T) {
	attackers, _ := pair(t)
	lab := netlab.New()
	tests := []struct {
		name string
		err  error
		want string
	}{
		{"long name", second(lab.Namespace("a-name-that-is-too-long")), "a-name-that-is-too-long"},
		{"reserved name", second(lab.Namespace("lo")), `"lo"`},
		{"no such device", attackers.AddAddr("nowhere", "192.0.2.9/24"), "nowhere"},
		{"bad address", attackers.AddAddr("edge", "192.0.2.9"), "192.0.2.9"},
		{"unreachable gateway", attackers.AddRoute("198.51.100.0/24", "10.9.9.9"), "198.51.100.0/24"},
		{"bad prefix to own", attackers.Own("203.0.113.0/33"), "203.0.113.0/33"},
		{"odd addresses", lab.Link(attackers, attackers, "192.0.2.1/24"), "pairs"},
	}
	for _, tt := range tests {
		if tt.err == nil || !strings.Contains(tt.err.Error(), tt.want) {
			t.Errorf("%s: error %v does not name %q", tt.name, tt.err, tt.want)
		}
	}
}

func second[T any](_ T, err error) error { return err }

// TestNothingIsLeftBehind waits for the other end of a link to vanish with the network, in a namespace that outlives it.
func TestNothingIsLeftBehind(t *testing.T) {
	before := openFiles(t)
	for range 3 {
		lab := netlab.New()
		hosts := namespaces(t, lab, "a", "b")
		check(t, lab.Link(hosts[0], hosts[1], "192.0.2.1/24", "192.0.2.2/24"))
		check(t, lab.Close())
		check(t, lab.Close())
	}
	if after := openFiles(t); after > before {
		t.Errorf("%d descriptors open, %d before", after, before)
	}
}

func openFiles(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	check(t, err)
	return len(entries)
}

// TestWithoutRoot runs TestDialFromChosenSource again as nobody in private user and network namespaces, as the demonstration does.
func TestWithoutRoot(t *testing.T) {
	const nobody = 65534
	self, err := os.Open("/proc/self/exe") // the test binary lies where nobody may not look
	check(t, err)
	defer self.Close()
	cmd := exec.Command("/proc/self/fd/3", "-test.run=^TestDialFromChosenSource$", "-test.v")
	cmd.ExtraFiles = []*os.File{self}
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Credential:  &syscall.Credential{NoSetGroups: true},
		Cloneflags:  unix.CLONE_NEWUSER | unix.CLONE_NEWNET,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: nobody, Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: nobody, Size: 1}},
	}
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "PASS: TestDialFromChosenSource") {
		t.Fatalf("%v\n%s", err, out)
	}
}
