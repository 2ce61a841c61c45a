//go:build linux

package netlab

import (
	"errors"
	"fmt"
	"os/exec"
	"runtime"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// maxName is the longest device name (IFNAMSIZ less the final NUL).
const maxName = unix.IFNAMSIZ - 1

// Namespace is one host of the network.
type Namespace struct {
	name    string
	ns      netns.NsHandle
	handle  *netlink.Handle // rtnetlink sockets that belong to ns, whichever thread uses them
	devices []string        // our ends of veth pairs
}

// Name is the name given to Lab.Namespace.
func (n *Namespace) Name() string { return n.name }

// FD is a descriptor of the namespace for setns(2) and for options of libraries that open sockets elsewhere. It belongs to the Lab: do not close it.
func (n *Namespace) FD() int { return int(n.ns) }

// Do runs f on a thread that is in the namespace: sockets that f opens belong to it for good, processes that f starts live in it, and
// /proc/sys/net is its own. Goroutines that f starts are not in it. f may end its goroutine (as testing.T.FailNow does).
func (n *Namespace) Do(f func() error) (err error) {
	leave, err := enter(n.ns)
	if err != nil {
		return fmt.Errorf("netlab: enter namespace %s: %w", n.name, err)
	}
	defer func() { err = errors.Join(err, leave()) }()
	return f()
}

// Start starts a command in the namespace: a child inherits the network namespace of the thread that forks it.
func (n *Namespace) Start(cmd *exec.Cmd) error { return n.Do(cmd.Start) }

// enter binds the calling goroutine to its thread and moves that into ns. leave moves it back. Where that fails the thread stays bound, so that it
// ends together with its goroutine and nobody else ever runs on it.
func enter(ns netns.NsHandle) (leave func() error, err error) {
	runtime.LockOSThread()
	home, err := netns.Get()
	if err != nil {
		runtime.UnlockOSThread()
		return nil, fmt.Errorf("find the current namespace: %w", err)
	}
	if err := netns.Set(ns); err != nil {
		runtime.UnlockOSThread()
		return nil, errors.Join(err, home.Close())
	}
	return func() error { return goHome(home) }, nil
}

func goHome(home netns.NsHandle) error {
	defer home.Close()
	if err := netns.Set(home); err != nil {
		return fmt.Errorf("netlab: back to the first namespace: %w", err)
	}
	runtime.UnlockOSThread()
	return nil
}

func newNamespace(name string) (*Namespace, error) {
	ns, err := unshareNet()
	if err != nil {
		return nil, err
	}
	handle, err := netlink.NewHandleAt(ns, unix.NETLINK_ROUTE)
	if err != nil {
		return nil, errors.Join(err, ns.Close())
	}
	n := &Namespace{name: name, ns: ns, handle: handle}
	if err := n.up("lo"); err != nil {
		return nil, errors.Join(err, n.close())
	}
	return n, nil
}

// unshareNet makes a network namespace and returns its descriptor; the thread is back where it was.
func unshareNet() (netns.NsHandle, error) {
	runtime.LockOSThread()
	home, err := netns.Get()
	if err != nil {
		runtime.UnlockOSThread()
		return netns.None(), err
	}
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		runtime.UnlockOSThread()
		return netns.None(), errors.Join(fmt.Errorf("unshare(CLONE_NEWNET): %w (needs root, or a private user namespace)", err), home.Close())
	}
	ns, err := netns.Get()
	return ns, errors.Join(err, goHome(home))
}

// close is safe to call twice: the handle and the descriptor know that they are closed.
func (n *Namespace) close() error {
	var errs []error
	for _, dev := range n.devices {
		errs = append(errs, n.deleteDevice(dev))
	}
	n.devices = nil
	n.handle.Close()
	if n.ns.IsOpen() {
		errs = append(errs, n.ns.Close())
	}
	return errors.Join(errs...)
}

// deleteDevice removes a device that may be gone already, with the other end of its pair.
func (n *Namespace) deleteDevice(dev string) error {
	link, err := n.handle.LinkByName(dev)
	if errors.As(err, new(netlink.LinkNotFoundError)) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("netlab: %s: device %s: %w", n.name, dev, err)
	}
	return n.handle.LinkDel(link)
}
