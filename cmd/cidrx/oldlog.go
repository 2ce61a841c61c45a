package main

import (
	"bufio"
	"bytes"
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

// stdinName is what standard input is called.
const stdinName = "standard input"

func openLog(path string) (*oldLog, error) {
	in, info, err := openRaw(path)
	if err != nil {
		return nil, err
	}
	l := &oldLog{name: path, written: time.Now(), closers: []io.Closer{in}}
	if path == "-" {
		l.name = stdinName
	}
	if info.Mode().IsRegular() {
		l.written = info.ModTime()
	}
	r, err := unpack(in, path)
	if err != nil {
		l.close()
		return nil, fmt.Errorf("%s: %w", l.name, err)
	}
	l.Reader, l.closers = bufio.NewReaderSize(r, peekBytes), append([]io.Closer{r}, l.closers...)
	return l, nil
}

func (l *oldLog) close() { oldLogs{l}.close() }

// openRaw opens a file, or standard input, as it is.
func openRaw(path string) (*os.File, fs.FileInfo, error) {
	in := os.Stdin
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return nil, nil, unreadable(path, err)
		}
		in = f
	}
	info, err := in.Stat()
	if err == nil && info.IsDir() {
		err = fmt.Errorf("%w; name the logs in it, such as %s", errDirectory, filepath.Join(path, "access.log*"))
	}
	if err != nil {
		in.Close()
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	return in, info, nil
}

var errDirectory = errors.New("a directory")

// unreadable says why a log cannot be opened, with the next step.
func unreadable(path string, err error) error {
	var at *fs.PathError
	if errors.As(err, &at) {
		err = at.Err
	}
	if errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("%s: %w; logs are for root and the group adm: try sudo", path, err)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s: %w; see what is there: ls -l %s", path, err, filepath.Dir(path))
	}
	return fmt.Errorf("%s: %w", path, err)
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
