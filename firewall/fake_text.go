package firewall

import (
	"fmt"
	"net/netip"
	"strings"
	"time"
)

// String is the table as "nft list table inet cidrx" would print its sets, sorted; empty if there is no table.
func (f *Fake) String() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.table == nil {
		return ""
	}
	var b strings.Builder
	b.WriteString("table inet cidrx {\n")
	f.table.printAllow(&b)
	for _, set := range banSets {
		f.table.printSet(&b, set, f.now())
	}
	b.WriteString("}\n")
	return b.String()
}

func (t *fakeTable) printAllow(b *strings.Builder) {
	lines := map[Set][]string{}
	for p := range t.allow.AllSorted() {
		lines[AllowSetOf(p)] = append(lines[AllowSetOf(p)], nftPrefix(p))
	}
	printSet(b, Allow4, "interval", lines[Allow4])
	printSet(b, Allow6, "interval", lines[Allow6])
}

func (t *fakeTable) printSet(b *strings.Builder, set Set, now time.Time) {
	var lines []string
	for p, e := range t.sets[set].AllSorted() {
		if !e.until.After(now) {
			continue
		}
		text := nftPrefix(p)
		if set == Host6 {
			text = p.Addr().String() // the key of a masked look-up
		}
		lines = append(lines, fmt.Sprintf("%s counter packets %d timeout %s expires %s", text, e.packets, nftDuration(e.timeout), nftDuration(e.until.Sub(now))))
	}
	flags := "timeout"
	if set == Net4 || set == Net6 {
		flags = "interval,timeout"
	}
	printSet(b, set, flags, lines)
}

func printSet(b *strings.Builder, set Set, flags string, elements []string) {
	kind := "ipv4_addr"
	if strings.HasSuffix(string(set), "6") {
		kind = "ipv6_addr"
	}
	fmt.Fprintf(b, "\tset %s {\n\t\ttype %s\n\t\tflags %s\n", set, kind, flags)
	if strings.Contains(flags, "timeout") {
		b.WriteString("\t\tcounter\n")
	}
	if len(elements) > 0 {
		fmt.Fprintf(b, "\t\telements = { %s }\n", strings.Join(elements, ",\n\t\t\t     "))
	}
	b.WriteString("\t}\n")
}

// nftPrefix prints single addresses bare, as nft does.
func nftPrefix(p netip.Prefix) string {
	if p.IsSingleIP() {
		return p.Addr().String()
	}
	return p.String()
}

// nftDuration prints as nft does: 1d2h3m4s5ms, without the parts that are zero.
func nftDuration(d time.Duration) string {
	units := []struct {
		size time.Duration
		name string
	}{{24 * time.Hour, "d"}, {time.Hour, "h"}, {time.Minute, "m"}, {time.Second, "s"}, {time.Millisecond, "ms"}}
	var b strings.Builder
	for _, u := range units {
		if n := d / u.size; n > 0 {
			fmt.Fprintf(&b, "%d%s", n, u.name)
			d -= n * u.size
		}
	}
	if b.Len() == 0 {
		return "0s"
	}
	return b.String()
}
