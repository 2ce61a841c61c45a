package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
)

// file is a configuration file in memory.
type file struct {
	name string
	data []byte
}

func fileNames(files []file) (names []string) {
	for _, f := range files {
		names = append(names, f.name)
	}
	return names
}

// Load reads the main file, conf.d/*.toml beside it, the environment and the flags, in that order; later ones win. The error is an
// Errors with everything that was found; then Config is nil. Warnings come with a good configuration only.
func Load(in Inputs) (*Config, []Warning, error) {
	p := newProblems()
	files := readFiles(p, in.File)
	if err := p.err(); err != nil {
		return nil, nil, err
	}
	return read(p, files, in)
}

// Parse is Load for a configuration in memory; name stands for the file in messages. Files that it names are read all the same.
func Parse(name string, data []byte, in Inputs) (*Config, []Warning, error) {
	p := newProblems()
	p.begin(name)
	return read(p, []file{{name, data}}, in)
}

// read makes a Config out of files and the rest of in.
func read(p *problems, files []file, in Inputs) (*Config, []Warning, error) {
	layers, whole := readLayers(p, reflect.TypeFor[document](), files)
	layers = append(layers, readEnviron(p, in.Environ))
	flags := readFlags(p, in.Flags)
	if !whole { // what a file that cannot be read would have said is unknown: nothing else is worth saying
		return nil, nil, p.err()
	}
	static, err := staticOf(takeStatic(layers))
	if err != nil {
		p.fail("static", "%v", err)
		return nil, nil, p.err()
	}
	doc, err := layer(layers, flags)
	if err != nil {
		p.fail("", "%v", err)
		return nil, nil, p.err()
	}
	declareEmpty(p, doc)
	in.files = fileNames(files)
	cfg := build(p, doc, static, in)
	if err := p.err(); err != nil {
		return nil, nil, err
	}
	cfg.Files = in.files
	warn(p, cfg)
	return cfg, p.warnings, nil
}

// readLayers reads what each file says. whole is false if one of them cannot be read as TOML.
func readLayers(p *problems, root reflect.Type, files []file) (layers []map[string]any, whole bool) {
	whole = true
	for _, f := range files {
		values, ok := readStrict(p, root, f.name, f.data)
		layers, whole = append(layers, values), whole && ok
	}
	return layers, whole
}

// readFiles reads the main file and conf.d/*.toml beside it, in order of name.
func readFiles(p *problems, name string) []file {
	if name == "" {
		name = DefaultFile
	}
	all := []string{name}
	extra, err := filepath.Glob(filepath.Join(escapeGlob(filepath.Dir(name)), "conf.d", "*.toml"))
	if err != nil { // the pattern is ours, and good
		panic(err)
	}
	var files []file
	for _, name := range append(all, extra...) {
		p.begin(name)
		data, err := readSmall(name, maxFile)
		if err != nil {
			p.errors = append(p.errors, &Error{File: name, Msg: nextStep(err)})
		}
		files = append(files, file{name, data})
	}
	return files
}

// escapeGlob makes a pattern that matches path alone.
func escapeGlob(path string) string {
	var out []byte
	for i := range len(path) {
		switch path[i] {
		case '*', '?', '[', '\\':
			out = append(out, '\\')
		}
		out = append(out, path[i])
	}
	return string(out)
}

const (
	maxFile = 1 << 20  // of configuration; larger is a mistake
	maxList = 32 << 20 // of an address list: some two million entries
)

// readSmall reads a regular file of at most limit bytes.
func readSmall(name string, limit int64) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil {
		return nil, err
	} else if info.IsDir() {
		return nil, errors.New("is a directory, not a file")
	}
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(data)) > limit {
		err = fmt.Errorf("is larger than %d MiB", limit>>20)
	}
	return data, err
}

// nextStep says what kept a configuration file from being read, and what to do.
func nextStep(err error) string {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "no such file; name another with --config, or install the one that comes with the package"
	case errors.Is(err, fs.ErrPermission):
		return "permission denied; read it as root, or as a user who may"
	}
	return unwrapPath(err).Error()
}

// unwrapPath takes the path off an error, where it is said already.
func unwrapPath(err error) error {
	if at := new(fs.PathError); errors.As(err, &at) {
		return at.Err
	}
	return err
}
