package top

import (
	"net/netip"

	"cidrx/cmd/internal/term"
)

// pin keeps a cursor on the prefix it was put on while the list changes around it. At the top of the list it stays at the top.
type pin struct{ prefix netip.Prefix }

// set pins what is at the cursor.
func (p *pin) set(t *term.Table, prefix func(int) netip.Prefix) {
	p.prefix = netip.Prefix{}
	if t.Cursor() > 0 {
		p.prefix = at(t, prefix)
	}
}

// restore finds it again. If it is not there any more the cursor stays where it is.
func (p *pin) restore(t *term.Table, prefix func(int) netip.Prefix) {
	if !p.prefix.IsValid() || at(t, prefix) == p.prefix {
		return
	}
	for i := range t.Rows {
		if prefix(i) == p.prefix {
			t.Select(i)
			return
		}
	}
	p.set(t, prefix)
}

// at is the prefix at the cursor, invalid if the list is empty.
func at(t *term.Table, prefix func(int) netip.Prefix) netip.Prefix {
	if t.Rows == 0 {
		return netip.Prefix{}
	}
	return prefix(t.Cursor())
}
