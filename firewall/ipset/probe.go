//go:build linux

package ipset

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/coreos/go-iptables/iptables"
)

// lockPatience is how many seconds iptables waits for the lock that its users share.
const lockPatience = 10

// iptablesPair are the programs of the two families; nil where the kernel does not have the family.
type iptablesPair [2]*iptables.IPTables

func (p iptablesPair) families() []family {
	var out []family
	for _, fam := range []family{v4, v6} {
		if p[fam] != nil {
			out = append(out, fam)
		}
	}
	return out
}

// program is the name of the IPv4 program.
func (v Variant) program() string {
	if v == HostVariant {
		return "iptables"
	}
	return "iptables-" + string(v)
}

// openTables finds the programs of a variant.
func openTables(o Options, v Variant) (iptablesPair, error) {
	var pair iptablesPair
	for _, fam := range []family{v4, v6} {
		if fam == v6 && !hasIPv6() {
			continue
		}
		name, protocol := v.program(), iptables.ProtocolIPv4
		if fam == v6 {
			name, protocol = "ip6"+strings.TrimPrefix(name, "ip"), iptables.ProtocolIPv6
		}
		path, err := findProgram(name)
		if err != nil {
			return pair, missing(err, name, `install the package "iptables" (Debian, Ubuntu) or "iptables-nft" (RHEL, Fedora)`)
		}
		if pair[fam], err = iptables.New(iptables.IPFamily(protocol), iptables.Path(path), iptables.Timeout(lockPatience)); err != nil {
			return pair, fmt.Errorf("ipset: %s: %w", path, err)
		}
	}
	return pair, nil
}

// hasIPv6 is false where the kernel is without IPv6: then ip6tables does not work, and no packet needs it.
func hasIPv6() bool {
	_, err := os.Stat("/proc/net/if_inet6")
	return err == nil
}

// choose finds a variant of iptables that works, and begins with the one that the administrator's "iptables" is.
func (f *Firewall) choose(ctx context.Context) error {
	candidates := []Variant{HostVariant, Legacy, Nft}
	if f.o.Variant != HostVariant {
		candidates = []Variant{f.o.Variant}
	}
	var errs []error
	for _, v := range candidates {
		err := f.try(ctx, v)
		if err == nil {
			return nil
		}
		errs = append(errs, err)
		if f.o.Variant == HostVariant && v == HostVariant {
			f.o.Logger.Debug("ipset: the host's iptables does not work", "error", err)
		}
	}
	return errs[0] // the others are tried in case only; what is said about the host's own is what helps
}

func (f *Firewall) try(ctx context.Context, v Variant) error {
	pair, err := openTables(f.o, v)
	if err != nil {
		return err
	}
	f.tables, f.families = pair, pair.families()
	if f.variant, err = variantOf(v); err != nil {
		return err
	}
	return explain("try the rules with "+f.variant, f.o.inside(f.tryRules))
}

// variantOf is the name of what a variant's program is, by what it says of itself.
func variantOf(v Variant) (string, error) {
	path, err := findProgram(v.program())
	if err != nil {
		return "", err
	}
	said, err := exec.Command(path, "--version").Output()
	if err != nil {
		return "", fmt.Errorf("ipset: %s --version: %w", path, err)
	}
	if strings.Contains(string(said), "nf_tables") {
		return Nft.program(), nil
	}
	return Legacy.program(), nil
}

// probe tries what Sync needs.
func (f *Firewall) probe(ctx context.Context) error {
	for _, fam := range []family{v4, v6} {
		if err := f.trySet(ctx, fam); err != nil {
			return errors.Join(err, f.endProbe(ctx))
		}
	}
	err := f.choose(ctx)
	if end := f.endProbe(ctx); err == nil {
		err = end
	}
	return err
}

// trySet makes a scratch set, and puts something into it with all that our elements have.
func (f *Firewall) trySet(ctx context.Context, fam family) error {
	s, err := newScript()
	if err != nil {
		return err
	}
	p := [...]netip.Prefix{netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("2001:db8::/32")}[fam]
	s.create(f.o.probeName(fam), fam, 0, true)
	s.add(f.o.probeName(fam), p, time.Minute, true)
	return explain("try a set with timeouts", s.run(ctx, f))
}

// tryRules writes what the options ask for into chains that nothing jumps to, with the scratch sets in the place of ours.
func (f *Firewall) tryRules() error {
	for _, fam := range f.families {
		for _, c := range f.o.chains(fam) {
			err := f.tryChain(f.tables[fam], fam, c)
			if end := f.tables[fam].ClearAndDeleteChain(c.table, f.o.probeName(fam)); err == nil {
				err = end
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

func (f *Firewall) tryChain(t *iptables.IPTables, fam family, c chain) error {
	if err := t.ClearChain(c.table, f.o.probeName(fam)); err != nil {
		return err
	}
	tried := map[string]bool{}
	for _, rule := range append(c.rules[:len(c.rules):len(c.rules)], c.jumps[0]) {
		rule = f.withScratch(rule, fam)
		if text := strings.Join(rule, " "); tried[text] || len(rule) == 0 {
			continue
		} else {
			tried[text] = true
		}
		if err := t.Append(c.table, f.o.probeName(fam), rule...); err != nil {
			return err
		}
	}
	return nil
}

// withScratch is a rule with the scratch set for ours, so that the probe needs no set of ours.
func (f *Firewall) withScratch(rule []string, fam family) []string {
	out := append([]string(nil), rule...)
	for i, word := range out {
		if word == "--match-set" {
			out[i+1] = f.o.probeName(fam)
		}
	}
	return out
}

func (f *Firewall) endProbe(ctx context.Context) error {
	var errs []error
	for _, fam := range []family{v4, v6} {
		errs = append(errs, f.destroy(ctx, f.o.probeName(fam)))
	}
	return errors.Join(errs...)
}
