//go:build linux

package ipset

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"cidrx/firewall"
)

// saved is an element as "ipset save" prints it.
type saved struct {
	prefix  netip.Prefix
	timeout time.Duration // what is left; 0: it is for ever
	packets uint64
	network bool // the flag "nomatch"
}

// parseSaved reads one line. ok is false for lines that are no element.
func parseSaved(line string) (e saved, ok bool, err error) {
	words := strings.Fields(line)
	if len(words) < 3 || words[0] != "add" {
		return e, false, nil
	}
	if e.prefix, err = parsePrefix(words[2]); err != nil {
		return e, false, fmt.Errorf("ipset save: %w", err)
	}
	for rest := words[3:]; len(rest) > 0; rest = rest[1:] {
		if rest[0] == "nomatch" {
			e.network = true
			continue
		}
		if len(rest) < 2 {
			return e, false, fmt.Errorf("ipset save: %q has no value in %q", rest[0], line)
		}
		n, err := strconv.ParseUint(rest[1], 10, 64)
		switch rest[0] {
		case "timeout":
			e.timeout = time.Duration(min(n, uint64(maxTimeout/time.Second))) * time.Second
		case "packets":
			e.packets = n
		default:
			err = nil // bytes, and what sets of others have
		}
		if err != nil {
			return e, false, fmt.Errorf("ipset save: %s in %q: %w", rest[0], line, err)
		}
		rest = rest[1:]
	}
	return e, true, nil
}

// parsePrefix reads a prefix, or an address for the whole length.
func parsePrefix(text string) (netip.Prefix, error) {
	if strings.Contains(text, "/") {
		p, err := netip.ParsePrefix(text)
		return p.Masked(), err
	}
	a, err := netip.ParseAddr(text)
	if err != nil {
		return netip.Prefix{}, err
	}
	return netip.PrefixFrom(a, a.BitLen()), nil
}

// eachSaved gives every element of a set. While it reads, the kernel swaps the set with no other.
func (f *Firewall) eachSaved(ctx context.Context, set string, each func(saved)) error {
	f.dumping.Lock()
	defer f.dumping.Unlock()
	return f.ipset(ctx, nil, func(line string) error {
		e, ok, err := parseSaved(line)
		if ok {
			each(e)
		}
		return err
	}, "save", set)
}

// readBans reads all bans that the kernel has, sorted. One that is for ever, or looked up as what it is not, has no end: it differs from any that we
// want. whole says for which families two halves are what is held as /0.
func (f *Firewall) readBans(ctx context.Context, whole [2]bool) ([]firewall.Element, error) {
	var have []firewall.Element
	for _, fam := range f.families {
		first := len(have)
		err := f.eachSaved(ctx, f.o.banSet(fam), func(s saved) {
			e := firewall.Element{Prefix: s.prefix}
			if s.timeout > 0 && s.network == isNetwork(s.prefix) {
				e.Until = f.o.Now().Add(s.timeout) // the time of this moment: reading takes a while
			}
			have = append(have, e)
		})
		if err != nil {
			return nil, explain("read the bans back", err)
		}
		if whole[fam] {
			have = append(have[:first], mergeHalves(have[first:])...)
		}
	}
	slices.SortFunc(have, byPrefix)
	return have, nil
}

// mergeHalves makes /0 of the two halves of an address space.
func mergeHalves(have []firewall.Element) []firewall.Element {
	var pair []int
	for i, e := range have {
		if e.Prefix.Bits() == 1 {
			pair = append(pair, i)
		}
	}
	if len(pair) != 2 {
		return have
	}
	a, b := have[pair[0]], have[pair[1]]
	until := a.Until
	if !isClose(a.Until, b.Until) {
		until = time.Time{} // one of them is not what we want
	}
	all := firewall.Element{Prefix: netip.PrefixFrom(a.Prefix.Addr(), 0).Masked(), Until: until}
	return append(slices.Delete(slices.Delete(have, pair[1], pair[1]+1), pair[0], pair[0]+1), all)
}

// wholes says for which families one of the elements is the whole address space.
func wholes(elements []firewall.Element) (out [2]bool) {
	for _, e := range elements {
		if e.Prefix.Bits() == 0 {
			out[familyOf(e.Prefix)] = true
		}
	}
	return out
}

func (f *Firewall) readAllow(ctx context.Context) ([]netip.Prefix, error) {
	var have []netip.Prefix
	for _, fam := range f.families {
		if err := f.eachSaved(ctx, f.o.allowSet(fam), func(s saved) { have = append(have, s.prefix) }); err != nil {
			return nil, explain("read the allowlist back", err)
		}
	}
	slices.SortFunc(have, netip.Prefix.Compare)
	return have, nil
}
