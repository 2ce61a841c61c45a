package jail_test

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"cidrx/agent/jail"
)

// in16 marks the addresses of 198.51.0.0/16 that the holds cover; it fails when one is covered twice.
func in16(t *testing.T, holds []jail.Hold) (held [1 << 16]bool) {
	t.Helper()
	for _, h := range holds {
		a := h.Prefix.Addr().As4()
		for i := range 1 << (32 - h.Prefix.Bits()) {
			at := int(a[2])<<8 + int(a[3]) + i
			if held[at] {
				t.Fatalf("%s is held twice", h.Prefix)
			}
			held[at] = true
		}
	}
	return held
}

// scattered are n distinct hosts of 198.51.0.0/16.
func scattered(n int) []netip.Prefix {
	r := rand.New(rand.NewPCG(1, 2))
	hosts := make([]netip.Prefix, n)
	for i, k := range r.Perm(1 << 16)[:n] {
		hosts[i] = netip.PrefixFrom(netip.AddrFrom4([4]byte{198, 51, byte(k >> 8), byte(k)}), 32)
	}
	return hosts
}

func allowed(hosts []netip.Prefix) (list []jail.AllowEntry) {
	for _, h := range hosts {
		list = append(list, jail.AllowEntry{Prefix: h})
	}
	return list
}

func TestCarvingAroundAnAllowlist(t *testing.T) {
	for _, test := range []struct {
		hosts int
		open  int // addresses left open beyond the allowed ones, at most
	}{{0, 0}, {1, 0}, {300, 0}, {1000, 0}, {3000, 9000}, {20_000, 45_000}} {
		t.Run(fmt.Sprint(test.hosts), func(t *testing.T) {
			p := open(t, options)
			hosts := scattered(test.hosts)
			p.SetAllow(start, allowed(hosts))
			p.order("198.51.0.0/16", time.Hour)
			holds, _ := p.Holds()
			held, n := in16(t, holds), 0
			for _, h := range hosts {
				if a := h.Addr().As4(); held[int(a[2])<<8+int(a[3])] {
					t.Fatalf("%s is held", h)
				}
			}
			for _, is := range held {
				if is {
					n++
				}
			}
			open := 1<<16 - test.hosts - n
			t.Logf("%d pieces, %d addresses left open", len(holds), open)
			if len(holds) > 8192 || open > test.open || (open > 0) != (p.Counts().Open > 0) {
				t.Errorf("%d pieces, %d addresses left open, counted %d", len(holds), open, p.Counts().Open)
			}
			p.SetAllow(start, nil)
			p.holds("198.51.0.0/16")
			p.want("open", fmt.Sprint(p.Counts().Open), "0")
		})
	}
}

// Where too many bans outlive a wider one to hold it around each, they wait until it has ended.
func TestManyBansThatOutliveAWiderOne(t *testing.T) {
	o := options
	o.MaxBans = 10_000
	p := open(t, o)
	hosts := scattered(8000)
	for _, h := range hosts {
		p.order(h.String(), time.Hour)
	}
	for i := range 1000 { // these do not outlive it
		p.Ban(start, jail.Order{Prefix: netip.PrefixFrom(v4(i/250, i), 31).Masked(), For: time.Second})
	}
	p.order("198.51.0.0/16", time.Minute)
	p.holds("198.51.0.0/16")
	p.unblock(0, "198.51.128.0/17")
	p.holds("198.51.0.0/17")
	p.now = p.now.Add(time.Second)
	p.Advance(p.now)
	p.later(59*time.Second, "unban 198.51.0.0/16")
	slices.SortFunc(hosts, netip.Prefix.Compare)
	var rest []string
	for _, h := range hosts {
		if h.Addr().As4()[2] < 128 {
			rest = append(rest, h.String())
		}
	}
	p.holds(rest...)
}

func TestSampleLinesAreBoundedTogether(t *testing.T) {
	o := options
	o.MaxBans = 10_000
	p := open(t, o)
	line := strings.Repeat("x", 1500)
	for i := range 9000 {
		v := verdict(fmt.Sprintf("198.51.%d.%d/32", i/256, i%256), 1)
		v.Evidence.Samples = []string{line, line, line, line}
		p.Judge(start, v)
		if i%3 == 0 { // ended ones keep theirs, too, until they are forgotten
			p.Unblock(start, []netip.Prefix{v.Prefix}, 0, "root")
		}
	}
	bytes := 0
	for _, b := range slices.Concat(p.Active(), p.History()) {
		for _, s := range b.Evidence.Samples {
			bytes += len(s)
		}
	}
	if bytes > 16<<20 || bytes < 15<<20 {
		t.Errorf("%d bytes", bytes)
	}
	p.want("oldest", fmt.Sprint(len(p.ban("198.51.0.1/32").Evidence.Samples)), "0")
	p.want("newest", fmt.Sprint(len(p.ban("198.51.35.38/32").Evidence.Samples)), "3")
	p.want("dropped", fmt.Sprint(p.Counts().Samples), fmt.Sprint(9000-(16<<20)/3072))
}

// A jail through which bans come and go keeps no trace of those it has forgotten.
func TestForgottenBansLeaveNoSamples(t *testing.T) {
	o := options
	o.MaxBans = 100
	p := open(t, o)
	for i := range 5000 {
		v := verdict(fmt.Sprintf("198.%d.%d.7/32", i/256, i%256), 1)
		v.Evidence.Samples = []string{"line"}
		p.Judge(start.Add(time.Duration(i)*time.Second), v)
	}
	p.want("dropped for want of room", fmt.Sprint(p.Counts().Samples), "0")
	p.want("forgotten", fmt.Sprint(p.Counts().Forgotten), "4800")
	p.want("remembered", fmt.Sprint(len(p.History())), "100")
	bans, bytes := jail.Sampled(p.Jail)
	p.want("bytes of sample lines", fmt.Sprint(bytes), "800")
	if bans > 400 {
		t.Errorf("%d bans are kept for their sample lines", bans)
	}
}
