//go:build linux

package nftables_test

import (
	"errors"
	"os"
	"strings"
	gosync "sync"
	"testing"

	"cidrx/firewall"
	"cidrx/firewall/nftables"

	"golang.org/x/sys/unix"
)

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

// TestLargeState goes through states that take several commits, and one that takes one of several megabytes.
func TestLargeState(t *testing.T) {
	ns := loneHost(t)
	f, drifts := watched(t, ns, nftables.Options{ProtectOutbound: true})
	first, second := many(10_000, 1_000), many(10_500, 500)
	sync(t, f, first)
	sync(t, f, second)
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
