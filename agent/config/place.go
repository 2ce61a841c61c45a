package config

import (
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
)

// textList is a text or a list of texts as a list. strict.go has seen to it that it is one of the two.
func textList(value texts) (out []string) {
	switch v := value.(type) {
	case string:
		return []string{v}
	case []string:
		return v
	case []any:
		for _, one := range v {
			out = append(out, one.(string))
		}
	}
	return out
}

// onePlace checks that the lines of a source come from one kind of place, or from the journal with files in its stead.
func (b *builder) onePlace(section string, s sourceSection, units []string) {
	var given []string
	for key, is := range map[string]bool{"paths": len(s.Paths) > 0, "journal": len(units) > 0, "listen": s.Listen != ""} {
		if is {
			given = append(given, key)
		}
	}
	slices.Sort(given)
	switch len(given) {
	case 0:
		if b.sound(section) {
			b.fail(section+".paths", `is missing or empty; name the log files, such as ["/var/log/nginx/access.log"], or write journal = "ssh.service" or listen = "unixgram:/run/cidrx/log.sock" instead`)
		}
	case 1:
		b.paths(section, s.Paths)
	default:
		if s.Listen == "" && !slices.Contains(s.Paths, "-") { // where the journal cannot be read, files are
			b.paths(section, s.Paths)
			return
		}
		b.fail(section+"."+given[1], "%s cannot be given together; write a [source.NAME] section for each", strings.Join(given, " and "))
	}
}

// paths checks the paths of a source: globs from the root, or standard input alone.
func (b *builder) paths(section string, list []string) {
	path := section + ".paths"
	for i, glob := range list {
		switch _, err := filepath.Match(glob, ""); {
		case glob == "-" && len(list) == 1:
		case glob == "-":
			b.fail(element(path, i), `"-" (standard input) must stand alone`)
		case err != nil:
			b.fail(element(path, i), "%q is not a pattern for files: a bracket is not closed", glob)
		default:
			b.absolute(element(path, i), glob)
		}
	}
}

// unitTypes are what names of units end with (systemd.unit(5)), of those that have processes.
var unitTypes = []string{".service", ".scope", ".socket", ".mount", ".swap", ".slice"}

// units checks names of systemd units, whose journal is read. They are sorted.
func (b *builder) units(path string, list []string) []string {
	for i, unit := range list {
		at := path
		if len(list) > 1 {
			at = element(path, i)
		}
		switch {
		case unit == "":
			b.fail(at, `is empty; name a unit, such as "ssh.service"`)
		case len(unit) > 255 || strings.ContainsFunc(unit, func(c rune) bool { return !unitByte(c) }):
			b.fail(at, "%q is not the name of a unit; systemctl lists them", unit)
		case !slices.Contains(unitTypes, filepath.Ext(unit)):
			b.fail(at, "%q does not say what kind of unit it is; write %q", unit, unit+".service")
		}
	}
	out := slices.Clone(list)
	slices.Sort(out)
	return slices.Compact(out)
}

// unitByte says which characters names of units have (systemd.unit(5)).
func unitByte(c rune) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || strings.ContainsRune(`:-_.\@`, c)
}

// syslogSocket checks listen: "unixgram:/PATH" or "udp:ADDRESS:PORT".
func (b *builder) syslogSocket(section string, s sourceSection) Listen {
	if s.Listen == "" {
		return Listen{}
	}
	path := section + ".listen"
	l := Listen{}
	l.Network, l.Address, _ = strings.Cut(s.Listen, ":")
	switch l.Network {
	case "unixgram":
		b.absolute(path, l.Address)
		if len(l.Address) > longestSocket {
			b.fail(path, "has a path of %d bytes, but that of a unix socket has at most %d", len(l.Address), longestSocket)
		}
	case "udp":
		if at, err := netip.ParseAddrPort(l.Address); err != nil || at.Port() == 0 {
			b.fail(path, `%q is not an address and a port, such as "udp:127.0.0.1:5514"`, l.Address)
		}
	default:
		b.fail(path, `%q is neither "unixgram:" with a path, such as "unixgram:/run/cidrx/log.sock", nor "udp:" with address and port`, s.Listen)
	}
	if s.StartAt == "window" {
		b.fail(section+".startAt", `"window" goes with paths and journal only: what was sent before nobody keeps`)
	}
	return l
}
