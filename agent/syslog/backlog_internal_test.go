package syslog

import (
	"math/rand/v2"
	"testing"
	"time"
)

// kernel imitates a unix socket: a queue of datagrams, each charged to its sender until it is read.
type kernel struct {
	queue, buffer int
	waiting       []sentDatagram
	held          map[int32]int
}

type sentDatagram struct {
	at                    time.Time
	pid                   int32
	size                  int
	queueFull, senderFull bool // when it had been put in
}

// send refuses as unix_dgram_sendmsg does.
func (k *kernel) send(d sentDatagram) {
	if len(k.waiting) >= k.queue || k.held[d.pid] >= k.buffer {
		return
	}
	k.held[d.pid] += d.size
	d.queueFull, d.senderFull = len(k.waiting)+1 >= k.queue, k.held[d.pid] >= k.buffer
	k.waiting = append(k.waiting, d)
}

// TestBacklog sends and reads in a random order: what was full is told of each datagram as it was when it was sent.
func TestBacklog(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	full := map[string]int{}
	for range 200 {
		k := kernel{queue: 1 + random.IntN(20), buffer: 1 + random.IntN(30), held: map[int32]int{}}
		b := backlog{queue: k.queue, buffer: k.buffer, charge: func(n int) int { return n }}
		now := time.Unix(0, 0)
		for range 500 {
			now = now.Add(1)
			if random.IntN(5) < 3 {
				k.send(sentDatagram{at: now, pid: 1 + random.Int32N(3), size: 1 + random.IntN(5)})
				continue
			}
			if len(k.waiting) == 0 {
				b.empty()
				continue
			}
			d := k.waiting[0]
			k.waiting, k.held[d.pid] = k.waiting[1:], k.held[d.pid]-d.size
			queueFull, senderFull := b.add(d.at, now, d.pid, d.size)
			if queueFull != d.queueFull || senderFull != d.senderFull {
				t.Fatalf("queue full %v, sender's buffer full %v; want %v, %v (of %d datagrams and %d bytes)", queueFull, senderFull, d.queueFull, d.senderFull, k.queue, k.buffer)
			}
			if queueFull {
				full["queue"]++
			}
			if senderFull {
				full["sender"]++
			}
		}
	}
	if full["queue"] < 100 || full["sender"] < 100 {
		t.Errorf("too few were full to tell: %v", full)
	}
}

// TestBacklogClock sets the clock back: nothing is full once the queue has been read to its end, and memory stays bounded without.
func TestBacklogClock(t *testing.T) {
	b := backlog{queue: 5, buffer: 100, charge: func(n int) int { return n }}
	later, now := time.Unix(1000, 0), time.Unix(10, 0)
	for range 4 {
		b.add(later, later.Add(1), 1, 20)
	}
	b.empty()
	if q, s := b.add(now, now.Add(1), 1, 20); q || s {
		t.Errorf("queue full %v, sender's buffer full %v", q, s)
	}
	for i := range 3 * longestBacklog {
		b.add(now, now.Add(time.Hour), int32(i), 1)
	}
	if len(b.waiting) > longestBacklog || len(b.held) > longestBacklog {
		t.Errorf("%d datagrams and %d senders are remembered", len(b.waiting), len(b.held))
	}
}

// TestCharges has the kernel say what it counts: more than was sent, and no less for a longer datagram.
func TestCharges(t *testing.T) {
	c, err := newCharges()
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	last := 0
	for n := 1; n < 150_000; n += 997 {
		cost := c.of(n)
		if cost < n || cost < last*9/10 { // what does not fit into one piece of memory is rounded up less
			t.Errorf("%d for %d bytes, %d for fewer", cost, n, last)
		}
		last = max(last, cost)
	}
}
