package jail

import (
	"math/rand/v2"
	"slices"
	"testing"
)

type item struct{ at, place int }

// A queue gives out the least of what a sorted list has, whatever is put in, taken out or moved.
func TestQueueIsASortedList(t *testing.T) {
	q := queue[*item]{before: func(a, b *item) bool { return a.at < b.at }, place: func(i *item) *int { return &i.place }}
	r := rand.New(rand.NewPCG(1, 2))
	var list []*item
	for n := range 20_000 {
		switch k := r.IntN(4); {
		case k < 2 && len(list) < 200 || len(list) == 0:
			i := &item{at: r.IntN(1000), place: nowhere}
			list = append(list, i)
			q.push(i)
		case k == 2:
			i := list[r.IntN(len(list))]
			i.at = r.IntN(1000)
			q.fix(i)
		default:
			k := r.IntN(len(list))
			q.remove(list[k])
			q.remove(list[k]) // a second time does nothing
			list = slices.Delete(list, k, k+1)
		}
		first, ok := q.first()
		if ok != (len(list) > 0) || len(q.items) != len(list) {
			t.Fatalf("step %d: %d items, want %d", n, len(q.items), len(list))
		}
		if ok && first.at != slices.MinFunc(list, func(a, b *item) int { return a.at - b.at }).at {
			t.Fatalf("step %d: %d is first", n, first.at)
		}
	}
}
