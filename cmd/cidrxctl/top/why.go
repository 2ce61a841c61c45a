package top

import (
	"context"
	"net/netip"

	tea "charm.land/bubbletea/v2"

	"cidrx/agent/control"
	"cidrx/cmd/internal/term"
)

// whyPage explains one address.
type whyPage struct {
	*session
	addr  netip.Addr
	reply *explained
	table term.Table
}

// explained is the answer for a page.
type explained struct {
	page *whyPage
	why  control.Why
	err  error
}

func newWhy(s *session, addr netip.Addr) *whyPage { return &whyPage{session: s, addr: addr} }

func (p *whyPage) ask() tea.Cmd {
	return func() tea.Msg {
		ctx, cancel := context.WithTimeout(p.ctx, askTimeout)
		defer cancel()
		w, err := p.o.Agent.Why(ctx, p.addr)
		return explained{p, w, err}
	}
}

func (p *whyPage) answer(e explained) { p.reply = &e }

func (p *whyPage) Title() string { return "why " + p.addr.String() }

func (p *whyPage) Keys() []term.Key {
	return p.acting([]term.Key{{Name: "q", Does: "quit"}, {Name: "esc", Does: "back"}, {Name: "↑↓", Does: "scroll"}, {Name: "r", Does: "ask again"}}, true)
}

func (p *whyPage) Press(key tea.KeyPressMsg) (bool, tea.Cmd) {
	switch k := key.String(); {
	case k == "r":
		return true, p.ask()
	case k == "enter":
		return true, nil
	case p.table.Press(k):
		return true, nil
	default:
		return p.pressOn(k, p.subject())
	}
}

// subject is what unblock and ban are about: the narrowest ban that covers the address, or its host.
func (p *whyPage) subject() netip.Prefix {
	best, _ := control.ParseNetwork(p.addr.WithZone("").String()) // an address is always a network of one host
	if p.reply == nil {
		return best
	}
	found := false
	for _, b := range p.reply.why.Bans {
		if !found || b.Prefix.Bits() > best.Bits() {
			best, found = b.Prefix, true
		}
	}
	return best
}

func (p *whyPage) Draw(width, height int) []string {
	switch {
	case p.reply == nil:
		return []string{term.Faint("The agent is asked.")}
	case p.reply.err != nil:
		return term.Wrap(term.Printable(p.reply.err.Error()), width)
	}
	return p.table.Scroll(p.o.Explain(p.reply.why, width-2), width, height)
}
