package config

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
)

// list builds the [allow] or [deny] section and reads its files. Networks wider than widest4 or widest6 are refused.
func (b *builder) list(section string, s listSection, widest4, widest6 int) List {
	check := func(p netip.Prefix) error {
		if widest := widestOf(p, widest4, widest6); p.Bits() < widest {
			return fmt.Errorf("%s is wider than /%d, the widest that jail.maxPrefix%s lets be banned", p, widest, family(p))
		}
		return nil
	}
	l := List{Networks: b.prefixes(section+".networks", s.Networks, check), Files: slices.Clone(s.Files)}
	for _, p := range l.Networks {
		l.Entries = append(l.Entries, ListEntry{Prefix: p, Origin: section + ".networks"})
	}
	for i, name := range s.Files {
		l.Entries = append(l.Entries, b.listFile(element(section+".files", i), name, check)...)
	}
	slices.SortStableFunc(l.Entries, func(a, b ListEntry) int { return a.Prefix.Compare(b.Prefix) })
	l.Entries = slices.CompactFunc(l.Entries, func(a, b ListEntry) bool { return a.Prefix == b.Prefix })
	return l
}

// prefixes reads a list of addresses and networks; check, unless nil, may refuse one. They come back sorted, each once.
func (b *builder) prefixes(path string, texts []string, check func(netip.Prefix) error) []netip.Prefix {
	var out []netip.Prefix
	for i, text := range texts {
		p, err := parsePrefix(text)
		if err == nil && check != nil {
			err = check(p)
		}
		if err != nil {
			b.fail(element(path, i), "%v", err)
			continue
		}
		out = append(out, p)
	}
	slices.SortFunc(out, netip.Prefix.Compare)
	return slices.Compact(out)
}

// listFile reads a file with an address or a network a line; # begins a comment.
func (b *builder) listFile(path, name string, check func(netip.Prefix) error) []ListEntry {
	if name == "" || !filepath.IsAbs(name) {
		b.absolute(path, name)
		return nil
	}
	return b.addressFile(path, name, check)
}

// addressFile is listFile with any path.
func (b *builder) addressFile(path, name string, check func(netip.Prefix) error) []ListEntry {
	data := b.lines(path, name)
	var out []ListEntry
	number, faults := 0, 0
	for line := range bytes.Lines(data) {
		number++
		text, note, _ := strings.Cut(string(line), "#")
		if text = strings.TrimSpace(text); text == "" {
			continue
		}
		p, err := parsePrefix(text)
		if err == nil {
			err = check(p)
		}
		if err != nil {
			if faults++; faults <= MaxErrors {
				b.errors = append(b.errors, &Error{File: name, Line: number, Msg: err.Error()})
			}
			continue
		}
		out = append(out, ListEntry{Prefix: p, Origin: name, Note: strings.TrimSpace(note)})
	}
	return out
}

// byteOrderMark is what editors of other systems put in front of UTF-8. It is not part of the first line.
var byteOrderMark = []byte("\ufeff")

// lines reads a file of lines.
func (b *builder) lines(path, name string) []byte {
	data, err := readSmall(name, maxList)
	switch {
	case err == nil:
	case b.find(path).file == flagFile: // it is the file that is wrong, not how the command was written
		b.errors = append(b.errors, &Error{File: name, Msg: unreadable(err)})
	case errors.Is(err, fs.ErrNotExist):
		b.fail(path, "there is no file %s; create it (it may be empty), or take it out of the list", name)
	case errors.Is(err, fs.ErrPermission):
		b.fail(path, "%s cannot be read: permission denied; let the user that cidrx runs as read it", name)
	default:
		b.fail(path, "%s cannot be read: %v", name, unwrapPath(err))
	}
	return bytes.TrimPrefix(data, byteOrderMark)
}

// unreadable says what is wrong with a list whose name has been said, and the next step.
func unreadable(err error) string {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "no such file; create it (it may be empty), or leave out the flag"
	case errors.Is(err, fs.ErrPermission):
		return "permission denied; let the user that cidrx runs as read it"
	}
	return fmt.Sprintf("cannot be read: %v", unwrapPath(err))
}

// parsePrefix reads an address or a network. An IPv4 address written in IPv6 is IPv4. Set bits behind the prefix are refused, because
// it cannot be known whether the address or the network is meant.
func parsePrefix(text string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(text); err == nil && a.Zone() == "" {
		a = a.Unmap()
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	p, err := netip.ParsePrefix(text)
	if err != nil {
		return p, fmt.Errorf(`%q is not an address or a network such as "192.0.2.0/24" or "2001:db8::/48"`, short(text))
	}
	if a := p.Addr(); a.Is4In6() {
		if p.Bits() < 96 {
			return p, fmt.Errorf("%q mixes IPv4 and IPv6; write it as one of them", text)
		}
		p = netip.PrefixFrom(a.Unmap(), p.Bits()-96)
	}
	if p != p.Masked() {
		return p, fmt.Errorf("%q is an address inside a network; write %s for the network, or %s for the address", text, p.Masked(), p.Addr())
	}
	return p, nil
}

// short keeps quoted rubbish readable.
func short(text string) string {
	const most = 60
	if len(text) > most {
		return text[:most] + "…"
	}
	return text
}

func family(p netip.Prefix) string {
	if p.Addr().Is4() {
		return "4"
	}
	return "6"
}

// widestOf picks the length for p's family.
func widestOf(p netip.Prefix, widest4, widest6 int) int {
	if p.Addr().Is4() {
		return widest4
	}
	return widest6
}
