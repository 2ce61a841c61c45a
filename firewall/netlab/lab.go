//go:build linux

// Package netlab builds throw-away networks out of network namespaces, veth pairs, addresses and routes, for tests and for the demonstration.
//
// Namespaces have no name in the file system: a file descriptor keeps each of them alive, so nothing is left behind when the process ends, however
// it ends. Everything is done by netlink; no command is run. Root is needed, or being root of a user namespace that owns the current network
// namespace.
package netlab

import (
	"errors"
	"fmt"
	"sync"
)

// Lab owns the namespaces and links made through it. Its methods may be called from several goroutines.
type Lab struct {
	mu         sync.Mutex
	namespaces []*Namespace
}

// New returns an empty network. Close it when done.
func New() *Lab { return &Lab{} }

// Namespace adds a host to the network: a new network namespace with its loopback up. The name (1 to 15 characters, no "lo", no slash) is
// known to this process only, and names the devices that lead to it.
func (l *Lab) Namespace(name string) (*Namespace, error) {
	if name == "" || name == "lo" || len(name) > maxName {
		return nil, fmt.Errorf("netlab: namespace name %q: need 1 to %d characters, and not \"lo\": devices are named after it", name, maxName)
	}
	ns, err := newNamespace(name)
	if err != nil {
		return nil, fmt.Errorf("netlab: namespace %s: %w", name, err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.namespaces = append(l.namespaces, ns)
	return ns, nil
}

// Close takes the links down and gives the namespaces back. A namespace in which sockets are still open, or processes still run, lives until they
// are gone. Closing twice does nothing.
func (l *Lab) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	var errs []error
	for _, ns := range l.namespaces {
		errs = append(errs, ns.close())
	}
	l.namespaces = nil
	return errors.Join(errs...)
}
