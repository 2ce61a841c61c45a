package control

import (
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// connsPerAccess bounds the connections open at once, for each kind of access, so that whoever may do nothing cannot keep out who
	// may do something. connsPerUID does the same among those who may not do everything.
	connsPerAccess = 64
	connsPerUID    = 16
)

// guard is a listener that knows who is at the other end before anything is read, and how many of them there are.
type guard struct {
	net.Listener
	rules   rules
	log     *slog.Logger
	refused *atomic.Uint64 // connections turned away for want of room

	mu       sync.Mutex
	byUID    map[int]int
	byAccess [everything + 1]int
}

func newGuard(l net.Listener, r rules, log *slog.Logger, refused *atomic.Uint64) *guard {
	return &guard{Listener: l, rules: r, log: log, refused: refused, byUID: map[int]int{}}
}

// Accept waits for the next connection for which there is room. It reads nothing from it.
func (g *guard) Accept() (net.Conn, error) {
	for {
		conn, err := g.Listener.Accept()
		if err != nil {
			return nil, err
		}
		c, err := credentials(conn)
		if err != nil { // without credentials there is no permission
			g.log.Debug("control connection closed", "error", err)
			conn.Close()
			continue
		}
		p := peer{creds: c, access: g.rules.access(c)}
		if !g.enter(p) {
			g.refused.Add(1)
			turnAway(conn)
			continue
		}
		return &peerConn{Conn: conn, peer: p, leave: sync.OnceFunc(func() { g.leave(p) })}, nil
	}
}

func (g *guard) enter(p peer) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.byAccess[p.access] >= connsPerAccess || p.access < everything && g.byUID[p.uid] >= connsPerUID {
		return false
	}
	g.byUID[p.uid]++
	g.byAccess[p.access]++
	return true
}

func (g *guard) leave(p peer) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.byAccess[p.access]--
	if g.byUID[p.uid]--; g.byUID[p.uid] == 0 {
		delete(g.byUID, p.uid)
	}
}

// turnAway answers without having read anything. The answer fits into the empty buffer of a new socket, so it does not wait; the
// deadline is for a kernel that thinks otherwise.
func turnAway(conn net.Conn) {
	body := `{"error":"too many connections to the agent","next":"close some (cidrxctl events -f holds one each) and try again"}` + "\n"
	conn.SetWriteDeadline(time.Now().Add(100 * time.Millisecond))
	fmt.Fprintf(conn, "HTTP/1.1 %d %s\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: %d\r\n\r\n",
		http.StatusServiceUnavailable, http.StatusText(http.StatusServiceUnavailable), len(body))
	io.WriteString(conn, body)
	conn.Close()
}

// peer is who is at the other end of a connection, and what that one may do.
type peer struct {
	creds
	access access
}

// peerConn is a connection that carries its peer and gives its place back when closed.
type peerConn struct {
	net.Conn
	peer  peer
	leave func()
}

func (c *peerConn) Close() error {
	c.leave()
	return c.Conn.Close()
}
