package host_test

import (
	"context"
	"encoding/binary"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"cidrx/agent/host"
	"cidrx/firewall/netlab"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var same = cmp.Comparer(func(a, b netip.Addr) bool { return a == b })

// lab makes a host with two uplinks.
func lab(t testing.TB) (edge *netlab.Namespace) {
	t.Helper()
	l := netlab.New()
	t.Cleanup(func() { l.Close() })
	namespace := func(name string) *netlab.Namespace {
		n, err := l.Namespace(name)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	edge = namespace("edge")
	do(t, l.Link(edge, namespace("up1"), "198.51.100.2/24", "198.51.100.1/24", "2001:db8:1::2/64", "2001:db8:1::1/64"))
	do(t, l.Link(edge, namespace("up2"), "203.0.113.2/24", "203.0.113.1/24"))
	do(t, edge.AddAddr("lo", "192.0.2.53/32"))
	do(t, edge.AddRoute("0.0.0.0/0", "198.51.100.1"))
	do(t, edge.AddRoute("::/0", "2001:db8:1::1"))
	do(t, edge.AddRoute("10.0.0.0/8", "203.0.113.1")) // no gateway of ours: other routes are not default ones
	return edge
}

func do(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// write writes a file below root.
func write(t testing.TB, root, path string, content []byte) {
	t.Helper()
	path = filepath.Join(root, path)
	do(t, os.MkdirAll(filepath.Dir(path), 0o755))
	do(t, os.WriteFile(path+".new", content, 0o644))
	do(t, os.Rename(path+".new", path))
}

// utmp is a record of a session from an IPv4 address.
func utmp(user string, ip ...byte) []byte {
	size, at := 384, 348
	if runtime.GOARCH == "arm64" {
		size, at = 400, 360
	}
	b := make([]byte, size)
	binary.NativeEndian.PutUint16(b, 7)
	copy(b[44:], user)
	copy(b[at:], ip)
	return b
}

func fact(addr string, kind host.Kind, why string) host.Fact {
	return host.Fact{Addr: netip.MustParseAddr(addr), Kind: kind, Why: why}
}

// network is what is true of every lab.
func network() host.Facts {
	return host.Facts{
		fact("192.0.2.53", host.Own, "own address (lo)"),
		fact("198.51.100.1", host.Gateway, "default gateway"),
		fact("198.51.100.2", host.Own, "own address (up1)"),
		fact("203.0.113.2", host.Own, "own address (up2)"),
		fact("2001:db8:1::1", host.Gateway, "default gateway"),
		fact("2001:db8:1::2", host.Own, "own address (up1)"),
	}
}

func TestFacts(t *testing.T) {
	edge, root := lab(t), t.TempDir()
	write(t, root, "etc/resolv.conf", []byte("nameserver 127.0.0.53\nnameserver 192.0.2.8\n"))
	write(t, root, "run/systemd/resolve/resolv.conf", []byte("nameserver 192.0.2.8\nnameserver 192.0.2.9\n"))
	write(t, root, "run/utmp", append(utmp("alice", 192, 0, 2, 10), utmp("alice", 192, 0, 2, 10)...))
	write(t, root, "run/systemd/sessions/3", []byte("USER=alice\nREMOTE_HOST=192.0.2.10\n"))
	write(t, root, "run/systemd/sessions/c4", []byte("USER=bob\nREMOTE_HOST=192.0.2.10\n"))
	do(t, syscall.Mkfifo(filepath.Join(root, "run/systemd/sessions/3.ref"), 0o600))
	var got host.Facts
	do(t, edge.Do(func() (err error) {
		got, err = host.New(host.Options{Root: root}).Facts(t.Context())
		return err
	}))
	n := network()
	want := append(host.Facts{
		fact("192.0.2.8", host.Resolver, "resolver (/etc/resolv.conf)"),
		fact("192.0.2.9", host.Resolver, "resolver (/run/systemd/resolve/resolv.conf)"),
		fact("192.0.2.10", host.Login, "login of alice"),
		fact("192.0.2.10", host.Login, "login of bob"),
	}, n...)
	if diff := cmp.Diff(want, got, same); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// What cannot be read is named, and costs nothing of the rest.
func TestUnreadable(t *testing.T) {
	edge, root := lab(t), t.TempDir()
	do(t, os.MkdirAll(filepath.Join(root, "run/utmp"), 0o755)) // a directory
	write(t, root, "run/systemd/sessions", []byte("a file"))
	write(t, root, "etc/resolv.conf", []byte("nameserver 192.0.2.8\n"))
	var got host.Facts
	var err error
	do(t, edge.Do(func() error {
		got, err = host.New(host.Options{Root: root}).Facts(t.Context())
		return nil
	}))
	if err == nil || !strings.Contains(err.Error(), "run/utmp") || !strings.Contains(err.Error(), "run/systemd/sessions") {
		t.Errorf("error %v", err)
	}
	want := append(host.Facts{fact("192.0.2.8", host.Resolver, "resolver (/etc/resolv.conf)")}, network()...)
	if diff := cmp.Diff(want, got, same); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// watched runs Watch in a namespace until the end of the test.
func watched(t *testing.T, n *netlab.Namespace, o host.Options) <-chan host.Facts {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	got, done := make(chan host.Facts), make(chan error, 1)
	go func() {
		done <- n.Do(func() error {
			return host.New(o).Watch(ctx, func(f host.Facts) {
				select {
				case got <- f:
				case <-ctx.Done():
				}
			})
		})
	}()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Errorf("Watch: %v", err)
		}
	})
	return got
}

// expect waits until Watch tells what is wanted. On the way there it may tell of less: an address comes before the route through it.
func expect(t *testing.T, what string, got <-chan host.Facts, want host.Facts) {
	t.Helper()
	var last host.Facts
	deadline := time.After(time.Minute)
	for {
		select {
		case last = <-got:
		case <-deadline:
			t.Fatalf("%s (-want +got):\n%s", what, cmp.Diff(want, last, same))
		}
		if cmp.Equal(want, last, same) {
			return
		}
	}
}

func TestWatch(t *testing.T) {
	edge, root := lab(t), t.TempDir()
	// Files are looked at so rarely that only the kernel can have told of addresses and routes.
	got := watched(t, edge, host.Options{Root: root, Every: time.Hour})
	want := network()
	expect(t, "at first", got, want)

	do(t, edge.AddAddr("up2", "203.0.113.99/24"))
	want = append(want[:4:4], append(host.Facts{fact("203.0.113.99", host.Own, "own address (up2)")}, want[4:]...)...)
	expect(t, "an address more", got, want)

	do(t, edge.Do(func() error { return replaceDefault("203.0.113.1") }))
	want[1] = want[2]
	want[2] = fact("203.0.113.1", host.Gateway, "default gateway")
	expect(t, "another gateway", got, want)
}

func TestWatchFiles(t *testing.T) {
	edge, root := lab(t), t.TempDir()
	got := watched(t, edge, host.Options{Root: root, Every: 5 * time.Millisecond})
	expect(t, "at first", got, network())
	write(t, root, "run/systemd/sessions/1", []byte("USER=alice\nREMOTE_HOST=192.0.2.10\n"))
	expect(t, "a login", got, append(host.Facts{fact("192.0.2.10", host.Login, "login of alice")}, network()...))
	do(t, os.Remove(filepath.Join(root, "run/systemd/sessions/1")))
	expect(t, "a logout", got, network())
}

// A file that stays unreadable is logged once, not every ten seconds.
func TestWatchSaysOnce(t *testing.T) {
	edge, root := lab(t), t.TempDir()
	do(t, os.MkdirAll(filepath.Join(root, "run/utmp"), 0o755))
	var log lockedBuilder
	got := watched(t, edge, host.Options{Root: root, Every: time.Millisecond, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	expect(t, "at first", got, network())
	for i := range 20 { // each of these takes a look at the files
		write(t, root, "etc/resolv.conf", []byte("nameserver 192.0.2."+string(rune('1'+i%9))+"\n"))
		<-got
	}
	if n := strings.Count(log.String(), "level=WARN"); n != 1 {
		t.Errorf("said %d times:\n%s", n, log.String())
	}
}

type lockedBuilder struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *lockedBuilder) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuilder) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// BenchmarkFacts is one look at everything: what Watch does every ten seconds is less.
func BenchmarkFacts(b *testing.B) {
	edge, root := lab(b), b.TempDir()
	write(b, root, "etc/resolv.conf", []byte("nameserver 192.0.2.8\n"))
	write(b, root, "run/utmp", utmp("alice", 192, 0, 2, 10))
	for _, id := range []string{"1", "2", "3", "4", "5"} {
		write(b, root, "run/systemd/sessions/"+id, []byte("USER=alice\nREMOTE_HOST=192.0.2.10\n"))
	}
	do(b, edge.Do(func() error {
		r := host.New(host.Options{Root: root})
		b.ReportAllocs()
		for b.Loop() {
			if _, err := r.Facts(b.Context()); err != nil {
				return err
			}
		}
		return nil
	}))
}
