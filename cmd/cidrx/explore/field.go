package explore

import (
	"errors"
	"fmt"
	"math"
	"strconv"

	"cidrx/detect/cidr"
)

// field is one of the four numbers of a tier.
type field int

const (
	minSizeField field = iota
	minDepthField
	maxDepthField
	thresholdField
	fields
)

func (f field) String() string {
	return [...]string{"minSize", "minDepth", "maxDepth", "threshold"}[f]
}

// longestNumber is enough digits for any number of a tier.
const longestNumber = 12

// texts are the four numbers as they are being typed.
type texts [fields]string

// write shows the numbers of t.
func write(t cidr.Tier) texts {
	return texts{strconv.FormatUint(t.MinSize, 10), strconv.Itoa(t.MinDepth), strconv.Itoa(t.MaxDepth), fraction(t.Threshold)}
}

// read puts the numbers into t. The error says which one is wrong.
func (x texts) read(t *cidr.Tier) error {
	size, err := strconv.ParseUint(x[minSizeField], 10, 64)
	if err != nil {
		return errors.New("minSize is a number of requests")
	}
	low, errLow := strconv.Atoi(x[minDepthField])
	high, errHigh := strconv.Atoi(x[maxDepthField])
	if errLow != nil || errHigh != nil {
		return errors.New("depths are prefix lengths, 0 to 32")
	}
	share, err := strconv.ParseFloat(x[thresholdField], 64)
	if err != nil || math.IsNaN(share) || share < 0 || share > 1 {
		return errors.New("threshold is a share of the requests, 0 to 1")
	}
	t.MinSize, t.MinDepth, t.MaxDepth, t.Threshold = size, low, high, uint32(math.Round(share*million))
	if err := t.Validate(); err != nil {
		return fmt.Errorf("%w", err)
	}
	return nil
}

// step moves a number of t up or down by a sensible amount, inside its bounds.
func (f field) step(t *cidr.Tier, up bool) {
	switch f {
	case minSizeField:
		t.MinSize = nudge(t.MinSize, up, 1, 1_000_000_000_000)
	case minDepthField:
		t.MinDepth = int(bounded(t.MinDepth, up, t.MaxDepth))
	case maxDepthField:
		t.MaxDepth = max(t.MinDepth, bounded(t.MaxDepth, up, 32))
	case thresholdField:
		t.Threshold = uint32(nudge(uint64(t.Threshold), up, 1000, million))
	}
}

// nudge changes v by one in its second digit, by least at the least, up to most.
func nudge(v uint64, up bool, least, most uint64) uint64 {
	from := v
	if !up && v > 0 {
		from = v - 1 // from 1000 down it goes by 10, as up from 990
	}
	size := least
	for size*100 <= from {
		size *= 10
	}
	if up {
		return min(most, v+size)
	}
	return v - min(v, size)
}

// bounded changes a depth by one, between 0 and most.
func bounded(v int, up bool, most int) int {
	if up {
		return min(most, v+1)
	}
	return max(0, v-1)
}
