package state

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"os"
)

// The layout of a file is bbolt's version 2 (internal/common/{page,meta,bucket}.go of go.etcd.io/bbolt), little-endian as on every platform
// that we build for:
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

// meta is one of the two headers of a file.
type meta struct {
	pageSize                   int
	root, free, high, sequence uint64
}

// readMeta returns the newer of the two headers. bbolt would go on with the older one when the newer is damaged, without a word: a save
// that was acknowledged would be gone. The note says so.
func readMeta(file []byte) (m meta, note, err error) {
	first, err0 := parseMeta(file, 0)
	size := first.pageSize
	if err0 != nil {
		size = os.Getpagesize() // as bbolt chose it; a file of a machine with other pages is not read then, no more
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
