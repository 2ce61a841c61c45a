package bench

import (
	"fmt"
	"slices"

	"cidrx/cmd/internal/rig"
)

// runs are runs of the same command.
type runs []measured

func (r runs) wall() (s rig.Spread) {
	for _, m := range r {
		s = append(s, m.Wall)
	}
	return s
}

func (r runs) cpu() (s rig.Spread) {
	for _, m := range r {
		s = append(s, m.CPU)
	}
	return s
}

// peak is the most memory that any run had, MiB.
func (r runs) peak() float64 {
	most := slices.MaxFunc(r, func(a, b measured) int { return int(a.Peak - b.Peak) })
	return float64(most.Peak) / (1 << 20)
}

// over compares each run with the one of base right before it.
func (r runs) over(base runs) ratios {
	all := make([]float64, len(r))
	for i := range r {
		all[i] = float64(r[i].Wall) / float64(base[i].Wall)
	}
	slices.Sort(all)
	return ratios{median: float64(r.wall().Median()) / float64(base.wall().Median()), least: all[0], most: all[len(all)-1], n: len(all)}
}

// ratios are how many times as long something took as something else: that of the medians, and the least and most of neighbours in time.
type ratios struct {
	median, least, most float64
	n                   int
}

func (t ratios) String() string {
	return fmt.Sprintf("%.2f x (min %.2f, max %.2f of %d)", t.median, t.least, t.most, t.n)
}
