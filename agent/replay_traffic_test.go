package agent_test

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"time"
)

// oldLine is a line of generated traffic.
type oldLine struct {
	at     time.Time // as written
	source string
	client netip.Addr
	text   string
	counts uint64 // requests that it stands for
}

// traffic writes a log of everything at once: visitors, a loud host, a network of quiet ones, IPv6, sshd, lines that came late.
type traffic struct {
	rand  *rand.Rand
	now   time.Time
	pid   int
	lines []oldLine
}

// namers are hosts that name users to sshd and go; denied is on the deny list of twoSources.
var namers, denied = netip.MustParsePrefix("203.0.113.210/31"), netip.MustParsePrefix("192.0.2.128/25")

// twoSources has short stages, so that bans end and escalate within minutes.
const twoSources = `
[agent]
mode     = "enforce"
stateDir = "%[1]s/state"
socket   = "%[1]s/c.sock"
[source.ssh]
paths    = ["%[1]s/auth.log"]
format   = "sshd"
timezone = "UTC"
[source.web]
paths  = ["%[1]s/access.log"]
format = "combined"
[allow]
networks = ["198.51.100.99"]
[deny]
networks = ["192.0.2.128/25"]
[jail]
stages      = ["40s", "3m", "10m"]
forgetAfter = "20m"
maxPrefix4  = 24
[live.probes]
statuses       = ["404"]
window         = "2m"
clusterArgSets = [[12, 32, 32, 0.0]]
[live.logins]
endpointRegex = "^/login"
statuses      = ["401"]
window        = "4m"
[[live.logins.tier]]
minSize   = 60
minDepth  = 20
maxDepth  = 28
threshold = 0.1
[[live.logins.tier]]
minSize       = 9
minDepth      = 30
maxDepth      = 32
threshold     = 0.0
maxCollateral = 0.5
[live.ssh]
sources        = ["ssh"]
outcomes       = ["failure"]
window         = "10m"
clusterArgSets = [[5, 32, 32, 0.0]]
`

// generate makes n lines from start on.
func generate(seed uint64, start time.Time, n int) []oldLine {
	g := &traffic{rand: rand.New(rand.NewPCG(seed, 1)), now: start, pid: 1000}
	for len(g.lines) < n {
		g.pause()
		for range 1 + g.rand.IntN(6) {
			g.one()
		}
	}
	g.now = g.now.Add(5 * time.Second)
	g.web(netip.MustParseAddr("192.0.2.1"), "GET / HTTP/1.1", 200) // so that nothing is left to be looked at
	return g.lines
}

// pause lets some time pass, now and then enough for bans to end.
func (g *traffic) pause() {
	switch k := g.rand.IntN(100); {
	case k < 60:
		g.now = g.now.Add(time.Second)
	case k < 75:
		g.now = g.now.Add(time.Duration(g.rand.IntN(5)) * time.Second)
	case k < 76:
		g.now = g.now.Add(time.Duration(g.rand.IntN(240)) * time.Second)
	}
}

func (g *traffic) one() {
	switch k := g.rand.IntN(100); {
	case k < 2: // hosts that come after each other
		turn := g.host("203.0.113.24", 8)
		for range 10 {
			g.web(turn, "POST /login HTTP/1.1", 401)
		}
	case k < 12: // a network wider than what may be banned
		g.web(netip.AddrFrom4([4]byte{45, 10, byte(g.rand.IntN(4)), byte(g.rand.IntN(256))}), "POST /login HTTP/1.1", 401)
	case k < 30: // visitors
		g.web(g.host("192.0.2.0", 100), "GET /page HTTP/1.1", []int{200, 200, 200, 404}[g.rand.IntN(4)])
	case k < 33: // on the deny list
		g.web(g.host("192.0.2.128", 100), "GET / HTTP/1.1", 200)
	case k < 48: // one loud host
		g.web(netip.MustParseAddr("203.0.113.77"), "GET /.env HTTP/1.1", 404)
	case k < 75: // a /26 of quiet ones; one of them is on the allowlist
		g.web(g.host("198.51.100.64", 64), "POST /login HTTP/1.1", 401)
	case k < 82: // one IPv6 host with many addresses, and its neighbours
		g.web(g.host6("2001:db8:5:6::", 1), "GET /.git/config HTTP/1.1", 404)
	case k < 86:
		g.web(g.host6("2001:db8:77::", 200), "POST /login HTTP/1.1", 401)
	case k < 88:
		g.web(g.host("203.0.113.16", 4), "POST /login HTTP/1.1", 401)
	case k < 89: // written late
		g.now = g.now.Add(-20 * time.Second)
		g.web(netip.MustParseAddr("203.0.113.77"), "GET /late HTTP/1.1", 404)
		g.now = g.now.Add(20 * time.Second)
	default:
		g.login()
	}
}

func (g *traffic) host(first string, n int) netip.Addr {
	a := netip.MustParseAddr(first).As4()
	a[3] += byte(g.rand.IntN(n))
	return netip.AddrFrom4(a)
}

// host6 is any address of one of n consecutive /64.
func (g *traffic) host6(first string, n int) netip.Addr {
	a := netip.MustParseAddr(first).As16()
	a[7] += byte(g.rand.IntN(n))
	a[15] = byte(g.rand.IntN(256))
	return netip.AddrFrom16(a)
}

func (g *traffic) web(client netip.Addr, request string, status int) {
	g.add("web", client, 1, fmt.Sprintf("%s - - [%s] %q %d 12 \"-\" \"test\"\n", client, g.now.UTC().Format("02/Jan/2006:15:04:05 -0700"), request, status))
}

func (g *traffic) add(source string, client netip.Addr, counts uint64, text string) {
	g.lines = append(g.lines, oldLine{g.now, source, client, text, counts})
}

// login is what sshd writes about an attempt.
func (g *traffic) login() {
	g.pid++
	client, port := g.host("203.0.113.200", 3), 20000+g.pid
	switch g.rand.IntN(6) {
	case 0:
		g.sshd(g.host("192.0.2.0", 100), 1, "Accepted publickey for ann from %s port %d ssh2: ED25519 SHA256:AAAA", port)
	case 1: // somebody named, and nothing more: decided two minutes later
		g.sshd(g.host("203.0.113.210", 2), 0, "Invalid user admin from %s port %d", port)
	case 2:
		g.sshd(client, 3, "message repeated 3 times: [ Failed password for root from %s port %d ssh2]", port)
	case 3:
		bob := g.host("192.0.2.0", 100)
		g.sshd(bob, 0, "Invalid user bob from %s port %d", port)
		g.now = g.now.Add(time.Second)
		g.sshd(bob, 1, "Connection closed by invalid user bob %s port %d [preauth]", port)
	default:
		g.sshd(client, 1, "Failed password for root from %s port %d ssh2", port)
	}
}

func (g *traffic) sshd(client netip.Addr, counts uint64, message string, port int) {
	text := fmt.Sprintf(message, client, port)
	g.add("ssh", client, counts, fmt.Sprintf("%s edge sshd[%d]: %s\n", g.now.UTC().Format("2006-01-02T15:04:05+00:00"), g.pid, text))
}

// logs cuts the lines into one log for each source.
func logs(lines []oldLine) map[string][]oldLine {
	out := map[string][]oldLine{}
	for _, l := range lines {
		out[l.source] = append(out[l.source], l)
	}
	return out
}

// inOrder is how the logs of several sources are merged, the slow way: the log with the earliest next line comes next, of equals the
// first.
func inOrder(parts ...[]oldLine) []oldLine {
	var out []oldLine
	for {
		next := -1
		for i, p := range parts {
			if len(p) > 0 && (next < 0 || p[0].at.Before(parts[next][0].at)) {
				next = i
			}
		}
		if next < 0 {
			return out
		}
		out = append(out, parts[next][0])
		parts[next] = parts[next][1:]
	}
}

func text(lines []oldLine) string {
	var b strings.Builder
	for _, l := range lines {
		b.WriteString(l.text)
	}
	return b.String()
}
