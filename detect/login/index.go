package login

import (
	"net/netip"

	"cidrx/detect/parse"
)

// A connection is found by its client and port, or by its client and sshd's process, whichever a line has: OpenSSH before 7.5 logs no
// port with "Invalid user", some system loggers no process. Where both sides know the other as well, that must agree too.
type (
	portKey struct {
		client netip.Addr
		port   int
	}
	pidKey struct {
		client netip.Addr
		pid    int // 0: for lines that have neither
	}
)

// find returns the connection that ev is part of, a new one if there is none.
func (a *Assembler) find(ev *parse.Event) *connection {
	p := ev.Part
	c := a.byPort[portKey{ev.Client, p.Port}]
	if c == nil || differ(c.pid, p.PID) {
		c = a.byPID[pidKey{ev.Client, p.PID}]
	}
	if c == nil || differ(c.pid, p.PID) || differ(c.port, p.Port) {
		c = &connection{client: ev.Client}
		a.open.push(c)
	}
	a.learn(c, p.PID, p.Port)
	return c
}

// differ tells whether two numbers, of which 0 is not known, are known to differ.
func differ(a, b int) bool { return a != 0 && b != 0 && a != b }

// learn adds what a line says about where c is to be found. A connection found there until now is over: its port, or its process
// number, has gone to another.
func (a *Assembler) learn(c *connection, pid, port int) {
	if port != 0 && c.port == 0 {
		c.port = port
	}
	if pid != 0 && c.pid == 0 {
		if a.byPID[pidKey{c.client, 0}] == c {
			delete(a.byPID, pidKey{c.client, 0})
		}
		c.pid = pid
	}
	if c.port != 0 {
		a.replace(a.byPort[portKey{c.client, c.port}], c)
		a.byPort[portKey{c.client, c.port}] = c
	}
	if c.pid != 0 || c.port == 0 {
		a.replace(a.byPID[pidKey{c.client, c.pid}], c)
		a.byPID[pidKey{c.client, c.pid}] = c
	}
}

// replace ends old if it is another connection than c.
func (a *Assembler) replace(old, c *connection) {
	if old != nil && old != c {
		a.forget(old)
	}
}

// forget drops c after making its failure due.
func (a *Assembler) forget(c *connection) {
	if c.pending != nil {
		a.settle(c)
	}
	a.list(c).remove(c)
	if key := (portKey{c.client, c.port}); a.byPort[key] == c {
		delete(a.byPort, key)
	}
	for _, pid := range []int{c.pid, 0} {
		if key := (pidKey{c.client, pid}); a.byPID[key] == c {
			delete(a.byPID, key)
		}
	}
}

// unlink takes c out of the chains that its next line may change.
func (a *Assembler) unlink(c *connection) {
	a.list(c).remove(c)
}

// relink puts c at the end of the chains where it belongs.
func (a *Assembler) relink(c *connection) {
	c.last = a.now
	a.list(c).push(c)
	queued := a.waiting.holds(c)
	switch {
	case c.pending != nil && !queued:
		c.since = a.now
		a.waiting.push(c)
	case c.pending == nil && queued:
		a.waiting.remove(c)
	}
}

// list is the chain that c is in, or belongs in.
func (a *Assembler) list(c *connection) *chain {
	if c.closed {
		return &a.closed
	}
	return &a.open
}
