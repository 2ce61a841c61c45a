package tail

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// pattern is one configured path or glob, absolute and cleaned.
type pattern struct {
	path string
	glob bool
	// levels are the patterns of the directories in which a change may change what the glob matches: for /srv/*/log/*.log these are
	// /srv, /srv/*, /srv/*/log; of a plain path it is its directory.
	levels []string
}

// parsePatterns reads Options.Paths.
func parsePatterns(paths []string) ([]pattern, error) {
	if len(paths) == 0 {
		return nil, fmt.Errorf("no path is given: name the log file, a glob, or \"-\" for standard input")
	}
	var list []pattern
	for _, p := range paths {
		if p == "-" {
			return nil, fmt.Errorf("\"-\", standard input, cannot be followed together with other paths: give it a source of its own")
		}
		if _, err := filepath.Match(p, ""); err != nil || p == "" {
			return nil, fmt.Errorf("path %q is not a path or a glob: check its brackets", p)
		}
		abs, err := filepath.Abs(p)
		if err != nil {
			return nil, fmt.Errorf("path %q: %w", p, err)
		}
		list = append(list, pattern{path: abs, glob: isGlob(abs), levels: levels(abs)})
	}
	return list, nil
}

func isGlob(path string) bool { return strings.ContainsAny(path, `*?[\`) }

// levels splits a pattern into the patterns of the directories that decide what it matches.
func levels(path string) []string {
	list := []string{filepath.Dir(path)}
	for isGlob(list[0]) {
		list = slices.Insert(list, 0, filepath.Dir(list[0]))
	}
	return list
}

// matches says whether path is, or may lead to, a file that the pattern means.
func (p pattern) matches(path string) bool {
	if !p.glob {
		return p.path == path
	}
	for _, each := range append([]string{p.path}, p.levels...) {
		if ok, _ := filepath.Match(each, path); ok {
			return true
		}
	}
	return false
}

// expand lists the files that a glob matches now. Compressed files match none.
func (p pattern) expand() []string {
	found, _ := filepath.Glob(p.path) // the pattern was checked
	return slices.DeleteFunc(found, compressed)
}

// dirs lists the directories that decide what the pattern matches, whether they exist or not where that is known without looking.
func (p pattern) dirs() []string {
	var list []string
	for _, level := range p.levels {
		if !isGlob(level) {
			list = append(list, level)
			continue
		}
		found, _ := filepath.Glob(level)
		list = append(list, found...)
	}
	return list
}
