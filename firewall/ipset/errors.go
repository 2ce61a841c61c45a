//go:build linux

package ipset

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// explain adds to what a program said what to do about it, where that is known.
func explain(doing string, err error) error {
	if err == nil {
		return nil
	}
	if advice := adviceFor(err.Error()); advice != "" {
		return fmt.Errorf("ipset: %s: %w: %s", doing, err, advice)
	}
	return fmt.Errorf("ipset: %s: %w", doing, err)
}

// missing is the error for a program that is not there: errors.Is(err, os.ErrNotExist).
func missing(err error, program, advice string) error {
	if !errors.Is(err, exec.ErrNotFound) && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("ipset: find the program %s: %w", program, err)
	}
	return fmt.Errorf("ipset: there is no program %s (%w): %s", program, os.ErrNotExist, advice)
}

const netAdmin = "run as root or give the process CAP_NET_ADMIN and CAP_NET_RAW (systemd: AmbientCapabilities=CAP_NET_ADMIN CAP_NET_RAW)"

// advice is what to do about what ipset(8) and iptables(8) say; the first that fits is meant.
var advice = []struct{ said, do string }{
	{"Can't open socket to ipset", `iptables needs CAP_NET_RAW beside CAP_NET_ADMIN for "-m set" (systemd: AmbientCapabilities=CAP_NET_ADMIN CAP_NET_RAW)`},
	{"xtables.lock", "iptables-legacy wants to lock /run/xtables.lock: let the agent's group read that file (chgrp cidrx /run/xtables.lock; " +
		"chmod 640 /run/xtables.lock), or set XTABLES_LOCKFILE to the file that all users of iptables-legacy lock"},
	{"Operation not permitted", netAdmin},
	{"Permission denied", netAdmin},
	{"you must be root", netAdmin},
	{"Cannot open session to kernel", "the kernel has no ip_set (modprobe ip_set), or a container keeps it from us"},
	{"Kernel error received: Invalid argument", "the kernel does not know this kind of set (modprobe ip_set_hash_net)"},
	{"Kernel and userspace incompatible", "the kernel does not know this kind of set (modprobe ip_set_hash_net), or ipset is newer than the kernel by far"},
	{"Table does not exist", "the kernel has no such table (modprobe iptable_raw iptable_mangle ip6table_raw ip6table_mangle)"},
	{"Extension set", "the kernel cannot match packets with sets (modprobe xt_set)"},
	{"Extension conntrack", "the kernel has no connection tracking (modprobe nf_conntrack xt_conntrack); set protectOutbound = false"},
	{"Extension multiport", "the kernel cannot match several ports (modprobe xt_multiport)"},
	{"Extension REJECT", `the kernel cannot reject (modprobe ipt_REJECT ip6t_REJECT); set action = "drop"`},
	{"Extension comment", "the kernel has no comments in rules (modprobe xt_comment)"},
	{"No chain/target/match by that name", "the kernel lacks one of the modules xt_set, xt_conntrack, xt_multiport, xt_comment, ipt_REJECT (modprobe them)"},
}

func adviceFor(said string) string {
	for _, a := range advice {
		if strings.Contains(said, a.said) {
			return a.do
		}
	}
	return ""
}
