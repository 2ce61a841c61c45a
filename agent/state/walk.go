package state

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// bbolt believes the file that it maps: a damaged page number makes it fault, loop or overflow its stack, and the last two cannot be
// recovered from. So the file is walked here first, by code that trusts no number in it.

// walked is what walking a file found out besides the records.
type walked struct {
	pages, free int              // below the high water mark
	pageSize    int              //
	bad         map[string]error // buckets that are not whole
	note        error            // damage outside any bucket
}

// leafFunc is given the elements of leaves in the order of their keys.
type leafFunc func(isBucket bool, key, value []byte) error

// walker walks one file.
type walker struct {
	file     []byte
	pageSize int
	high     uint64 // pages from here on mean nothing
	used     []bool // pages that something refers to
}

// walk calls visit for every record of every bucket and checks that every page is used exactly once, in order and within bounds. A
// bucket that is not whole, or of which visit returned an error, does not keep it from the next. The error means that nothing can be read.
func walk(file []byte, visit func(bucket string, key, value []byte) error) (walked, error) {
	m, note, err := readMeta(file)
	if err != nil {
		return walked{}, err
	}
	w := &walker{file: file, pageSize: m.pageSize, high: m.high, used: make([]bool, m.high)}
	w.used[0], w.used[1] = true, true
	out := walked{pages: int(m.high), pageSize: m.pageSize, bad: map[string]error{}, note: note}
	if err := w.buckets(m.root, out.bad, visit); err != nil {
		return out, fmt.Errorf("list of buckets: %w", err)
	}
	out.free, err = w.freeList(m.free)
	out.note = errors.Join(out.note, err)
	if len(out.bad) == 0 && out.note == nil {
		out.note = w.unused()
	}
	return out, nil
}

// buckets walks every bucket in the root bucket.
func (w *walker) buckets(root uint64, bad map[string]error, visit func(string, []byte, []byte) error) error {
	return w.tree(root, 0, &order{}, func(isBucket bool, key, value []byte) error {
		if !isBucket {
			return fmt.Errorf("%q is not a bucket", key)
		}
		name := string(key)
		if err := w.bucket(value, func(isBucket bool, k, v []byte) error {
			if isBucket {
				return errors.New("bucket within a bucket")
			}
			return visit(name, k, v)
		}); err != nil {
			bad[name] = err
		}
		return nil
	})
}

// bucket walks the bucket whose header is value.
func (w *walker) bucket(value []byte, leaf leafFunc) error {
	if len(value) < bucketHeader {
		return errors.New("short bucket header")
	}
	if root := binary.LittleEndian.Uint64(value); root != 0 {
		return w.tree(root, 0, &order{}, leaf)
	}
	if len(value) < bucketHeader+pageHeader {
		return errors.New("short inline page")
	}
	p := page(value[bucketHeader:])
	if p.flags() != leafPage {
		return fmt.Errorf("inline page of type %#x", p.flags())
	}
	return p.leaves(&order{}, leaf)
}

// tree walks the page id and everything below it.
func (w *walker) tree(id uint64, depth int, o *order, leaf leafFunc) error {
	p, err := w.take(id)
	if err != nil {
		return err
	}
	switch {
	case p.flags() == leafPage:
		err = p.leaves(o, leaf)
	case p.flags() == branchPage && depth < maxDepth && p.count() > 0:
		err = w.branches(p, depth, o, leaf)
	default:
		err = fmt.Errorf("type %#x with %d elements, %d pages deep", p.flags(), p.count(), depth)
	}
	if err != nil {
		return fmt.Errorf("page %d: %w", id, err)
	}
	return nil
}

// branches walks the children of a branch page.
func (w *walker) branches(p page, depth int, o *order, leaf leafFunc) error {
	for i := range p.count() {
		at, err := p.element(i)
		if err != nil {
			return err
		}
		key, err := p.data(at, at+int(p.u32(at)), int(p.u32(at+4)))
		if err != nil {
			return err
		}
		if err := o.branch(key); err != nil {
			return err
		}
		if err := w.tree(binary.LittleEndian.Uint64(p[at+8:]), depth+1, o, leaf); err != nil {
			return err
		}
	}
	return nil
}

// take returns the page id with its overflow pages and marks them as used.
func (w *walker) take(id uint64) (page, error) {
	if id < 2 || id >= w.high {
		return nil, fmt.Errorf("page %d is out of bounds", id)
	}
	at := int(id) * w.pageSize
	p := page(w.file[at : at+w.pageSize])
	if p.id() != id {
		return nil, fmt.Errorf("page %d says that it is page %d", id, p.id())
	}
	n := 1 + p.overflow()
	if n > w.high-id {
		return nil, fmt.Errorf("page %d runs over the end", id)
	}
	if err := w.mark(id, n); err != nil {
		return nil, err
	}
	return page(w.file[at : at+int(n)*w.pageSize]), nil
}

// mark notes that n pages from id on are in use.
func (w *walker) mark(id, n uint64) error {
	for i := id; i < id+n; i++ {
		if w.used[i] {
			return fmt.Errorf("page %d is used twice", i)
		}
		w.used[i] = true
	}
	return nil
}

// freeList marks the pages that are free and counts them. A page that is both free and in use would be written over.
func (w *walker) freeList(id uint64) (int, error) {
	p, err := w.take(id)
	if err != nil {
		return 0, fmt.Errorf("free list: %w", err)
	}
	ids, n := p[pageHeader:], uint64(p.count())
	if n == 0xFFFF {
		n, ids = binary.LittleEndian.Uint64(ids), ids[8:]
	}
	if p.flags() != freePage || n > uint64(len(ids)/8) {
		return 0, fmt.Errorf("free list: type %#x with %d elements", p.flags(), n)
	}
	for i := range n {
		free := binary.LittleEndian.Uint64(ids[8*i:])
		if free < 2 || free >= w.high {
			return 0, fmt.Errorf("free list: page %d is out of bounds", free)
		}
		if err := w.mark(free, 1); err != nil {
			return 0, fmt.Errorf("free list: %w", err)
		}
	}
	return int(n), nil
}

// unused reports a page that is neither in use nor free. That alone loses nothing, but something has changed the file that is not bbolt.
func (w *walker) unused() error {
	for id, used := range w.used {
		if !used {
			return fmt.Errorf("page %d is neither in use nor free", id)
		}
	}
	return nil
}
