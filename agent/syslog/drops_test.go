package syslog_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"cidrx/agent/syslog"
)

// stalled is a Listener whose reader stands still from the first datagram on, so that what comes later waits in the kernel.
type stalled struct {
	*run
	address string
	goOn    func()
}

func stall(t *testing.T, network, address string) stalled {
	t.Helper()
	stands, goOn := make(chan struct{}), make(chan struct{})
	var once, open sync.Once
	s := stalled{address: address, goOn: func() { open.Do(func() { close(goOn) }) }}
	s.run = listen(t, syslog.Options{Network: network, Address: address, Clock: func() time.Time {
		once.Do(func() { close(stands) })
		<-goOn
		return time.Time{}
	}})
	t.Cleanup(s.goOn)
	send(t, dial(t, network, address), nginx+"first")
	select {
	case <-stands:
	case <-time.After(patience):
		t.Fatal("the first datagram is never looked at")
	}
	return s
}

// fill sends datagrams of a size through a socket of its own until the kernel refuses one, at most so many, and says how many it took.
func (s stalled) fill(size, most int) int {
	s.t.Helper()
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	must(s.t, err)
	s.t.Cleanup(func() { unix.Close(fd) })
	must(s.t, unix.Connect(fd, &unix.SockaddrUnix{Name: s.address}))
	text := []byte(nginx + strings.Repeat("x", size))
	for n := range most {
		if _, err := unix.Write(fd, text); errors.Is(err, unix.EAGAIN) {
			return n
		} else if err != nil {
			s.t.Fatal(err)
		}
	}
	return most
}

// TestUnixDrops has senders refused by the kernel, which is noticed as soon as the reader goes on, and not before they could be.
func TestUnixDrops(t *testing.T) {
	t.Run("room for all", func(t *testing.T) {
		s := stall(t, "unixgram", at(t))
		if n := s.fill(100, 5); n != 5 {
			t.Fatalf("the kernel took %d of 5 datagrams", n)
		}
		s.goOn()
		s.wait(6)
		if q, b := s.loss(syslog.QueueFull), s.loss(syslog.SenderFull); q+b != 0 {
			t.Errorf("the queue was full %d times and a sender's buffer %d times: neither was", q, b)
		}
	})
	t.Run("the queue is full", func(t *testing.T) {
		s := stall(t, "unixgram", at(t))
		sent := 0
		for n := -1; n != 0; { // until a new sender, whose buffer is empty, gets nothing in
			n = s.fill(100, 1<<20)
			sent += n
		}
		s.goOn()
		s.wait(1 + sent)
		if n := s.loss(syslog.QueueFull); n == 0 {
			t.Errorf("%d datagrams filled the queue; that is not counted: %+v", sent, s.l.Status())
		}
	})
	t.Run("a sender's buffer is full", func(t *testing.T) {
		s := stall(t, "unixgram", at(t))
		sent := s.fill(50_000, 1<<20) // four or five fill the 208 KiB of net.core.wmem_default
		if more := s.fill(10, 1); more != 1 {
			t.Fatalf("the queue is full with %d datagrams", sent)
		}
		s.goOn()
		s.wait(2 + sent)
		if n := s.loss(syslog.SenderFull); n == 0 {
			t.Errorf("%d datagrams filled the sender's buffer; that is not counted: %+v", sent, s.l.Status())
		}
		if n := s.loss(syslog.QueueFull); n != 0 {
			t.Errorf("the queue was full %d times; it had room", n)
		}
	})
}

// TestUDPDrops has the kernel drop datagrams while the reader stands still: they are counted then, and not with the next datagram only,
// and stay counted when the socket is closed.
func TestUDPDrops(t *testing.T) {
	s := stall(t, "udp", freePort(t))
	if n := s.loss(syslog.KernelDrops); n != 0 {
		t.Fatalf("%d drops at first", n)
	}
	c := dial(t, "udp", s.address)
	text := nginx + strings.Repeat("x", 60_000)
	sent := 1
	for ; s.loss(syslog.KernelDrops) < 10; sent++ {
		send(t, c, fmt.Sprintf("%s %d", text, sent))
		if sent > 100_000 {
			t.Fatalf("none of %d datagrams is counted as dropped: %+v", sent, s.l.Status())
		}
	}
	lost := s.loss(syslog.KernelDrops)
	s.goOn()
	eventually(t, "the rest to be received", func() bool { return len(s.got())+int(s.loss("want of room")+lost) == sent })
	must(t, s.stop())
	if n := s.loss(syslog.KernelDrops); n != lost {
		t.Errorf("%d drops when the socket is closed, %d before", n, lost)
	}
}
