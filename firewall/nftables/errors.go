//go:build linux

package nftables

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// isMissing says that the kernel has no such table, set or element.
func isMissing(err error) bool { return errors.Is(err, unix.ENOENT) }

// explain adds to an error of the kernel what to do about it, where that is known.
func explain(doing string, err error) error {
	if err == nil {
		return nil
	}
	if advice := adviceFor(err); advice != "" {
		return fmt.Errorf("nftables: %s: %w: %s", doing, err, advice)
	}
	return fmt.Errorf("nftables: %s: %w", doing, err)
}

func adviceFor(err error) string {
	switch {
	case errors.Is(err, unix.EPERM), errors.Is(err, unix.EACCES):
		return "no permission to change nftables; run as root or give the process CAP_NET_ADMIN (systemd: AmbientCapabilities=CAP_NET_ADMIN), " +
			"and see that no other program owns the table"
	case errors.Is(err, unix.EPROTONOSUPPORT), errors.Is(err, unix.EAFNOSUPPORT):
		return "the kernel has no netfilter netlink (CONFIG_NETFILTER_NETLINK); load nfnetlink, or use the ipset backend"
	case errors.Is(err, errTooLarge), errors.Is(err, unix.EMSGSIZE):
		return "raise sysctl net.core.wmem_max"
	case errors.Is(err, unix.EMFILE), errors.Is(err, unix.ENFILE):
		return "too many open files; raise LimitNOFILE"
	}
	return ""
}
