package syslog_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"cidrx/agent/syslog"
)

const nginx = "<190>Nov 22 00:10:11 nginx: "

// TestHostileDatagrams sends all that a datagram can be: each is one line at most.
func TestHostileDatagrams(t *testing.T) {
	big := strings.Repeat("x", 65000)
	huge := strings.Repeat("y", 300<<10)
	for network, address := range map[string]string{"unixgram": at(t), "udp": freePort(t)} {
		t.Run(network, func(t *testing.T) {
			r := listen(t, syslog.Options{Network: network, Address: address})
			c := dial(t, network, address)
			send(t, c, nginx+"a", "", "\x00\x00\x00", nginx, nginx+"b\n"+nginx+"c\nd", nginx+"e\x00f", "\xff\xfe\n", nginx+big, "raw\r\n", "<190>")
			want := []string{"a", "b " + nginx + "c d", "e\x00f", "\xff\xfe", big, "raw"}
			cut, empty := 0, uint64(4)
			if network == "udp" {
				for i := range want {
					want[i] = "forged " + want[i]
				}
			} else {
				must(t, c.(*net.UnixConn).SetWriteBuffer(1<<20))
				send(t, c, huge)
				want, cut = append(want, huge[:256<<10]), 1
			}
			if diff := cmp.Diff(want, r.wait(len(want))); diff != "" {
				t.Errorf("(-want +got)\n%.500s", diff)
			}
			eventually(t, "empty ones to be counted", func() bool { return r.loss("without text") == empty })
			if r.cut != cut {
				t.Errorf("%d cut, want %d", r.cut, cut)
			}
		})
	}
}

// freePort is a UDP port of loopback's that nobody has.
func freePort(t testing.TB) string {
	t.Helper()
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	must(t, err)
	defer c.Close()
	return c.LocalAddr().String()
}

// TestSenders lets the kernel say who sends: login users are not believed, and cannot displace those who are.
func TestSenders(t *testing.T) {
	path := at(t)
	must(t, os.Chmod(filepath.Dir(path), 0o755))
	must(t, os.Chmod(filepath.Dir(filepath.Dir(path)), 0o755))
	r := listen(t, syslog.Options{Network: "unixgram", Address: path})
	logger := func(uid int, text string) {
		cmd := exec.Command("logger", "--socket", path, "--tag", "nginx", "--id=9", text)
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(uid)}}
		out, err := cmd.CombinedOutput()
		if err != nil || len(out) > 0 {
			t.Fatalf("logger: %v, %s", err, out)
		}
	}
	for i, uid := range []int{0, 33, 999, 1000, 65534} {
		logger(uid, fmt.Sprintf("by %d", uid))
		r.wait(i + 1)
	}
	want := []string{"by 0", "by 33", "by 999", "forged by 1000", "forged by 65534"}
	if diff := cmp.Diff(want, r.got()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if n := r.loss("of login users"); n != 2 {
		t.Errorf("%d datagrams of login users counted, want 2", n)
	}
}

// TestLogger has the real logger(1) write in each of its formats, for the sshd parser.
func TestLogger(t *testing.T) {
	now := time.Date(2026, 11, 22, 1, 2, 3, 0, time.UTC)
	unixAt, udpAt := at(t), freePort(t)
	_, port, err := net.SplitHostPort(udpAt)
	must(t, err)
	ways := map[string][]string{unixAt: {"--socket", unixAt}, udpAt: {"--udp", "--server", "127.0.0.1", "--port", port}}
	for network, address := range map[string]string{"unixgram": unixAt, "udp": udpAt} {
		r := listen(t, syslog.Options{Network: network, Address: address, Header: func(p []byte) bool { return string(p) == "sshd" }, Clock: func() time.Time { return now }})
		n := 0
		for _, format := range []string{"--rfc3164", "--rfc5424", "--rfc5424=notime,nohost,notq"} {
			out, err := exec.Command("logger", append(ways[address], format, "--tag", "sshd", "--id=4711", "Invalid user a from 203.0.113.7 port 22")...).CombinedOutput()
			if err != nil {
				t.Fatalf("logger: %v, %s", err, out)
			}
			n++
			got := strings.TrimPrefix(r.wait(n)[n-1], "forged ")
			if want := "2026-11-22T01:02:03.000000Z - sshd[4711]: Invalid user a from 203.0.113.7 port 22"; got != want {
				t.Errorf("%s %s: %q, want %q", network, format, got, want)
			}
		}
	}
}

// TestDescriptors passes file descriptors along with datagrams: they do not stay in our hands.
func TestDescriptors(t *testing.T) {
	path := at(t)
	r := listen(t, syslog.Options{Network: "unixgram", Address: path})
	c, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	must(t, err)
	defer unix.Close(c)
	f, err := os.Open("/dev/null")
	must(t, err)
	defer f.Close()
	open := func() int { fds, err := os.ReadDir("/proc/self/fd"); must(t, err); return len(fds) }
	rights := unix.UnixRights(int(f.Fd()), int(f.Fd()))
	send := func() {
		must(t, unix.Sendmsg(c, []byte("with descriptors"), rights, &unix.SockaddrUnix{Name: path}, 0))
	}
	send()
	r.wait(1)
	before := open()
	for range 50 {
		send()
	}
	if got := r.wait(51); got[50] != "with descriptors" {
		t.Errorf("got %q: such a sender is not known", got[50])
	}
	if after := open(); after > before+5 { // others are at work in this process

		t.Errorf("%d descriptors, %d before", after, before)
	}
}

// TestFlood sends more than is taken: what is dropped is counted, of UDP by the kernel or by us, and none comes twice.
func TestFlood(t *testing.T) {
	for network, address := range map[string]string{"unixgram": at(t), "udp": freePort(t)} {
		t.Run(network, func(t *testing.T) {
			r := listen(t, syslog.Options{Network: network, Address: address})
			c := dial(t, network, address)
			r.hold.Lock()
			text := strings.Repeat("z", 8000)
			const n = 5000 // 40 MB, while the queue holds 16 MiB
			for i := range n {
				send(t, c, fmt.Sprintf("%s%06d %s", nginx, i, text))
			}
			r.hold.Unlock()
			eventually(t, "every datagram to be accounted for", func() bool {
				lost := r.loss("want of room")
				if network == "udp" {
					lost += r.loss(syslog.KernelDrops)
				}
				return len(r.got())+int(lost) >= n
			})
			if r.loss("want of room") == 0 {
				t.Error("nothing was dropped for want of room")
			}
			seen := map[string]bool{}
			for _, l := range r.got() {
				key := l[:min(len(l), 20)]
				if seen[key] {
					t.Fatalf("twice: %s", key)
				}
				seen[key] = true
			}
		})
	}
}

// TestPlaces makes sockets where something is in the way: status says what, and it listens as soon as it can.
func TestPlaces(t *testing.T) {
	t.Run("a socket left behind", func(t *testing.T) {
		path := at(t)
		old, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
		must(t, err)
		old.Close() // does not remove it
		r := listen(t, syslog.Options{Network: "unixgram", Address: path})
		send(t, dial(t, "unixgram", path), "a")
		r.wait(1)
		must(t, r.stop())
		if _, err := os.Lstat(path); !os.IsNotExist(err) {
			t.Errorf("the socket is left behind: %v", err)
		}
	})
	t.Run("another listens", func(t *testing.T) {
		path := at(t)
		first := listen(t, syslog.Options{Network: "unixgram", Address: path})
		r := listen(t, syslog.Options{Network: "unixgram", Address: path})
		if !strings.Contains(r.problem(), "held by another process") {
			t.Errorf("status %q", r.problem())
		}
		send(t, dial(t, "unixgram", path), "a")
		first.wait(1)
		must(t, first.stop())
		eventually(t, "it to listen", func() bool { return r.problem() == "" })
		send(t, dial(t, "unixgram", path), "b")
		r.wait(1)
	})
	t.Run("a file", func(t *testing.T) {
		path := at(t)
		must(t, os.WriteFile(path, []byte("precious"), 0o600))
		r := listen(t, syslog.Options{Network: "unixgram", Address: path})
		if !strings.Contains(r.problem(), "something else of that name") {
			t.Errorf("status %q", r.problem())
		}
		must(t, r.stop())
		if b, err := os.ReadFile(path); string(b) != "precious" {
			t.Errorf("the file has %q: %v", b, err)
		}
	})
	t.Run("no directory", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "a", "log.sock")
		r := listen(t, syslog.Options{Network: "unixgram", Address: path})
		if !strings.Contains(r.problem(), "there is no directory") {
			t.Errorf("status %q", r.problem())
		}
		must(t, os.Mkdir(filepath.Dir(path), 0o755))
		eventually(t, "it to listen", func() bool { return r.problem() == "" })
	})
	t.Run("somebody removes it", func(t *testing.T) {
		path := at(t)
		r := listen(t, syslog.Options{Network: "unixgram", Address: path})
		must(t, os.Remove(path))
		eventually(t, "a new socket", func() bool { _, err := os.Lstat(path); return err == nil })
		send(t, dial(t, "unixgram", path), "a")
		r.wait(1)
	})
	t.Run("a port that is taken", func(t *testing.T) {
		address := freePort(t)
		first := listen(t, syslog.Options{Network: "udp", Address: address})
		r := listen(t, syslog.Options{Network: "udp", Address: address})
		if !strings.Contains(r.problem(), "taken by another process") {
			t.Errorf("status %q", r.problem())
		}
		must(t, first.stop())
		eventually(t, "it to listen", func() bool { return r.problem() == "" })
	})
	t.Run("no address of ours", func(t *testing.T) {
		r := listen(t, syslog.Options{Network: "udp", Address: "192.0.2.1:5514"})
		if !strings.Contains(r.problem(), "no address of this host") {
			t.Errorf("status %q", r.problem())
		}
	})
}

// TestManySenders has many at once; each line comes once. They wait when the kernel's queue is full.
func TestManySenders(t *testing.T) {
	path := at(t)
	r := listen(t, syslog.Options{Network: "unixgram", Address: path})
	var senders sync.WaitGroup
	const n, each = 8, 2000
	for i := range n {
		c := dial(t, "unixgram", path)
		senders.Go(func() {
			for j := range each {
				if _, err := fmt.Fprintf(c, "%s%d %d", nginx, i, j); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	senders.Wait()
	seen := map[string]bool{}
	for _, l := range r.wait(n * each) {
		seen[l] = true
	}
	if len(seen) != n*each {
		t.Errorf("%d different lines, want %d", len(seen), n*each)
	}
}

// BenchmarkReceive sends nginx's lines as fast as one sender can.
func BenchmarkReceive(b *testing.B) {
	for network, address := range map[string]string{"unixgram": at(b), "udp": freePort(b)} {
		b.Run(network, func(b *testing.B) {
			r := listen(b, syslog.Options{Network: network, Address: address})
			c, d := dial(b, network, address), []byte(nginx+access)
			n := 0
			for b.Loop() {
				if _, err := c.Write(d); err != nil {
					b.Fatal(err)
				}
				n++
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "lines/s")
			b.ReportMetric(float64(r.loss("want of room")), "lost")
		})
	}
}
