// Package tail follows log files through every kind of rotation and hands out chunks of whole lines. It knows nothing of what the
// lines say. Its Chunk, Position and FileStatus are also those of the other kinds of sources, the journal and the syslog socket.
//
// The receiver of the chunks keeps their positions, with Merge, once it has dealt with them, and gives the list to the next run. Then
// each line is handed out once, whatever was renamed, copied, truncated or created meanwhile, and however the last run ended.
//
// What cannot be had: after a truncation in place (logrotate's copytruncate) the lines that were written between the copy and the
// truncation are gone for everyone. Lines written before the copy but not yet read are read from the copy, if it lies beside the
// file under a rotated name and is not compressed. Writers should be made to reopen their file instead.
package tail

import (
	"io"
	"log/slog"
	"time"
)

// MaxLine is the longest line that is handed out, in bytes without its newline. Of a longer one the first MaxLine bytes are handed
// out as the line, and the rest of it is skipped.
const MaxLine = 1 << 20

// Chunk is some whole lines of one file, with what must be known to count them rightly. The receiver calls Release when it is done
// with Data. A chunk without Data only says where reading stands: its Pos is to be kept like any other.
type Chunk struct {
	Path      string
	Data      []byte      // lines, each ended by '\n' except perhaps a file's very last; NUL runs and long lines already dealt with
	Times     []time.Time // when each line of Data was written, for lines that do not say; nil where nothing knows, as with files
	Kind      Kind        //
	Pos       Position    // where reading goes on after this chunk; zero for standard input
	Cut       int         // lines of this chunk that were longer than MaxLine and were cut
	Untrusted string      // why what the file says may be forged: who may write to it; empty: only the system may
	Release   func()      // never nil; calling it twice does no harm
}

// Kind says how the lines of a chunk came to be read.
type Kind uint8

const (
	Live    Kind = iota // written while the file was followed
	CatchUp             // already in the file when it was opened
	WarmUp              // before the saved position: read again only to fill the windows
)

// Start says where a file is read from when nothing is known of its source, that is, without any Resume.
type Start uint8

const (
	AtEnd    Start = iota // only what is written from now on
	AtWindow              // from the first line of the window on, at most 64 MiB before the end; needs Options.Since
)

// Options say what is followed and how. Paths is needed, the zero value of everything else works.
type Options struct {
	// Paths are files and globs as filepath.Match has them; "-", alone, is standard input. Of what a glob matches, compressed files
	// are left out, and so are rotated parts of another match: access.log.1 beside access.log.
	Paths   []string
	Resume  []Position // as Merge left them in the last run; empty at the first start
	StartAt Start      // at the first start

	// Since reads the time of a line, without its newline; false if it has none. With it and WindowStart, the lines from
	// WindowStart on that precede a saved position are handed out first, as WarmUp, and AtWindow finds its place. Lines are
	// taken to be in order of time, more or less.
	Since       func(line []byte) (time.Time, bool)
	WindowStart time.Time

	Stdin    io.Reader     // what "-" reads; nil: os.Stdin
	Poll     time.Duration // how often everything is looked at whatever inotify says; 0: 1 s
	Quiet    time.Duration // how long a rotated file must have been quiet before it is let go; 0: 5 s
	Buffers  int           // chunks handed out and not yet released, at most; 0: 8
	NoNotify bool          // do without inotify
	Log      *slog.Logger  // nil: nothing is logged
}

// FileStatus is how it stands with one file or path.
type FileStatus struct {
	Path      string   // as configured or matched; of a rotated file the path that it had
	Error     string   // why it cannot be read at present, else empty
	Note      string   // what may be amiss although it can be read, else empty
	Offset    int64    // bytes read and handed out
	Size      int64    // of the file; Size - Offset is how far we are behind, in bytes
	Pos       Position // zero where no file is open
	Rotated   bool     // no path leads to it any more; it is read until its writer has let go of it
	Untrusted string   // as in Chunk
	Losses    []Loss   // what is known not to have come; none for files, which keep what is not read
}

// Loss counts, since the start, one kind of what is known not to have come through, or not as it was written.
type Loss struct {
	What string // a text with a bounded number of values, such as "datagrams dropped by the kernel"
	N    uint64
}
