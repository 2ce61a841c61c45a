package state

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
)

// bbolt believes the file that it maps: a damaged page number makes it fault, loop or overflow its stack, and the last two cannot be
// recovered from. So the file is walked here first, by code that trusts no number in it. The layout is bbolt's version 2
// (internal/common/{page,meta,bucket}.go of go.etcd.io/bbolt), little-endian as on every platform that we build for:
//
//	page    id u64, flags u16, count u16, overflow u32 (further pages that belong to it), elements, data
//	branch  element: pos u32, key size u32, page u64                  pos counts from the start of the element
//	leaf    element: flags u32 (1: a bucket), pos u32, key size u32, value size u32; the value follows the key
//	bucket  root page u64, sequence u64; root 0: a leaf page follows in the value itself
//	meta    magic u32, version u32, page size u32, flags u32, root bucket, free list page u64, high water mark u64, txid u64, FNV-1a of these
//	free    page ids; a count of 65535 says that the first of them is the count
const (
	boltMagic   = 0xED0CDAED
	boltVersion = 2

	branchPage = 0x01
	leafPage   = 0x02
	freePage   = 0x10

	pageHeader   = 16
	elementSize  = 16
	bucketHeader = 16
	metaSize     = 56 // what the checksum that follows covers

	minPage, maxPage = 1 << 10, 1 << 16
	maxDepth         = 32 // two children a page would make 2^32 pages
)

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

// meta is one of the two headers of a file.
type meta struct {
	pageSize                   int
	root, free, high, sequence uint64
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

// readMeta returns the newer of the two headers. bbolt would go on with the older one when the newer is damaged, without a word: a save
// that was acknowledged would be gone. The note says so.
func readMeta(file []byte) (m meta, note, err error) {
	first, err0 := parseMeta(file, 0)
	size := first.pageSize
	if err0 != nil {
		size = 1 << 12 // what almost every machine has; a header that names another size is not found, which is an error, no more
	}
	second, err1 := parseMeta(file, size)
	switch {
	case err0 != nil && err1 != nil:
		return meta{}, nil, err0
	case err0 != nil:
		return second, fmt.Errorf("first header: %w; the last save may be missing", err0), nil
	case err1 != nil:
		return first, fmt.Errorf("second header: %w; the last save may be missing", err1), nil
	case second.sequence > first.sequence:
		return second, nil, nil
	}
	return first, nil, nil
}

// parseMeta reads the header in the page at offset at.
func parseMeta(file []byte, at int) (meta, error) {
	if len(file) < at+pageHeader+metaSize {
		return meta{}, fmt.Errorf("the file ends after %d bytes", len(file))
	}
	b, le := file[at+pageHeader:], binary.LittleEndian
	if v := le.Uint32(b); v != boltMagic {
		return meta{}, fmt.Errorf("not a state file (it starts with %#x)", v)
	}
	if v := le.Uint32(b[4:]); v != boltVersion {
		return meta{}, fmt.Errorf("bbolt version %d", v)
	}
	sum := fnv.New64a()
	sum.Write(b[:metaSize])
	if sum.Sum64() != le.Uint64(b[metaSize:]) {
		return meta{}, errors.New("checksum")
	}
	m := meta{pageSize: int(le.Uint32(b[8:])), root: le.Uint64(b[16:]), free: le.Uint64(b[32:]), high: le.Uint64(b[40:]), sequence: le.Uint64(b[48:])}
	return m, m.check(len(file))
}

// check says whether the file can hold what the header says.
func (m meta) check(size int) error {
	if m.pageSize < minPage || m.pageSize > maxPage || m.pageSize&(m.pageSize-1) != 0 {
		return fmt.Errorf("page size %d", m.pageSize)
	}
	if m.high < 4 || m.high > uint64(size/m.pageSize) {
		return fmt.Errorf("cut short: %d pages of %d bytes do not fit in %d bytes", m.high, m.pageSize, size)
	}
	return nil
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

// page is a page with its overflow pages.
type page []byte

func (p page) id() uint64        { return binary.LittleEndian.Uint64(p) }
func (p page) flags() uint16     { return binary.LittleEndian.Uint16(p[8:]) }
func (p page) count() int        { return int(binary.LittleEndian.Uint16(p[10:])) }
func (p page) overflow() uint64  { return uint64(binary.LittleEndian.Uint32(p[12:])) }
func (p page) u32(at int) uint32 { return binary.LittleEndian.Uint32(p[at:]) }

// element returns the offset of element i.
func (p page) element(i int) (int, error) {
	at := pageHeader + i*elementSize
	if at+elementSize > len(p) {
		return 0, fmt.Errorf("element %d is out of bounds", i)
	}
	return at, nil
}

// data returns n bytes from the offset from on, which the element at the offset at points to.
func (p page) data(at, from, n int) ([]byte, error) {
	if from < at+elementSize || from > len(p) || n > len(p)-from {
		return nil, fmt.Errorf("data of the element at %d is out of bounds", at)
	}
	return p[from : from+n : from+n], nil
}

// leaves calls leaf for every element of a leaf page.
func (p page) leaves(o *order, leaf leafFunc) error {
	for i := range p.count() {
		at, err := p.element(i)
		if err != nil {
			return err
		}
		from, keySize, valueSize := at+int(p.u32(at+4)), int(p.u32(at+8)), int(p.u32(at+12))
		key, err := p.data(at, from, keySize)
		if err != nil {
			return err
		}
		value, err := p.data(at, from+keySize, valueSize)
		if err != nil {
			return err
		}
		if err := o.leaf(key); err != nil {
			return err
		}
		if err := leaf(p.u32(at)&1 != 0, key, value); err != nil {
			return err
		}
	}
	return nil
}

// order checks that keys ascend, and that branches lead to where their keys say. Without it bbolt would not find what is there.
type order struct {
	last  []byte // key of the last leaf element
	least []byte // key of the last branch element
	begun bool
}

func (o *order) branch(key []byte) error {
	if o.begun && bytes.Compare(key, o.last) <= 0 {
		return fmt.Errorf("branch %x after key %x", key, o.last)
	}
	o.least = key
	return nil
}

func (o *order) leaf(key []byte) error {
	if o.begun && bytes.Compare(key, o.last) <= 0 || bytes.Compare(key, o.least) < 0 {
		return fmt.Errorf("key %x after %x", key, o.last)
	}
	o.last, o.begun = key, true
	return nil
}
