package jail

// Counts is what the jail refused or dropped since it was made.
type Counts struct {
	TooWide   uint64 // verdicts and deny-list entries refused: wider than the rails
	Exempt    uint64 // refused: on the allowlist or never banned
	Graced    uint64 // refused: unblocked a short while ago
	Full      uint64 // refused: no room
	Evicted   uint64 // bans that went for want of room
	Merged    uint64 // banned /64 that became their /48 for want of room
	Forgotten uint64 // ended bans and graces that were forgotten before their time, for want of room
	Samples   uint64 // bans whose sample lines were dropped for want of room
	Damaged   uint64 // saved records that Restore could not take over
	Open      int    // pieces that are left open now because carving around them would need too many
}

// Counts reads the counts. Open is as of the last Holds.
func (j *Jail) Counts() Counts {
	c := j.counts
	for _, n := range j.firewall.cut {
		c.Open += n
	}
	return c
}

func (c *Counts) of(why cause) *uint64 {
	switch why {
	case causeTooWide:
		return &c.TooWide
	case causeExempt:
		return &c.Exempt
	case causeGrace:
		return &c.Graced
	}
	return &c.Full
}
