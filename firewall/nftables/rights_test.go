//go:build linux

package nftables_test

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"cidrx/firewall/nftables"

	"golang.org/x/sys/unix"
)

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
