package main

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"cidrx/cmd/internal/rig"
	"cidrx/firewall/netlab"
)

// door is a port of the edge host to which packets of banned clients, and of one that is not, are sent without a pause.
type door struct {
	inside net.PacketConn
	banned []net.Conn
	free   net.Conn

	mu         sync.Mutex
	sent       int       // packets of banned clients
	cameIn     []passage // of banned clients
	freeSent   int
	freeCameIn int
}

// passage is a packet that came in: between these two.
type passage struct{ stamped, received time.Time }

const (
	edgeAddr, worldAddr   = "10.77.0.1", "10.77.0.2"
	edgeAddr6, worldAddr6 = "2001:db8:77::1", "2001:db8:77::2"
	freeClient            = "192.0.2.1"
	doorPort              = "9999"
	knocks                = time.Millisecond // between packets of banned clients
	freeKnocks            = 50               // of theirs to one of the free client
)

// openDoor links the edge host to the world, in which everybody lives that is banned all the time.
func openDoor(lab *netlab.Lab, edge *netlab.Namespace, standing []netip.Prefix) (*door, error) {
	world, err := lab.Namespace("world")
	if err != nil {
		return nil, err
	}
	if err := lab.Link(edge, world, edgeAddr+"/30", worldAddr+"/30", edgeAddr6+"/64", worldAddr6+"/64"); err != nil {
		return nil, err
	}
	for network, gateway := range map[string]string{
		freeClient + "/32": worldAddr, rig.HostSpace.String(): worldAddr, rig.NetworkSpace.String(): worldAddr,
		rig.HostSpace6.String(): worldAddr6, rig.NetworkSpace6.String(): worldAddr6,
	} {
		if err := errors.Join(world.Own(network), edge.AddRoute(network, gateway)); err != nil {
			return nil, err
		}
	}
	d := &door{}
	if d.inside, err = edge.ListenPacket("udp", ":"+doorPort); err != nil {
		return nil, err
	}
	return d, d.invite(world, standing)
}

// knockers is how many of the banned clients knock.
const knockers = 64

// invite makes the sockets of some banned clients, evenly chosen, and of the free one.
func (d *door) invite(world *netlab.Namespace, standing []netip.Prefix) (err error) {
	dial := func(from netip.Addr) (net.Conn, error) {
		network, to := "udp4", edgeAddr
		if from.Is6() {
			network, to = "udp6", edgeAddr6
		}
		return world.Dial(context.Background(), network, from, net.JoinHostPort(to, doorPort))
	}
	if d.free, err = dial(netip.MustParseAddr(freeClient)); err != nil {
		return err
	}
	step := max(1, len(standing)/knockers)
	for i := 0; i < len(standing); i += step {
		conn, err := dial(standing[i].Addr())
		if err != nil {
			return err
		}
		d.banned = append(d.banned, conn)
	}
	return nil
}

// knock sends packets until ctx is done. Each says when it was sent.
func (d *door) knock(ctx context.Context) error {
	tick := time.NewTicker(knocks)
	defer tick.Stop()
	for i := 0; ; i++ {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		_ = send(d.banned[i%len(d.banned)], 'b') // what is dropped is no error
		free := i%freeKnocks == 0 && send(d.free, 'f') == nil
		d.mu.Lock()
		d.sent++
		if free {
			d.freeSent++
		}
		d.mu.Unlock()
	}
}

func send(c net.Conn, who byte) error {
	_, err := c.Write(binary.BigEndian.AppendUint64([]byte{who}, uint64(time.Now().UnixNano())))
	return err
}

// answer takes in what comes through until close.
func (d *door) answer() error {
	for b := make([]byte, 64); ; {
		n, _, err := d.inside.ReadFrom(b)
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			return err
		}
		d.came(b[:n])
	}
}

func (d *door) came(packet []byte) {
	if len(packet) != 9 {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if packet[0] == 'f' {
		d.freeCameIn++
		return
	}
	d.cameIn = append(d.cameIn, passage{time.Unix(0, int64(binary.BigEndian.Uint64(packet[1:]))), time.Now()})
}

// close ends answer.
func (d *door) close() error {
	errs := []error{d.inside.Close(), d.free.Close()}
	for _, c := range d.banned {
		errs = append(errs, c.Close())
	}
	return errors.Join(errs...)
}

// gap is a time in which the kernel did not have the bans, because somebody had flushed the ruleset.
type gap struct{ from, to time.Time }

// outside counts the packets that came in at other times than the gaps, and says how long the longest was that packets made out inside one.
func (d *door) outside(gaps []gap) (n int, longest time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	first := make([]time.Time, len(gaps))
	for _, p := range d.cameIn {
		i := slices.IndexFunc(gaps, func(g gap) bool { return p.received.After(g.from) && p.stamped.Before(g.to) })
		switch {
		case i < 0:
			n++
		case first[i].IsZero() || p.stamped.Before(first[i]):
			first[i] = p.stamped
		default:
			longest = max(longest, p.stamped.Sub(first[i]))
		}
	}
	return n, longest
}
