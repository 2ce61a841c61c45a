//go:build linux

package netlab

import (
	"context"
	"net"
	"net/netip"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// Listen is net.Listen inside the namespace, on literal addresses such as "192.0.2.1:80".
func (n *Namespace) Listen(network, address string) (ln net.Listener, err error) {
	config := net.ListenConfig{Control: freebind}
	err = n.Do(func() error {
		ln, err = config.Listen(context.Background(), network, address)
		return err
	})
	return ln, err
}

// ListenPacket is net.ListenPacket inside the namespace.
func (n *Namespace) ListenPacket(network, address string) (conn net.PacketConn, err error) {
	config := net.ListenConfig{Control: freebind}
	err = n.Do(func() error {
		conn, err = config.ListenPacket(context.Background(), network, address)
		return err
	})
	return conn, err
}

// Dial connects from inside the namespace to a literal address such as "192.0.2.1:80". from is the source address, one that the host has or
// owns; the zero Addr leaves the choice to the kernel. The port is the kernel's choice.
func (n *Namespace) Dial(ctx context.Context, network string, from netip.Addr, address string) (net.Conn, error) {
	return n.Dialer(from)(ctx, network, address)
}

// Dialer returns Dial with a fixed source, in the shape that http.Transport.DialContext takes.
func (n *Namespace) Dialer(from netip.Addr) func(ctx context.Context, network, address string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (conn net.Conn, err error) {
		dialer := net.Dialer{Control: freebind, LocalAddr: localAddr(network, from)}
		err = n.Do(func() error {
			conn, err = dialer.DialContext(ctx, network, address)
			return err
		})
		return conn, err
	}
}

func localAddr(network string, from netip.Addr) net.Addr {
	switch {
	case !from.IsValid():
		return nil
	case strings.HasPrefix(network, "udp"):
		return net.UDPAddrFromAddrPort(netip.AddrPortFrom(from, 0))
	default:
		return net.TCPAddrFromAddrPort(netip.AddrPortFrom(from, 0))
	}
}

// freebind lets a socket bind to an address that Own made local: IPv6 wants it on a device otherwise.
func freebind(network, _ string, c syscall.RawConn) error {
	var sockErr error
	err := c.Control(func(fd uintptr) {
		if strings.HasSuffix(network, "6") {
			sockErr = unix.SetsockoptInt(int(fd), unix.SOL_IPV6, unix.IPV6_FREEBIND, 1)
			return
		}
		sockErr = unix.SetsockoptInt(int(fd), unix.SOL_IP, unix.IP_FREEBIND, 1)
	})
	if err != nil {
		return err
	}
	return sockErr
}
