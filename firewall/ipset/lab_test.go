//go:build linux

package ipset_test

import (
	"log/slog"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"cidrx/firewall"
	"cidrx/firewall/firewalltest"
	"cidrx/firewall/ipset"
	"cidrx/firewall/netlab"
)

// TestMain has iptables-legacy lock a file of the tests, and not the one that the host's own rules are guarded by.
func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "cidrx-ipset-")
	if err == nil {
		err = os.Chmod(dir, 0o777) // some tests run as nobody
	}
	if err == nil && os.Getenv("XTABLES_LOCKFILE") == "" {
		err = os.Setenv("XTABLES_LOCKFILE", filepath.Join(dir, "xtables.lock"))
	}
	if err != nil {
		panic(err)
	}
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

var variants = []ipset.Variant{ipset.Nft, ipset.Legacy}

// both runs a test with both variants of iptables, beside the others.
func both(t *testing.T, test func(t *testing.T, v ipset.Variant)) {
	t.Helper()
	t.Parallel()
	for _, v := range variants {
		t.Run("iptables-"+string(v), func(t *testing.T) {
			t.Parallel()
			test(t, v)
		})
	}
}

// backend is what the tests of all backends need of this one.
func backend(v ipset.Variant) firewalltest.Backend {
	return firewalltest.Backend{
		Open: func(t testing.TB, ns *netlab.Namespace, o firewalltest.Options) firewalltest.Firewall {
			return open(t, ns, ipset.Options{
				Hook: ipset.Hook(o.Hook), Action: ipset.Action(o.Action), Ports: o.Ports, ProtectOutbound: o.ProtectOutbound, Variant: v,
			})
		},
		Listed:  listed,
		Longest: ipset.MaxTimeout,
		Slow:    40,
	}
}

// open makes a Firewall in a namespace; it is closed with the test.
func open(t testing.TB, ns *netlab.Namespace, o ipset.Options) *ipset.Firewall {
	t.Helper()
	o.Netns = ns.FD()
	if o.Logger == nil {
		o.Logger = slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	f, err := ipset.New(o)
	firewalltest.Check(t, err)
	t.Cleanup(func() { firewalltest.Check(t, f.Close()) })
	return f
}

// run runs a program in a namespace.
func run(t testing.TB, ns *netlab.Namespace, args ...string) string {
	t.Helper()
	cmd := exec.Command(args[0], args[1:]...)
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	firewalltest.Check(t, ns.Start(cmd))
	if err := cmd.Wait(); err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, out.String())
	}
	return out.String()
}

// listed is what ipset says is in our sets, /0 as what we make of it: its two halves.
func listed(t testing.TB, ns *netlab.Namespace) (bans map[netip.Prefix]time.Duration, allow []netip.Prefix) {
	t.Helper()
	bans = map[netip.Prefix]time.Duration{}
	allowed := map[netip.Prefix]time.Duration{}
	for _, line := range strings.Split(run(t, ns, "ipset", "save"), "\n") {
		words := strings.Fields(line)
		if len(words) < 3 || words[0] != "add" {
			continue
		}
		if strings.HasSuffix(words[1], "-allow") {
			allowed[prefix(words[2])] = 0
			continue
		}
		p := prefix(words[2])
		if p.Addr().IsMulticast() && (p.Contains(netip.MustParseAddr("239.255.255.255")) || p.Contains(netip.MustParseAddr("ffee::ffee"))) {
			continue // an anchor
		}
		network := firewall.SetOf(p) == firewall.Net4 || firewall.SetOf(p) == firewall.Net6
		if slices.Contains(words, "nomatch") != network {
			t.Errorf("%s: the mark of a network", line)
		}
		seconds, err := strconv.Atoi(words[slices.Index(words, "timeout")+1])
		firewalltest.Check(t, err)
		bans[p] = time.Duration(seconds) * time.Second
	}
	joinHalves(bans)
	joinHalves(allowed)
	return bans, widest(allowed)
}

func prefix(text string) netip.Prefix {
	if strings.Contains(text, "/") {
		return netip.MustParsePrefix(text)
	}
	a := netip.MustParseAddr(text)
	return netip.PrefixFrom(a, a.BitLen())
}

func joinHalves(m map[netip.Prefix]time.Duration) {
	for whole, halves := range map[string][2]string{"0.0.0.0/0": {"0.0.0.0/1", "128.0.0.0/1"}, "::/0": {"::/1", "8000::/1"}} {
		a, b := netip.MustParsePrefix(halves[0]), netip.MustParsePrefix(halves[1])
		left, ok := m[a]
		if _, too := m[b]; ok && too {
			m[netip.MustParsePrefix(whole)] = left
			delete(m, a)
			delete(m, b)
		}
	}
}

// widest are those that lie in no other, sorted.
func widest(all map[netip.Prefix]time.Duration) (out []netip.Prefix) {
	for p := range all {
		inside := false
		for q := range all {
			inside = inside || q != p && q.Bits() <= p.Bits() && q.Contains(p.Addr())
		}
		if !inside {
			out = append(out, p)
		}
	}
	slices.SortFunc(out, netip.Prefix.Compare)
	return out
}
