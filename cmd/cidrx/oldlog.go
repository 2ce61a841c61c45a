package main

import (
	"bufio"
	"bytes"
	"compress/bzip2"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// oldLog is a log file opened for reading, decompressed if need be.
type oldLog struct {
	*bufio.Reader
	name    string
	written time.Time
	closers []io.Closer
	looks   string // the preset that reads its first lines, if one does
}

type oldLogs []*oldLog

func (l oldLogs) close() {
	for _, log := range l {
		for _, c := range log.closers {
			c.Close() // only read from
		}
	}
}

// openLogs opens files, globs and standard input.
func openLogs(names []string) (oldLogs, error) {
	var out oldLogs
	for _, name := range names {
		paths, err := expand(name)
		if err != nil {
			return nil, err
		}
		for _, p := range paths {
			l, err := openLog(p)
			if err != nil {
				out.close()
				return nil, err
			}
			out = append(out, l)
		}
	}
	return out, nil
}

// expand is the files that a name stands for.
func expand(name string) ([]string, error) {
	if _, err := os.Lstat(name); name == "-" || err == nil || !strings.ContainsAny(name, "*?[") {
		return []string{name}, nil
	}
	paths, err := filepath.Glob(name)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if len(paths) == 0 {
		return nil, fmt.Errorf("%s: no file matches", name)
	}
	return paths, nil
}

// peekBytes is how much of a log is looked at to tell its format.
const peekBytes = 64 << 10

func openLog(path string) (*oldLog, error) {
	l := &oldLog{name: path, written: time.Now()}
	in := os.Stdin
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return nil, unreadable(path, err)
		}
		in, l.closers = f, append(l.closers, f)
	} else {
		l.name = "standard input"
	}
	if info, err := in.Stat(); err == nil && info.IsDir() {
		oldLogs{l}.close()
		return nil, fmt.Errorf("%s: a directory; name the logs in it, such as %s", path, filepath.Join(path, "access.log*"))
	} else if err == nil && info.Mode().IsRegular() {
		l.written = info.ModTime()
	}
	if err := l.decompress(in); err != nil {
		oldLogs{l}.close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return l, nil
}

// unreadable says why a log cannot be opened, with the next step.
func unreadable(path string, err error) error {
	var at *fs.PathError
	if errors.As(err, &at) {
		err = at.Err
	}
	if errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("%s: %w; logs are for root and the group adm: try sudo", path, err)
	}
	return fmt.Errorf("%s: %w", path, err)
}

// packed are compressions by the bytes that a file begins with. Those without a reader have a program that unpacks them.
var packed = []struct {
	magic   string
	open    func(io.Reader) (io.Reader, error)
	program string
}{
	{"\x1f\x8b", func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) }, ""},
	{"BZh", func(r io.Reader) (io.Reader, error) { return bzip2.NewReader(r), nil }, ""},
	{"\x28\xb5\x2f\xfd", nil, "zstdcat"},
	{"\xfd7zXZ\x00", nil, "xzcat"},
}

// decompress makes l read what is in the file.
func (l *oldLog) decompress(in io.Reader) error {
	l.Reader = bufio.NewReaderSize(in, peekBytes)
	for _, p := range packed {
		if head, _ := l.Peek(len(p.magic)); !bytes.Equal(head, []byte(p.magic)) {
			continue
		}
		if p.open == nil {
			return fmt.Errorf("compressed in a way that is not read here; %s %s | cidrx … --logfile -", p.program, l.name)
		}
		r, err := p.open(l.Reader)
		if err != nil {
			return err
		}
		l.Reader = bufio.NewReaderSize(r, peekBytes)
		return nil
	}
	return nil
}

// maxFirstLines is how many lines of a log are looked at to tell its format.
const maxFirstLines = 100

// firstLines are the whole lines at the start of the log, without consuming them. None: it is empty.
func (l *oldLog) firstLines() [][]byte {
	head, _ := l.Peek(peekBytes)
	if len(head) == 0 {
		return nil
	}
	lines := bytes.Split(head, []byte{'\n'})
	if len(lines) > 1 {
		lines = lines[:len(lines)-1]
	}
	return lines[:min(len(lines), maxFirstLines)]
}
