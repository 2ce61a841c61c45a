package parse

// Briefs reads lines without collecting their headers. With trusted proxies the headers decide about the client, and no line is usual.
func (c *caddy) Briefs(block []byte, from int, want Fields, out []Brief) (n, next int) {
	c.want = want
	return briefs(block, from, out, func(line []byte, b *Brief) bool {
		c.brief, c.plain = true, true
		return len(c.opts.TrustedProxies) == 0 && c.read(line, &c.event, nil) == nil && c.plain && b.of(&c.event)
	})
}

// Briefs reads lines without the fields that are not wanted.
func (p *flatJSON) Briefs(block []byte, from int, want Fields, out []Brief) (n, next int) {
	p.want = want
	return briefs(block, from, out, func(line []byte, b *Brief) bool {
		p.brief, p.plain = true, true
		return p.read(line, &p.event, nil) == nil && p.plain && b.of(&p.event)
	})
}

// Briefs are those of the preset that was settled on. Until then no line is usual.
func (p *autoParser) Briefs(block []byte, from int, want Fields, out []Brief) (n, next int) {
	if p.settled == nil {
		return briefless{p}.Briefs(block, from, want, out)
	}
	return BrieferOf(p.settled).Briefs(block, from, want, out)
}
