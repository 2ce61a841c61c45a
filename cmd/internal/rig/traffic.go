package rig

import (
	"math/rand/v2"
	"net/netip"
	"strconv"
	"time"
)

// Traffic renders log lines in the combined format, the same ones in every run. They have some 200 bytes, as usual; one in ten is a
// scanner's, and one in ten asks for what only attackers ask for.
type Traffic struct {
	Hosts []netip.Addr // who it comes from
	rand  *rand.Rand
}

// NewTraffic is traffic of so many hosts, spread over the public IPv4 address space; none is in 100.0.0.0/8.
func NewTraffic(seed uint64, hosts int) *Traffic {
	t := &Traffic{rand: rand.New(rand.NewPCG(seed, 1))}
	seen := map[netip.Addr]bool{}
	for len(t.Hosts) < hosts {
		v := t.rand.Uint32()
		a := netip.AddrFrom4([4]byte{byte(v >> 24), byte(v >> 16), byte(v >> 8), byte(v)})
		if a.IsGlobalUnicast() && !a.IsPrivate() && a.As4()[0] != 100 && a.As4()[0] != 0 && a.As4()[0] < 224 && !seen[a] {
			seen[a] = true
			t.Hosts = append(t.Hosts, a)
		}
	}
	return t
}

var (
	browsers = []string{
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36",
		"Mozilla/5.0 (iPhone; CPU iPhone OS 17_6_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.6 Mobile/15E148 Safari/604.1",
		"Mozilla/5.0 (X11; Linux x86_64; rv:131.0) Gecko/20100101 Firefox/131.0",
		"Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
		"curl/8.5.0",
	}
	scanners = []string{
		"Mozilla/5.00 (Nikto/2.1.6) (Evasions:None) (Test:003583)",
		"sqlmap/1.7.2#stable (https://sqlmap.org)",
		"gobuster/3.6",
	}
	pages  = []string{"/", "/products/garden/chairs?page=", "/api/v1/items/", "/static/js/app.a81bc81d.js?v=", "/images/2024/10/header-large.webp?w=", "/search?q=blue+table&from="}
	probes = []string{"/.env", "/wp-login.php", "/.git/config", "/vendor/phpunit/phpunit/src/Util/PHP/eval-stdin.php", "/phpmyadmin/index.php?lang="}
)

const (
	stampLayout = "02/Jan/2006:15:04:05 -0700"
	scannerUser = "sqlmap/1.7.2#stable (https://sqlmap.org)"
)

// Line appends an ordinary line of some host and says where in the line its stamp begins.
func (t *Traffic) Line(b []byte, at time.Time) (line []byte, stamp int) {
	client := t.Hosts[t.rand.IntN(len(t.Hosts))]
	page, agent, status := pick(t, pages), pick(t, browsers), 200
	switch t.rand.IntN(10) {
	case 0:
		agent, status = pick(t, scanners), 404
	case 1:
		page, status = pick(t, probes), 404
	}
	if page[len(page)-1] == '=' || page[len(page)-1] == '/' && page != "/" {
		page += strconv.Itoa(t.rand.IntN(10_000))
	}
	return appendLine(b, client, at, page, status, t.rand.IntN(90_000), agent)
}

func pick(t *Traffic, from []string) string { return from[t.rand.IntN(len(from))] }

// Attack appends a line of a scanner.
func Attack(b []byte, client netip.Addr, at time.Time) []byte {
	return AttackAs(b, client, at, scannerUser)
}

// AttackAs appends a line of an attacker who calls itself so.
func AttackAs(b []byte, client netip.Addr, at time.Time, agent string) []byte {
	b, _ = appendLine(b, client, at, "/products/garden/chairs?id=1%27%20OR%201=1", 404, 512, agent)
	return b
}

func appendLine(b []byte, client netip.Addr, at time.Time, page string, status, size int, agent string) (line []byte, stamp int) {
	b = append(client.AppendTo(b), " - - ["...)
	stamp = len(b)
	b = append(at.AppendFormat(b, stampLayout), `] "GET `...)
	b = append(append(b, page...), ` HTTP/1.1" `...)
	b = append(strconv.AppendInt(b, int64(status), 10), ' ')
	b = strconv.AppendInt(b, int64(size), 10)
	b = append(append(b, ` "https://www.example.org/products/" "`...), agent...)
	return append(b, "\"\n"...), stamp
}

// Block is some lines that are written at once, again and again, with new stamps.
type Block struct {
	text   []byte
	stamps []int // where in text
	second int64 // that the stamps say
}

func (t *Traffic) block(lines int) *Block {
	var k Block
	for range lines {
		var stamp int
		k.text, stamp = t.Line(k.text, time.Unix(0, 0).UTC())
		k.stamps = append(k.stamps, stamp)
	}
	return &k
}

// Blocks are as many blocks of so many lines as it takes for every host to come up a few times.
func (t *Traffic) Blocks(lines int) []*Block {
	out := make([]*Block, max(1, 2*len(t.Hosts)/lines))
	for i := range out {
		out[i] = t.block(lines)
	}
	return out
}

// Lines is how many lines the block has.
func (k *Block) Lines() int { return len(k.stamps) }

// At is the text with stamps of now. It is good until the next call.
func (k *Block) At(now time.Time) []byte {
	if s := now.Unix(); s != k.second {
		k.second = s
		stamp := now.UTC().Format(stampLayout)
		for _, i := range k.stamps {
			copy(k.text[i:], stamp)
		}
	}
	return k.text
}
