package logtest

import (
	"math/rand/v2"
	"net/netip"
	"time"
)

// visits is how many visitors are on the site at the same time.
const visits = 500

// scene is what happens while a log is written.
type scene struct {
	log     *Log
	rand    *rand.Rand
	line    int
	second  int64
	stamp   string // of second, as combined lines have it
	came    int    // visitors that have come up
	visits  []visit
	beaten  []int // for each botnet, how many requests it has sent
	request request
	out     []byte
}

// visit is a client that asks for several things.
type visit struct {
	client netip.Addr
	agent  string
}

// at moves on to line i.
func (s *scene) at(i int) {
	s.line = i
	if at := Start.Unix() + int64(i)*int64(Length/time.Second)/int64(s.log.options.Lines); at != s.second {
		s.second = at
		s.stamp = time.Unix(at, 0).UTC().Format("02/Jan/2006:15:04:05 -0700")
	}
}

// next renders the next line. It is valid until the one after it.
func (s *scene) next() []byte {
	s.request = request{}
	if !s.attack() {
		s.browse()
	}
	s.out = s.out[:0]
	if s.log.options.Format == Caddy {
		s.out = s.appendCaddy(s.out)
	} else {
		s.out = s.appendCombined(s.out)
	}
	return s.out
}

// attack has a botnet send the next request, if it is one's turn. Each of its hosts comes up before any comes up again.
func (s *scene) attack() bool {
	if s.beaten == nil {
		s.beaten = make([]int, len(s.log.Botnets))
	}
	turn := s.rand.Float64()
	for i := range s.log.Botnets {
		b := &s.log.Botnets[i]
		if turn -= b.Share; turn >= 0 {
			continue
		}
		host := s.beaten[i]
		if host >= len(b.hosts) {
			host = s.rand.IntN(len(b.hosts))
		}
		s.beaten[i]++
		s.request.client, s.request.agent = b.hosts[host], pick(s.rand, b.agents)
		s.probe()
		return true
	}
	return false
}

// browse has a visitor send the next request.
func (s *scene) browse() {
	v := s.visitor()
	s.request.client, s.request.agent = v.client, v.agent
	s.page()
}

// visitor is somebody who is on the site, or arrives: new ones at a pace that has brought all of them shortly before the log ends, and
// those who come back, some of them far more often than others.
func (s *scene) visitor() *visit {
	crowd := s.log.crowd
	due := min(len(crowd), 1+int(int64(len(crowd))*int64(s.line+1)*100/(int64(s.log.options.Lines)*99)))
	if s.came < due {
		s.came++
		return s.arrive(crowd[s.came-1])
	}
	if s.rand.IntN(12) == 0 {
		u := s.rand.Float64()
		return s.arrive(crowd[int(float64(s.came)*u*u*u)])
	}
	return &s.visits[s.rand.IntN(len(s.visits))]
}

// arrive lets a visitor take the place of another.
func (s *scene) arrive(client netip.Addr) *visit {
	v := visit{client: client, agent: pick(s.rand, browsers)}
	if s.rand.IntN(20) == 0 {
		v.agent = pick(s.rand, crawlers)
	}
	if len(s.visits) < visits {
		s.visits = append(s.visits, v)
		return &s.visits[len(s.visits)-1]
	}
	place := &s.visits[s.rand.IntN(visits)]
	*place = v
	return place
}

func pick(r *rand.Rand, from []string) string { return from[r.IntN(len(from))] }
