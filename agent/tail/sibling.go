package tail

import (
	"cmp"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// maxSiblings bounds how many rotated files of one log are looked at, the latest ones.
const maxSiblings = 256

// sibling is a file that lies beside a log and by its name may be a part of it that was rotated away.
type sibling struct {
	path string
	info
}

// siblings lists the regular files beside path whose names match, the oldest first. What cannot be looked at is left out: it could
// not be read either.
func siblings(path string, match func(base, name string) bool) []sibling {
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return nil
	}
	defer dir.Close()
	var found []sibling
	for {
		names, err := dir.Readdirnames(1024)
		for _, name := range names {
			if match(filepath.Base(path), name) {
				found = addSibling(found, filepath.Join(dir.Name(), name))
			}
		}
		if err != nil { // io.EOF, or the directory is gone
			break
		}
	}
	slices.SortFunc(found, func(a, b sibling) int { return cmp.Compare(a.birth(), b.birth()) })
	return found
}

// addSibling adds the file, in place of the oldest if there are too many.
func addSibling(list []sibling, path string) []sibling {
	i, err := statPath(path)
	if err != nil || followable(path, i) != nil {
		return list
	}
	s := sibling{path: path, info: i}
	if len(list) < maxSiblings {
		return append(list, s)
	}
	oldest := 0
	for k := range list {
		if list[k].birth() < list[oldest].birth() {
			oldest = k
		}
	}
	if list[oldest].birth() < s.birth() {
		list[oldest] = s
	}
	return list
}

// isRotated says whether name is what a rotation calls an earlier part of the log base: access.log.1, access.log-20260101,
// access.log.2026-01-01T00:00:00, access.log.old, access.1.log, access-20260101.log.
func isRotated(base, name string) bool {
	if compressed(name) {
		return false
	}
	if rest, ok := strings.CutPrefix(name, base); ok {
		return isStamp(rest)
	}
	ext := filepath.Ext(base)
	rest, ok := strings.CutPrefix(name, strings.TrimSuffix(base, ext))
	if !ok || ext == "" {
		return false
	}
	rest, ok = strings.CutSuffix(rest, ext)
	return ok && isStamp(rest)
}

// isStamp says whether s is a number, a date or "old" behind a separator. Behind a dash it takes a date: app-2.log beside app.log is
// the log of another instance.
func isStamp(s string) bool {
	if s == ".old" || s == "-old" {
		return true
	}
	digits := len(s) - len(strings.Map(dropDigit, s))
	if digits == 0 || strings.Trim(s, "0123456789.-_:TZ") != "" {
		return false
	}
	return s[0] == '.' || digits >= len("260101") && (s[0] == '-' || s[0] == '_')
}

func dropDigit(r rune) rune {
	if r >= '0' && r <= '9' {
		return -1
	}
	return r
}

// isNear says whether name may be any earlier part of the log base, to be known by its inode and head.
func isNear(base, name string) bool {
	return !compressed(name) && strings.HasPrefix(name, strings.TrimSuffix(base, filepath.Ext(base)))
}

// compressed says whether a file is compressed, by its name. Such files are never followed.
func compressed(name string) bool {
	switch filepath.Ext(name) {
	case ".gz", ".bz2", ".xz", ".zst", ".lz4", ".Z", ".zip", ".lzma":
		return true
	}
	return false
}

// beginning reads as much of the file's head as positions are made of.
func (s sibling) beginning() []byte {
	f, _, err := openRegular(s.path)
	if err != nil {
		return nil
	}
	defer f.Close()
	head := make([]byte, headLen)
	n, _ := io.ReadFull(f, head) // what is there is enough
	return head[:n]
}
