package host

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

// groups are the multicast groups of addresses and routes (RTMGRP_* of linux/rtnetlink.h).
const groups = 1<<(unix.RTNLGRP_IPV4_IFADDR-1) | 1<<(unix.RTNLGRP_IPV6_IFADDR-1) |
	1<<(unix.RTNLGRP_IPV4_ROUTE-1) | 1<<(unix.RTNLGRP_IPV6_ROUTE-1)

// settle is how long changes of addresses and routes are gathered: interfaces come up in many small steps.
const settle = 200 * time.Millisecond

// news says what has to be read again.
type news struct{ addresses, gateways bool }

// Watch calls changed with the facts as they are at first, and again whenever they have changed, until ctx is done; it returns nil then.
// The kernel tells of addresses and routes at once; sessions and resolvers are looked at every Options.Every. changed is called from one
// goroutine, never twice at a time. What cannot be read is logged once; addresses and routes then keep their last value.
func (r *Reader) Watch(ctx context.Context, changed func(Facts)) error {
	conn, err := netlink.Dial(unix.NETLINK_ROUTE, &netlink.Config{Groups: groups})
	if err != nil {
		return fmt.Errorf("subscribe to addresses and routes: %w", err)
	}
	told := make(chan news)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		listen(ctx, conn, told)
	}()
	w := &watcher{Reader: r, changed: changed}
	w.run(ctx, told)
	err = conn.Close() // ends listen
	<-ended
	return err
}

// watcher is the state of Watch.
type watcher struct {
	*Reader
	changed func(Facts)
	parts   parts
	last    Facts
	begun   bool
	said    string // the last error that was logged
}

// run reads what has changed until ctx is done.
func (w *watcher) run(ctx context.Context, told <-chan news) {
	w.update(news{addresses: true, gateways: true})
	look := time.NewTicker(w.o.Every)
	defer look.Stop()
	for {
		var n news
		select {
		case <-ctx.Done():
			return
		case <-look.C:
		case n = <-told:
			n = gather(ctx, told, n)
		}
		w.update(n)
	}
}

// gather waits until changes have settled.
func gather(ctx context.Context, told <-chan news, n news) news {
	timer := time.NewTimer(settle)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return n
		case <-timer.C:
			return n
		case more := <-told:
			n.addresses, n.gateways = n.addresses || more.addresses, n.gateways || more.gateways
		}
	}
}

// update reads what is new, and the files in any case.
func (w *watcher) update(n news) {
	var errs []error
	if n.addresses {
		errs = append(errs, w.readAddresses(&w.parts))
	}
	if n.gateways {
		errs = append(errs, w.readGateways(&w.parts))
	}
	errs = append(errs, w.readFiles(&w.parts))
	w.report(errors.Join(errs...))
	if all := w.parts.all(); !w.begun || !slices.Equal(all, w.last) {
		w.last, w.begun = all, true
		w.changed(slices.Clone(all))
	}
}

// report logs an error, but not the same one every ten seconds.
func (w *watcher) report(err error) {
	said := ""
	if err != nil {
		said = err.Error()
	}
	if said != "" && said != w.said {
		w.o.Logger.Warn("some of what must never be banned cannot be read", "error", err)
	}
	w.said = said
}

// listen tells of changes until conn is closed.
func listen(ctx context.Context, conn *netlink.Conn, told chan<- news) {
	for {
		messages, err := conn.Receive()
		n := sift(messages)
		switch {
		case errors.Is(err, unix.ENOBUFS): // some messages were dropped: nobody knows which
			n = news{addresses: true, gateways: true}
		case err != nil:
			return
		}
		if n == (news{}) {
			continue
		}
		select {
		case told <- n:
		case <-ctx.Done():
			return
		}
	}
}

// rtmsgLen is the size of struct rtmsg; its second byte is the length of the destination prefix.
const rtmsgLen = 12

// sift looks for changes that matter. On a router, routes change all the time: only default routes are of interest, and an address that
// goes takes the routes through it along without a word.
func sift(messages []netlink.Message) (n news) {
	for _, m := range messages {
		switch m.Header.Type {
		case unix.RTM_NEWADDR, unix.RTM_DELADDR:
			n.addresses, n.gateways = true, true
		case unix.RTM_NEWROUTE, unix.RTM_DELROUTE:
			if len(m.Data) >= rtmsgLen && m.Data[1] == 0 {
				n.gateways = true
			}
		}
	}
	return n
}
