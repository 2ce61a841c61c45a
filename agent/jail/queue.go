package jail

// queue is a binary heap whose items know their place in it, so that one can be taken out or moved when its time changes.
type queue[T any] struct {
	items  []T
	before func(a, b T) bool // must not depend on anything that changes without fix
	place  func(T) *int      // where an item keeps its index; nowhere when it is in no queue
}

// nowhere is the place of what is in no queue.
const nowhere = -1

// first is the item before all others; false when there is none.
func (q *queue[T]) first() (item T, ok bool) {
	if len(q.items) == 0 {
		return item, false
	}
	return q.items[0], true
}

func (q *queue[T]) push(item T) {
	q.items = append(q.items, item)
	q.put(len(q.items)-1, item)
	q.up(len(q.items) - 1)
}

// remove takes item out. One that is not in the queue is left alone.
func (q *queue[T]) remove(item T) {
	i := *q.place(item)
	if i == nowhere {
		return
	}
	last := len(q.items) - 1
	q.put(i, q.items[last])
	var none T
	q.items[last] = none // let go of it
	q.items = q.items[:last]
	*q.place(item) = nowhere
	if i < last {
		q.fix(q.items[i])
	}
}

// fix moves item to where its time belongs now.
func (q *queue[T]) fix(item T) {
	q.down(*q.place(item))
	q.up(*q.place(item))
}

func (q *queue[T]) put(i int, item T) {
	q.items[i] = item
	*q.place(item) = i
}

func (q *queue[T]) swap(i, k int) {
	a, b := q.items[i], q.items[k]
	q.put(i, b)
	q.put(k, a)
}

func (q *queue[T]) up(i int) {
	for i > 0 {
		parent := (i - 1) / 2
		if !q.before(q.items[i], q.items[parent]) {
			return
		}
		q.swap(i, parent)
		i = parent
	}
}

func (q *queue[T]) down(i int) {
	for {
		least := i
		for child := 2*i + 1; child <= 2*i+2 && child < len(q.items); child++ {
			if q.before(q.items[child], q.items[least]) {
				least = child
			}
		}
		if least == i {
			return
		}
		q.swap(i, least)
		i = least
	}
}
