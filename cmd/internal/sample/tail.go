package sample

import (
	"bytes"
	"errors"
	"io"
	"os"
)

// Of the end of a log so much is looked at.
const (
	tailBytes = 512 << 10
	tailLines = 2000
)

// ErrNoFile says that a path leads to something that is no regular file.
var ErrNoFile = errors.New("not a regular file")

// Tail returns the whole lines at the end of a file, at most 2,000 of half a mebibyte. A FIFO or a directory is an error that wraps
// ErrNoFile: reading the one would take its lines from whom they are for.
func Tail(path string) ([][]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, ErrNoFile
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	from := max(0, info.Size()-tailBytes)
	data := make([]byte, info.Size()-from)
	n, err := f.ReadAt(data, from)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	data = data[:n]
	if from > 0 { // it begins somewhere inside a line
		_, data, _ = bytes.Cut(data, []byte{'\n'})
	}
	lines := bytes.Split(data, []byte{'\n'})
	lines = lines[:len(lines)-1] // empty, or not yet written to its end
	return lines[max(0, len(lines)-tailLines):], nil
}
