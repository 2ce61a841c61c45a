// Package syslog receives log lines as syslog datagrams, at a unix socket or a UDP port, and hands them out in chunks as package tail
// does those of files. No disk is touched, and nothing can be read again: what is sent while nobody listens is lost.
//
// Anybody who can send can forge. At a unix socket the kernel says who sent each datagram (SCM_CREDENTIALS, unix(7)), so it is open to
// all local users and those of login users come in chunks of their own that say so. UDP has nothing of the kind.
package syslog

import (
	"cmp"
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"cidrx/agent/tail"
)

// What the kernel does not hand over, as Status names it. At a UDP socket it drops and counts. At a unix socket it refuses, and only when it
// will have refused can be told, not how much, nor whether a sender that was refused tried again.
const (
	KernelDrops = "datagrams dropped by the kernel"
	QueueFull   = "times the kernel's queue was full: senders may have lost datagrams"
	SenderFull  = "times a sender's buffer was full: it may have lost datagrams"
)

// NoRoom is what the Listener itself drops, as Status names it: whoever takes its chunks is too slow.
const NoRoom = "datagrams dropped for want of room"

// ReceiveBuffer is how many bytes a UDP socket should hold, where the kernel lets us.
const ReceiveBuffer = 16 << 20

// Options say where to listen. Network and Address are needed.
type Options struct {
	Network string // "unixgram", "udp"
	Address string // a path from the root; an address and a port

	// Header says of which programs' messages the lines begin with a syslog header; its time is that of the arrival. nil: of none.
	Header func(program []byte) bool

	Clock func() time.Time // nil: time.Now
	Retry time.Duration    // how long to wait before the first new attempt to listen, later ones more; 0: 1 s
	Log   *slog.Logger     // nil: nothing is logged
}

// Listener receives the datagrams of one source.
type Listener struct {
	opt   Options
	log   *slog.Logger
	queue *queue
	ready chan struct{}
	once  sync.Once // closes ready

	line []byte // made of the newest datagram; the reader's

	empty, login          atomic.Uint64 // datagrams without text, of login users
	queueFull, senderFull atomic.Uint64 // datagrams that left no room for the next, in the socket's queue or their sender's buffer

	mu     sync.Mutex
	err    error   // why nothing can be received at present
	socket *socket // nil: none is open
	drops  drops   // by the kernel
}

// New makes a Listener. Nothing is opened before Run.
func New(opt Options) *Listener {
	opt.Retry = cmp.Or(opt.Retry, time.Second)
	if opt.Header == nil {
		opt.Header = func([]byte) bool { return false }
	}
	if opt.Clock == nil {
		opt.Clock = time.Now
	}
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	forged := maxForged
	if opt.Network == "udp" {
		forged = maxBlocks // nobody there to displace
	}
	return &Listener{opt: opt, log: opt.Log, queue: newQueue(forged), ready: make(chan struct{})}
}

// Ready is closed once Run listens, or knows that it cannot at present.
func (l *Listener) Ready() <-chan struct{} { return l.ready }

// Run receives until ctx is done, and then returns nil. While it cannot listen, Status says why, and it tries again. It returns an error
// only when emit did. emit is called from this goroutine alone and may block; datagrams are received meanwhile, as long as there is room.
// A Listener runs once.
func (l *Listener) Run(ctx context.Context, emit func(tail.Chunk) error) error {
	defer l.once.Do(func() { close(l.ready) })
	const longestWait = 30 * time.Second
	for wait := l.opt.Retry; ctx.Err() == nil; wait = min(2*wait, longestWait) {
		s, err := open(l.opt.Network, l.opt.Address)
		l.failed(err)
		l.opened(s)
		l.once.Do(func() { close(l.ready) })
		if err != nil {
			sleep(ctx, wait)
			continue
		}
		l.log.Info("listening", "network", l.opt.Network, "address", l.opt.Address)
		if s.queue > 0 && s.queue < shortQueue {
			l.log.Warn("the kernel queues few datagrams; senders drop the rest of a burst", "queue", s.queue-1, "next", "sysctl net.unix.max_dgram_qlen=512, then restart cidrx")
		}
		wait = l.opt.Retry
		if err := l.serve(ctx, s, emit); err != nil {
			return err
		}
	}
	return nil
}

// serve hands out what comes in at s until ctx is done, or the socket is of no use any more.
func (l *Listener) serve(ctx context.Context, s *socket, emit func(tail.Chunk) error) error {
	received := make(chan error, 1)
	go func() { received <- s.receive(l.take) }()
	look := time.NewTicker(time.Second)
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			l.close(s)
			<-received
			return nil
		case err := <-received:
			l.close(s)
			l.failed(err)
			return l.flush(emit)
		case <-look.C:
			if !s.reachable() {
				l.log.Warn("somebody removed the socket; making it again", "path", l.opt.Address)
				l.close(s)
			}
		case <-l.queue.wake:
			if err := l.flush(emit); err != nil {
				l.close(s)
				<-received
				return err
			}
		}
	}
}

// opened notes which socket is read; nil: none.
func (l *Listener) opened(s *socket) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.socket, l.drops.last = s, 0
}

// close closes the socket, with a last look at what was dropped there.
func (l *Listener) close(s *socket) {
	l.mu.Lock()
	l.drops.look(l.socket)
	l.socket = nil
	l.mu.Unlock()
	s.close()
}

// flush emits all that waits.
func (l *Listener) flush(emit func(tail.Chunk) error) error {
	for {
		c, ok := l.queue.take()
		if !ok {
			return nil
		}
		c.Path = l.opt.Address
		if err := emit(c); err != nil {
			return err
		}
	}
}

// take deals with one datagram.
func (l *Listener) take(d datagram) {
	if d.queueFull {
		l.queueFull.Add(1)
	}
	if d.senderFull {
		l.senderFull.Add(1)
	}
	m := Parse(d.data)
	if len(m.Text) == 0 {
		l.empty.Add(1)
		return
	}
	if d.untrusted != "" && l.opt.Network == "unixgram" && l.login.Add(1) == 1 {
		l.log.Warn("a login user writes to the socket; what it writes is only observed, unless the source says trust = true", "uid", d.uid)
	}
	l.line = m.AppendLine(l.line[:0], l.opt.Clock(), l.opt.Header(m.Program))
	l.queue.put(l.line, d.cut, d.untrusted)
}

// failed notes why nothing can be received; nil says that it can.
func (l *Listener) failed(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err != nil && (l.err == nil || l.err.Error() != err.Error()) {
		l.log.Error("no datagrams can be received", "error", err)
	}
	l.err = err
}

// Status says how it stands, in one row. It may be called from any goroutine.
func (l *Listener) Status() []tail.FileStatus {
	s := tail.FileStatus{Path: l.opt.Network + ":" + l.opt.Address}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err != nil {
		s.Error = l.err.Error()
	}
	if l.opt.Network == "udp" {
		l.drops.look(l.socket)
		s.Untrusted = udpUntrusted
		s.Losses = []tail.Loss{{What: KernelDrops, N: l.drops.total}}
	} else {
		s.Losses = []tail.Loss{
			{What: QueueFull, N: l.queueFull.Load()}, {What: SenderFull, N: l.senderFull.Load()}, {What: "datagrams of login users, only observed", N: l.login.Load()},
		}
	}
	s.Losses = append(s.Losses, tail.Loss{What: NoRoom, N: l.queue.lost()}, tail.Loss{What: "datagrams without text", N: l.empty.Load()})
	return []tail.FileStatus{s}
}

// Queue is how much waits to be handed out, and how much may, in bytes. It may be called from any goroutine.
func (l *Listener) Queue() (held, room int) { return l.queue.held(), maxBlocks * blockSize }

func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
