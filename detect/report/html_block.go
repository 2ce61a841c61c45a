package report

import (
	"net/netip"
	"slices"
	"strings"

	"cidrx/detect/cidr"
)

// blockList is a list of prefixes to copy.
type blockList struct {
	ID, Title, Note string
	Forms           []blockForm
	Count           int
}

// blockForm is a list in the language of one program.
type blockForm struct {
	ID, Title string
	Hint      string // what to do with it
	Text      string
	Lines     int
	More      int // prefixes that are not in Text
}

// blockLists returns the smallest sets of prefixes that cover what was found: what tiers that may ban have found, and apart from it what
// only those have that may not. When no tier was said to be for banning, all is one list.
func blockLists(r *Report) []blockList {
	var ban, rest []netip.Prefix
	for i := range r.Sections {
		for _, t := range r.Sections[i].Tiers {
			for _, g := range t.Detected {
				if t.Jail {
					ban = append(ban, g.Prefix)
				} else {
					rest = append(rest, g.Prefix)
				}
			}
		}
	}
	if len(ban) == 0 {
		return someLists(newBlockList("block", "Ranges found", "", cidr.Merge(rest)))
	}
	return someLists(
		newBlockList("block", "Ranges of tiers that may ban", "", cidr.Merge(ban)),
		newBlockList("watch", "Found only by tiers that may not ban", "Listed for completeness: these tiers are set to report, not to ban.", cidr.Exclude(rest, ban)),
	)
}

// someLists drops the empty ones.
func someLists(lists ...blockList) []blockList {
	return slices.DeleteFunc(lists, func(l blockList) bool { return l.Count == 0 })
}

func newBlockList(id, title, note string, all []netip.Prefix) blockList {
	l := blockList{ID: id, Title: title, Note: note, Count: len(all)}
	kept, more := bounded(all, mostBlock)
	for i, form := range []struct {
		title, hint string
		write       func([]netip.Prefix) string
	}{
		{"Plain list", "", plainList},
		{"nftables", "Save it as a file and load it with nft -f FILE; nft delete table inet cidrx_report takes it away again.", nftList},
		{"nginx", "For an http, server or location block.", nginxList},
		{"Apache", "For a Directory or Location section; without the outer lines if there is a RequireAll already.", apacheList},
	} {
		text := form.write(kept)
		l.Forms = append(l.Forms, blockForm{ID: id + "-" + string(rune('a'+i)), Title: form.title, Hint: form.hint, Text: text, Lines: strings.Count(text, "\n"), More: more})
		kept, more = bounded(all, mostBlock/10) // the further forms are for convenience, and each is as long again
	}
	return l
}

func plainList(all []netip.Prefix) string { return oneEach(all, "", "\n") }

// oneEach writes each prefix between two texts.
func oneEach(all []netip.Prefix, before, after string) string {
	var b strings.Builder
	for _, p := range all {
		b.WriteString(before + p.String() + after)
	}
	return b.String()
}

// nginxList is for an http or server block.
func nginxList(all []netip.Prefix) string { return oneEach(all, "deny ", ";\n") }

// apacheList is for a <RequireAll> block (mod_authz_host).
func apacheList(all []netip.Prefix) string {
	return "<RequireAll>\n  Require all granted\n" + oneEach(all, "  Require not ip ", "\n") + "</RequireAll>\n"
}

// nftList is a file for nft -f with a table of its own, which "nft delete table inet cidrx_report" takes away again.
func nftList(all []netip.Prefix) string {
	six := slices.IndexFunc(all, func(p netip.Prefix) bool { return p.Addr().Is6() }) // sorted: IPv4 first
	if six < 0 {
		six = len(all)
	}
	var sets, rules string
	add := func(family, set, kind string, ps []netip.Prefix) {
		if len(ps) > 0 {
			sets += "  set " + set + " {\n    type " + kind + "; flags interval\n    elements = {\n" + oneEach(ps, "      ", ",\n") + "    }\n  }\n"
			rules += "    " + family + " saddr @" + set + " drop\n"
		}
	}
	add("ip", "ranges4", "ipv4_addr", all[:six])
	add("ip6", "ranges6", "ipv6_addr", all[six:])
	return "table inet cidrx_report {\n" + sets + "  chain prerouting {\n    type filter hook prerouting priority raw;\n" + rules + "  }\n}\n"
}
