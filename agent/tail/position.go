package tail

import (
	"hash/fnv"
	"slices"
)

const (
	headLen     = 256 // bytes at the start of a file that tell it from others
	maxFinished = 32  // files done with whose positions are kept from run to run
	// maxRemembered is how many files done with are remembered during a run, so that none is read twice.
	maxRemembered = 1024
	// surelySame is how much of two heads must be alike to take two files for copies of each other: enough to hold an address
	// and a time in every log format.
	surelySame = 64
)

// Position is how far a file, or the journal, has been read, in a way that survives renames and restarts. Of the journal it has only
// Path, Since and Cursor.
type Position struct {
	Path   string `json:"path"`             // that led to it
	Dev    uint64 `json:"dev"`              // device
	Ino    uint64 `json:"ino"`              // inode
	Offset int64  `json:"offset"`           // bytes read and handed out: the start of the next line
	Sum    uint64 `json:"sum"`              // FNV-1a of the first SumLen bytes
	SumLen int    `json:"sumLen"`           // 0 to 256, at most Offset
	Born   int64  `json:"born,omitempty"`   // when the file was created, Unix nanoseconds; 0 where the file system does not say
	Since  int64  `json:"since,omitempty"`  // what came after it at its path was created later than this, Unix nanoseconds
	Done   bool   `json:"done,omitempty"`   // read to its end and let go; kept so that it is not read again
	Cursor string `json:"cursor,omitempty"` // of the journal entry read last; Since is then the time of that entry
}

// Merge puts the position of a chunk that has been dealt with into the list that is saved, in place where it can. A file is known by
// device and inode, not by its path; what a file held before it was truncated, whose copy may turn up, has neither. The list is bounded:
// of the files done with, the latest 32 are kept. Positions of standard input, which are zero, are left out.
func Merge(list []Position, p Position) []Position {
	if p == (Position{}) {
		return list
	}
	same := func(q Position) bool { return q.Dev == p.Dev && q.Ino == p.Ino && (p.Ino != 0 || q.Path == p.Path) }
	if i := slices.IndexFunc(list, same); i >= 0 {
		list[i] = p
	} else {
		list = append(list, p)
	}
	if p.Done {
		list = dropOldestDone(list)
	}
	return list
}

// dropOldestDone removes the oldest finished position if there are too many.
func dropOldestDone(list []Position) []Position {
	oldest, done := -1, 0
	for i, p := range list {
		if !p.Done {
			continue
		}
		done++
		if oldest < 0 || p.Since < list[oldest].Since {
			oldest = i
		}
	}
	if done <= maxFinished {
		return list
	}
	return slices.Delete(list, oldest, oldest+1)
}

// isOf says whether p may speak of the file, by its identity. Device numbers may change with a reboot; an inode with its birth time is
// enough.
func (p Position) isOf(id fileID) bool {
	if p.Ino != id.ino {
		return false
	}
	if p.Born != 0 && id.born != 0 {
		return p.Born == id.born
	}
	return p.Dev == id.dev
}

// sum is the checksum that goes into Position.Sum.
func sum(head []byte) uint64 {
	h := fnv.New64a()
	h.Write(head)
	return h.Sum64()
}

// head is the first bytes of a file, to be compared with positions.
type head struct {
	bytes []byte
	n     int // of bytes in sum
	sum   uint64
}

func newHead(b []byte) *head { return &head{bytes: b, sum: sum(nil)} }

// of says whether the head begins with the bytes that p was made of.
func (h *head) of(p Position) bool {
	if p.SumLen < 0 || p.SumLen > len(h.bytes) {
		return false
	}
	if p.SumLen != h.n {
		h.n, h.sum = p.SumLen, sum(h.bytes[:p.SumLen])
	}
	return h.sum == p.Sum
}

// surelyOf is of for enough bytes that it is no chance.
func (h *head) surelyOf(p Position) bool { return p.SumLen >= surelySame && h.of(p) }
