package static_test

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net/netip"
	"slices"
	"time"

	"cidrx/detect/static"
)

// Texts of synthetic logs.
const (
	chrome  = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36"
	firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:121.0) Gecko/20100101 Firefox/121.0"
	google  = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
	script  = "python-requests/2.31.0"
)

// synthetic is a log whose clients are labelled.
type synthetic struct {
	rng    *rand.Rand
	lines  []string
	label  map[netip.Addr]string
	counts map[string]int
}

func newSynthetic(seed uint64) *synthetic {
	return &synthetic{rng: rand.New(rand.NewPCG(seed, 7)), label: map[netip.Addr]string{}, counts: map[string]int{}}
}

// ask adds n requests of a client, anywhere in one day.
func (s *synthetic) ask(label string, client netip.Addr, n int, request func() string) {
	s.label[client] = label
	s.counts[label] += n
	for range n {
		at := time.Date(2025, 3, 4, 0, 0, s.rng.IntN(86400), 0, time.UTC)
		s.lines = append(s.lines, fmt.Sprintf("%s%s - - [%s] %s", at.Format("150405"), client, at.Format("02/Jan/2006:15:04:05 -0700"), request()))
	}
}

// browse is what people send: pages and their parts, now and then one that is not there.
func (s *synthetic) browse() string {
	agent, status := chrome, 200
	if s.rng.IntN(3) == 0 {
		agent = firefox
	}
	if s.rng.IntN(25) == 0 {
		status = 404
	}
	return fmt.Sprintf("\"GET /page/%d?from=%d HTTP/1.1\" %d 5120 \"-\" \"%s\"", s.rng.IntN(300), s.rng.IntN(1000), status, agent)
}

func (s *synthetic) crawl() string {
	return fmt.Sprintf("\"GET /page/%d HTTP/1.1\" 200 5120 \"-\" \"%s\"", s.rng.IntN(300), google)
}

func (s *synthetic) scan() string {
	targets := []string{"/.env", "/wp-login.php", "/admin/config", "/phpmyadmin/", "/backup.zip"}
	return fmt.Sprintf("\"GET %s HTTP/1.1\" 404 196 \"-\" \"%s\"", targets[s.rng.IntN(len(targets))], []string{script, "-", chrome}[s.rng.IntN(3)])
}

func (s *synthetic) login() string {
	return fmt.Sprintf("\"POST /login HTTP/1.1\" 401 64 \"-\" \"%s\"", script)
}

// hostsIn picks n different hosts of a prefix.
func (s *synthetic) hostsIn(prefix string, n int) (out []netip.Addr) {
	p := netip.MustParsePrefix(prefix)
	for len(out) < n {
		raw := p.Addr().As4()
		for bit := p.Bits(); bit < 32; bit++ {
			if s.rng.IntN(2) == 1 {
				raw[bit/8] |= 0x80 >> (bit % 8)
			}
		}
		if a := netip.AddrFrom4(raw); !slices.Contains(out, a) && s.label[a] == "" {
			out = append(out, a)
		}
	}
	return out
}

// users adds n people all over the address space.
func (s *synthetic) users(n int) {
	for range n {
		net := fmt.Sprintf("%d.%d.0.0/16", 60+s.rng.IntN(30), s.rng.IntN(256))
		s.ask("user", s.hostsIn(net, 1)[0], 3+s.rng.IntN(60), s.browse)
	}
}

// botnets adds the attacks and the others that are easily taken for one.
func (s *synthetic) botnets() {
	for _, a := range s.hostsIn("203.0.113.0/24", 200) {
		s.ask("even /24", a, 50+s.rng.IntN(20), s.login)
	}
	for _, a := range s.hostsIn("45.140.0.0/16", 400) {
		s.ask("sparse /16", a, 20+s.rng.IntN(20), s.scan)
	}
	for range 6 {
		s.ask("scanner", s.hostsIn(fmt.Sprintf("%d.0.0.0/8", 100+s.rng.IntN(20)), 1)[0], 5000+s.rng.IntN(4000), s.scan)
	}
}

func (s *synthetic) lookalikes() {
	s.ask("NAT", netip.MustParseAddr("198.51.100.7"), 3000, s.browse)
	for _, net := range []string{"66.249.64.0/24", "66.249.65.0/24", "66.249.66.0/24", "66.249.79.0/24"} {
		for _, a := range s.hostsIn(net, 25) {
			s.ask("crawler", a, 100+s.rng.IntN(100), s.crawl)
		}
	}
}

// log puts the lines into the order of time.
func (s *synthetic) log() static.Log {
	slices.Sort(s.lines)
	var text bytes.Buffer
	for _, line := range s.lines {
		text.WriteString(line[len("150405"):] + "\n")
	}
	return logOf("synthetic.log", text.Bytes())
}

// logOf is a log that can be read again.
func logOf(name string, text []byte) static.Log {
	return static.Log{Name: name, Again: true, Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(text)), nil }}
}
