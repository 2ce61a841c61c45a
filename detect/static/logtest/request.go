package logtest

import (
	"net/netip"
	"strconv"
)

// request is what a line says.
type request struct {
	client                         netip.Addr
	method, target, referer, agent string
	status, size                   int
	digits                         [24]byte // for the places of target that vary
}

// page asks for one of the site's own.
func (s *scene) page() {
	q := &s.request
	q.method, q.target, q.status, q.size = "GET", pick(s.rand, pages), 200, s.rand.IntN(60_000)
	if s.rand.IntN(4) == 0 {
		q.referer = pick(s.rand, referers)
	}
	switch k := s.rand.IntN(100); {
	case k < 4:
		q.method = "POST"
	case k < 14:
		q.status, q.size = 304, 0
	case k < 17:
		q.status, q.size = 404, 153
	case k < 20:
		q.status, q.size = 302, 0
	}
	s.vary()
}

// probe asks for what only attackers ask for, now and then for what everybody does.
func (s *scene) probe() {
	q := &s.request
	q.method, q.target, q.status, q.size = "GET", pick(s.rand, probes), 404, 153
	if s.rand.IntN(3) == 0 {
		q.target, q.status = pick(s.rand, pages), 200
	}
	if s.rand.IntN(4) == 0 {
		q.method = "POST"
	}
	s.vary()
}

// vary chooses what stands for the places of the target that are written as #.
func (s *scene) vary() {
	const letters = "0123456789abcdef"
	r := s.rand.Uint64()
	for i := range s.request.digits {
		s.request.digits[i] = letters[r>>(i%16*4)&15]
	}
}

// appendTarget appends the target with all its places.
func (q *request) appendTarget(b []byte) []byte {
	places := 0
	for i := range len(q.target) {
		c := q.target[i]
		if c == '#' {
			c = q.digits[places%len(q.digits)]
			places++
		}
		b = append(b, c)
	}
	return b
}

// appendCombined appends the request as a line of nginx's combined format.
func (s *scene) appendCombined(b []byte) []byte {
	q := &s.request
	b = append(q.client.AppendTo(b), " - - ["...)
	b = append(append(append(b, s.stamp...), `] "`...), q.method...)
	b = append(q.appendTarget(append(b, ' ')), ` HTTP/`...)
	b = append(append(b, protocol(q)...), `" `...)
	b = append(strconv.AppendInt(b, int64(q.status), 10), ' ')
	b = append(strconv.AppendInt(b, int64(q.size), 10), ` "`...)
	b = append(append(b, orDash(q.referer)...), `" "`...)
	return append(append(b, orDash(q.agent)...), "\"\n"...)
}

// appendCaddy appends the request as a line of Caddy's access log, which has all the headers that browsers send.
func (s *scene) appendCaddy(b []byte) []byte {
	q := &s.request
	b = strconv.AppendInt(append(b, `{"level":"info","ts":`...), s.second, 10)
	b = append(b, `.7564995,"logger":"http.log.access.log0","msg":"handled request","request":{"remote_ip":"`...)
	b = append(q.client.AppendTo(b), `","remote_port":"`...)
	b = strconv.AppendInt(b, int64(1024+s.rand.IntN(60_000)), 10)
	b = append(q.client.AppendTo(append(b, `","client_ip":"`...)), `","proto":"HTTP/2.0","method":"`...)
	b = append(append(b, q.method...), `","host":"www.example.com","uri":"`...)
	b = append(q.appendTarget(b), `","headers":{"User-Agent":["`...)
	b = append(append(b, q.agent...), caddyHeaders...)
	if q.referer != "" {
		b = append(append(append(b, `"Referer":["`...), q.referer...), `"],`...)
	}
	b = strconv.AppendInt(append(b, caddyMiddle...), int64(q.size), 10)
	b = strconv.AppendInt(append(b, `,"status":`...), int64(q.status), 10)
	return append(b, caddyEnd...)
}

func protocol(q *request) string {
	if len(q.agent) > 80 { // as browsers do today
		return "2.0"
	}
	return "1.1"
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
