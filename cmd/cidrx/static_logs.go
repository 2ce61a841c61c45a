package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync/atomic"
	"time"

	"cidrx/detect/static"
)

// inputs of cidrx static. They are looked at before anything is counted, so that what cannot be read is said at once.

// wholeLogs are the logs of one analysis.
type wholeLogs struct {
	ctx   context.Context // when it ends, so does waiting for standard input
	logs  []static.Log
	infos []fs.FileInfo // of the regular files among them, for telling the same file twice
	open  []io.Closer   // what can be opened only once
	size  int64         // of all, as they are on the disk
	sized bool          // all are regular files, so size is known
	read  atomic.Int64  // of size
	notes []string      // what was left out, for people
}

func (w *wholeLogs) close() {
	for _, c := range w.open {
		c.Close() // only read from
	}
}

// findLogs finds the logs that names and globs stand for, and makes sure that they can be read.
func findLogs(ctx context.Context, names []string) (*wholeLogs, error) {
	w := &wholeLogs{ctx: ctx, sized: true}
	for _, name := range names {
		paths, err := expand(name)
		if err != nil {
			w.close()
			return nil, err
		}
		byGlob := len(paths) != 1 || paths[0] != name
		for _, path := range paths {
			if err := w.add(path, byGlob); err != nil {
				w.close()
				return nil, err
			}
		}
	}
	if len(w.logs) == 0 {
		w.close()
		return nil, fmt.Errorf("%s: nothing to read: all that it matches is empty", names[0])
	}
	return w, nil
}

// add adds a log. What a glob matches may be a directory, or empty, as a log is right after its rotation; what is named may not.
func (w *wholeLogs) add(path string, byGlob bool) error {
	in, info, err := openRaw(path)
	if byGlob && errors.Is(err, errDirectory) {
		w.notes = append(w.notes, path+": a directory, left out")
		return nil
	}
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() || path == "-" {
		return w.once(path, in, info)
	}
	defer in.Close()
	for _, other := range w.infos {
		if os.SameFile(info, other) {
			w.notes = append(w.notes, path+": named twice, read once")
			return nil
		}
	}
	r, err := begin(in, path)
	switch {
	case byGlob && errors.Is(err, errEmpty):
		w.notes = append(w.notes, path+": empty, left out")
		return nil
	case err != nil:
		return fmt.Errorf("%s: %w", path, err)
	}
	r.Close()
	w.infos = append(w.infos, info)
	w.size += info.Size()
	w.logs = append(w.logs, static.Log{
		Name: path, Again: true, Written: info.ModTime(),
		Open: func() (io.ReadCloser, error) { return w.reopen(path) },
	})
	return nil
}

// once adds what can be read only once: standard input, pipes, devices.
func (w *wholeLogs) once(path string, in *os.File, info fs.FileInfo) error {
	w.open = append(w.open, in)
	l := static.Log{Name: path, Written: time.Now()}
	if path == "-" {
		l.Name = stdinName
	}
	if info.Mode().IsRegular() { // standard input from a file
		l.Written = info.ModTime()
		w.size += info.Size()
	} else {
		w.sized = false
	}
	waiting := readAhead(in) // a terminal or a pipe may have nothing to say for ever
	context.AfterFunc(w.ctx, func() { waiting.Close() })
	r, err := begin(&metered{waiting, &w.read}, path)
	if err != nil {
		return fmt.Errorf("%s: %w", l.Name, err)
	}
	opened := false
	l.Open = func() (io.ReadCloser, error) {
		if opened {
			return nil, fmt.Errorf("%s: cannot be read again; name a file", l.Name)
		}
		opened = true
		return r, nil
	}
	w.logs = append(w.logs, l)
	return nil
}

// reopen opens a file that add has looked at.
func (w *wholeLogs) reopen(path string) (io.ReadCloser, error) {
	in, info, err := openRaw(path)
	if err != nil {
		return nil, err
	}
	if m := mapLog(in, info, &w.read); m != nil {
		in.Close() // the mapping stays
		return m, nil
	}
	r, err := unpack(&metered{in, &w.read}, path)
	if err != nil {
		in.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return &both{r, in}, nil
}

// errEmpty says that there is nothing in a log.
var errEmpty = errors.New("empty: there is nothing to analyse; name another log, such as a rotated one beside it")

// begin unpacks a log and makes sure that there is something in it.
func begin(in io.Reader, path string) (io.ReadCloser, error) {
	r, err := unpack(in, path)
	if err != nil {
		return nil, err
	}
	first := make([]byte, 1)
	if _, err = io.ReadFull(r, first); err == nil {
		return &prefixed{first, r}, nil
	}
	r.Close()
	if err == io.EOF {
		err = errEmpty
	}
	return nil, err
}

// prefixed gives back what was read of a reader.
type prefixed struct {
	head []byte
	io.ReadCloser
}

func (p *prefixed) Read(b []byte) (int, error) {
	if len(p.head) == 0 {
		return p.ReadCloser.Read(b)
	}
	n := copy(b, p.head)
	p.head = p.head[n:]
	return n, nil
}

// metered counts what is read of a file, before it is decompressed.
type metered struct {
	io.Reader
	n *atomic.Int64
}

func (m *metered) Read(b []byte) (int, error) {
	n, err := m.Reader.Read(b)
	m.n.Add(int64(n))
	return n, err
}

// both closes a reader and the file behind it.
type both struct {
	io.ReadCloser
	file io.Closer
}

func (b *both) Close() error { return errors.Join(b.ReadCloser.Close(), b.file.Close()) }
