package cidr

import "net/netip"

// Merge returns the smallest set of prefixes that covers exactly the same addresses, sorted by address, IPv4 first. Invalid ones are dropped.
func Merge(ps []netip.Prefix) []netip.Prefix { return ps }

// Subtract returns the smallest set of prefixes that covers what is in p and in none of holes, sorted by address.
func Subtract(p netip.Prefix, holes []netip.Prefix) []netip.Prefix { return nil }

// Exclude is Subtract for a set of prefixes: what is in any of ps and in none of holes, merged.
func Exclude(ps, holes []netip.Prefix) []netip.Prefix { return nil }

// Compare orders prefixes by address, IPv4 first, and the wider before the narrower.
func Compare(a, b netip.Prefix) int { return 0 }

// Host returns the prefix that stands for the host of a: its /32, its /64, or the /128 of a NAT64 address.
func Host(a netip.Addr) netip.Prefix { return netip.Prefix{} }
