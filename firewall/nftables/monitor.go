//go:build linux

package nftables

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// monitorBuffer is asked for as receive buffer: some 100,000 elements changed by others in one commit.
const monitorBuffer = 32 << 20

// change is a kind of thing that was changed in our table, the worst last.
type change uint8

const (
	noChange change = iota
	elementsChanged
	rulesChanged // or chains
	setsChanged
	tableDeleted
)

func (c change) String() string {
	return [...]string{"nothing changed", "elements changed", "rules changed", "sets changed", "table deleted"}[c]
}

// monitor hears what everybody does to nftables. The kernel sends the changes of a commit, then its generation; their headers carry the port of
// the connection that made it.
type monitor struct {
	*socket
	own  atomic.Pointer[[]uint32] // ports of our connections that write
	last atomic.Uint32            // newest generation heard of
	now  change                   // worst change to our table in the commit that is being heard
}

// heard is one commit of somebody else's that changed our table.
type heard struct {
	generation
	change change
}

// openMonitor starts to listen. Events queue in the kernel until they are read.
func openMonitor(netns int, elements uint32, own []uint32) (*monitor, error) {
	s, err := dial(netns)
	if err != nil {
		return nil, explain("open a netlink socket", err)
	}
	m := &monitor{socket: s}
	if err := errors.Join(m.conn.SetReadBuffer(monitorBuffer), m.follow(elements, own)); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	// The generation is asked for before events are, or its answer could be taken for one.
	g, err := s.generation()
	if err == nil {
		err = s.conn.JoinGroup(unix.NFNLGRP_NFTABLES)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("nftables: listen for changes: %w", err), s.Close())
	}
	m.last.Store(g.id)
	return m, nil
}

// follow sets which connections are our own, and has the kernel keep from us what the one for elements does: 100,000 of them would be 100,000
// events. Other goroutines may call it.
func (m *monitor) follow(elements uint32, own []uint32) error {
	m.own.Store(&own)
	// Loads are big-endian, the fields of struct nlmsghdr are the machine's: the constants are turned instead.
	const typeOffset, portOffset = 4, 12
	port := binary.BigEndian.Uint32(binary.NativeEndian.AppendUint32(nil, elements))
	newGeneration := binary.BigEndian.Uint16(binary.NativeEndian.AppendUint16(nil, subsystem|unix.NFT_MSG_NEWGEN))
	filter := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: portOffset},
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: port, Jt: 0, Jf: 2}, // others': pass
		{Code: unix.BPF_LD | unix.BPF_H | unix.BPF_ABS, K: typeOffset},
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: uint32(newGeneration), Jt: 0, Jf: 1}, // our generations: pass, so that none is missing
		{Code: unix.BPF_RET | unix.BPF_K, K: 0xffffffff},
		{Code: unix.BPF_RET | unix.BPF_K, K: 0},
	}
	var setErr error
	err := m.raw.Control(func(fd uintptr) {
		setErr = unix.SetsockoptSockFprog(int(fd), unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]})
	})
	if err := errors.Join(err, setErr); err != nil {
		return fmt.Errorf("nftables: filter our own events: %w", err)
	}
	return nil
}

// errMissed says that events were lost.
var errMissed = errors.New("events were lost")

// listen waits for the next events until the deadline and gives the commits of others that changed a table of ours. errMissed comes after all
// that was heard.
func (m *monitor) listen(ctx context.Context, table string, deadline time.Time, each func(heard)) error {
	b, err := m.wait(ctx, deadline)
	if err != nil {
		return err
	}
	missed := false
	_, err = eachMessage(b, func(msg message) (bool, error) {
		if msg.kind == subsystem|unix.NFT_MSG_NEWGEN {
			missed = m.commit(msg, each) || missed
			return false, nil
		}
		if !m.isOwn(msg.port) {
			m.now = max(m.now, changeOf(msg, table))
		}
		return false, nil
	})
	if err == nil && missed {
		return errMissed
	}
	return err
}

// commit takes the end of a commit, and says whether commits before it were not heard.
func (m *monitor) commit(msg message, each func(heard)) (missed bool) {
	g := readGeneration(msg.nfAttributes())
	last := m.last.Load()
	missed = later(g.id, last+1)
	if later(g.id, last) {
		m.last.Store(g.id)
	}
	if m.now != noChange && !m.isOwn(msg.port) {
		each(heard{generation: g, change: m.now})
	}
	m.now = noChange
	return missed
}

func (m *monitor) isOwn(port uint32) bool {
	return slices.Contains(*m.own.Load(), port)
}

// changeOf says what a message means for our table: in all of them the first attribute is the name of the table.
func changeOf(msg message, table string) change {
	const tableName = 1
	if msg.kind>>8 != unix.NFNL_SUBSYS_NFTABLES || len(msg.body) < nfgenSize || msg.body[0] != unix.NFPROTO_INET {
		return noChange
	}
	if cString(find(msg.nfAttributes(), tableName)) != table {
		return noChange
	}
	switch msg.kind & 0xff {
	case unix.NFT_MSG_DELTABLE:
		return tableDeleted
	case unix.NFT_MSG_NEWSETELEM, unix.NFT_MSG_DELSETELEM:
		if cString(find(msg.nfAttributes(), unix.NFTA_SET_ELEM_LIST_SET)) == portsSet {
			return rulesChanged // they say what the rules apply to
		}
		return elementsChanged
	case unix.NFT_MSG_NEWSET, unix.NFT_MSG_DELSET:
		return setsChanged
	case unix.NFT_MSG_NEWTABLE, unix.NFT_MSG_NEWCHAIN, unix.NFT_MSG_DELCHAIN, unix.NFT_MSG_NEWRULE, unix.NFT_MSG_DELRULE:
		return rulesChanged
	}
	return noChange
}
