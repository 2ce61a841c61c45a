package config

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Use is a file that is read or written, and where it is named.
type Use struct {
	Key    string // "--banFile", "global.banFile", "standard input"
	Path   string // as written there
	Writes bool   // what it held is lost; else it is read
	Glob   bool   // Path is a pattern, and stands for every file that it matches

	Info fs.FileInfo // of the file, where it is known without Path; nil: Path is looked up
	at   place       // of the key in a configuration
}

// Overwritten finds out whether a file that is written is one of those that are read, or is written twice: one of the two would be lost,
// and no word said. Files are the same by device and inode, so links to a file are that file; where one is not there yet, by its path with
// all symbolic links followed. Devices, pipes and terminals are never overwritten. The error is an Errors, with an Error for each file
// written, about the later of the two: those that are not of a configuration have the File "flags".
func Overwritten(uses []Use) error {
	p := newProblems()
	p.begin(flagFile)
	p.overwritten(uses)
	return p.err()
}

// overwritten adds an error for each file that would be lost.
func (p *problems) overwritten(uses []Use) {
	var files []identity
	for _, u := range uses {
		files = append(files, u.identity())
	}
	for i, u := range uses {
		if !u.Writes {
			continue
		}
		for j, other := range uses {
			if (!other.Writes || j < i) && files[i].same(files[j]) && !u.streams(other) {
				p.errors = append(p.errors, u.collides(other))
				break
			}
		}
	}
}

// streams reports whether u is a stream of the process that other asks for by its name, such as /dev/stdout.
func (u Use) streams(other Use) bool {
	return u.Info != nil && (strings.HasPrefix(other.Path, "/dev/") || strings.HasPrefix(other.Path, "/proc/"))
}

// collides says that u and other are the same file.
func (u Use) collides(other Use) *Error {
	relation, fault := "the same file as", "would be written over it"
	if other.Glob {
		relation = "one of the files of"
	}
	switch {
	case other.Writes:
		fault = "one of the two would be lost"
	case u.Info != nil:
		fault = "would be written into it"
	}
	e := &Error{File: flagFile, Key: u.Key, Msg: fmt.Sprintf("%sis %s %s, and %s; name another file", u.spoken(" "), relation, other, fault)}
	if u.at.file != "" {
		e.File, e.Line, e.Column = u.at.file, u.at.line, u.at.column
	}
	return e
}

// String is u as it can be told from others: "--logfile access.log".
func (u Use) String() string {
	text := u.Key + strings.TrimSuffix(" "+u.spoken(""), " ")
	if u.at.line > 0 {
		text += fmt.Sprintf(" (%s:%d)", u.at.file, u.at.line)
	}
	return text
}

// spoken is the path, quoted where it would be misread; nothing for what has none.
func (u Use) spoken(end string) string {
	switch {
	case u.Path == "":
		return ""
	case strings.ContainsFunc(u.Path, func(r rune) bool { return r <= ' ' || r == '"' || r > '~' }):
		return fmt.Sprintf("%q%s", u.Path, end)
	}
	return u.Path + end
}

// identity is what tells a file from others.
type identity struct {
	info    fs.FileInfo // nil: it is not there, or cannot be seen
	path    string      // without symbolic links; empty: none is known
	name    string      // the same as it was written, from the root
	pattern string      // empty: none
}

func (u Use) identity() identity {
	switch {
	case u.Info != nil:
		return identity{info: u.Info}
	case u.Path == "":
		return identity{}
	case u.Glob:
		return identity{pattern: absolute(u.Path)}
	}
	info, err := os.Stat(u.Path)
	if err != nil {
		info = nil
	}
	return identity{info: info, path: followed(u.Path), name: absolute(u.Path)}
}

// same reports whether f and other are one file that can be lost.
func (f identity) same(other identity) bool {
	switch {
	case f.info != nil && f.info.Mode()&(fs.ModeDevice|fs.ModeNamedPipe) != 0:
		return false
	case other.pattern != "":
		return matches(other.pattern, f.path) || matches(other.pattern, f.name)
	case f.info != nil && other.info != nil:
		return os.SameFile(f.info, other.info)
	}
	return f.path != "" && f.path == other.path
}

func matches(pattern, path string) bool {
	is, err := filepath.Match(pattern, path)
	return err == nil && is && path != ""
}

// absolute is path from the root.
func absolute(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return filepath.Clean(path)
}

// maxLinks is how many symbolic links that lead nowhere are followed, as many as the kernel follows (path_resolution(7)).
const maxLinks = 40

// followed is where path leads, from the root, without symbolic links. The file need not be there, nor its directory.
func followed(path string) string {
	path = absolute(path)
	for range maxLinks {
		if real, err := filepath.EvalSymlinks(path); err == nil {
			return real
		}
		dir := filepath.Dir(path)
		if real, err := filepath.EvalSymlinks(dir); err == nil {
			dir = real
		}
		path = filepath.Join(dir, filepath.Base(path))
		target, err := os.Readlink(path)
		if err != nil { // it is none
			return path
		}
		if !filepath.IsAbs(target) {
			target = filepath.Join(dir, target)
		}
		path = target
	}
	return path
}
