// Package tail follows log files through every kind of rotation and hands out chunks of whole lines. It knows nothing of what the
// lines say.
package tail

// Position is how far a file has been read, in a way that survives renames and restarts.
type Position struct {
	Path   string `json:"path"`   // as last seen
	Dev    uint64 `json:"dev"`    // device
	Ino    uint64 `json:"ino"`    // inode
	Offset int64  `json:"offset"` // bytes read and handed out: the start of the next line
	Sum    uint64 `json:"sum"`    // checksum of the first SumLen bytes
	SumLen int    `json:"sumLen"` // 0 to 256
}

// Chunk is some whole lines of one file, with what must be known to count them rightly. The receiver calls Release when it is done
// with Data.
type Chunk struct {
	Path    string
	Data    []byte   // lines, each ended by '\n' except perhaps a file's very last; NUL runs and long lines already dealt with
	Kind    Kind     //
	Pos     Position // where reading goes on after this chunk; zero for standard input
	Cut     int      // lines of this chunk that were longer than MaxLine and were cut
	Release func()
}

// Kind says how the lines of a chunk came to be read.
type Kind uint8

const (
	Live    Kind = iota // written while the file was followed
	CatchUp             // already in the file when it was opened
	WarmUp              // before the saved position: read again only to fill the windows
)
