package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// MaxErrors is how many errors are reported of one configuration.
const MaxErrors = 20

// Error is one thing that is wrong with the configuration. Warnings have the same shape.
type Error struct {
	File    string // path, or "environment", "flags"
	Line    int    // from 1; 0: not about a line
	Column  int    // from 1, in bytes; 0: not about a column
	Key     string // "live.botnet.tier[0].threshold"
	Msg     string // what is wrong, and the next step
	Nearest string // the known key that comes nearest to an unknown one, if any does
}

// Error gives the file, the line and column where known, the key, what is wrong and the nearest known key, in one line.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.File)
	if e.Line > 0 {
		fmt.Fprintf(&b, ":%d", e.Line)
	}
	if e.Column > 0 {
		fmt.Fprintf(&b, ":%d", e.Column)
	}
	if e.Key != "" {
		b.WriteString(": " + e.Key)
	}
	b.WriteString(": " + e.Msg)
	if e.Nearest != "" {
		fmt.Fprintf(&b, "; did you mean %q?", e.Nearest)
	}
	return b.String()
}

// Warning is something that is allowed but hardly meant.
type Warning = Error

// Errors are the errors found, sorted by file and line, at most MaxErrors; if there were more, the last one counts them.
type Errors []*Error

// Error gives one error a line.
func (e Errors) Error() string {
	lines := make([]string, len(e))
	for i, one := range e {
		lines[i] = one.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap returns each of them.
func (e Errors) Unwrap() []error {
	out := make([]error, len(e))
	for i, one := range e {
		out[i] = one
	}
	return out
}

// place is where something stands.
type place struct {
	file         string
	line, column int
	key          string // as it is called there, if that is not its path
}

// problems collects errors and warnings, and knows where every key stands.
type problems struct {
	where    map[string]place // by path, such as live.botnet.tier[0].minSize
	errors   Errors
	warnings []Warning
	order    map[string]int // of files, as they were read
}

func newProblems() *problems {
	return &problems{where: map[string]place{}, order: map[string]int{}}
}

// begin says that file is read next.
func (p *problems) begin(file string) {
	if _, known := p.order[file]; !known {
		p.order[file] = len(p.order)
	}
	if _, known := p.where[""]; !known {
		p.where[""] = place{file: file}
	}
}

// note remembers where path stands; the last place wins, as it does for values.
func (p *problems) note(path string, at place) { p.where[path] = at }

// find returns where path stands, or the nearest thing around it.
func (p *problems) find(path string) place {
	for path != "" {
		if at, ok := p.where[path]; ok {
			return at
		}
		path = path[:max(0, strings.LastIndexAny(path, ".["))]
	}
	return p.where[""]
}

// at makes an Error about path.
func (p *problems) at(path, format string, args ...any) *Error {
	at := p.find(path)
	if at.key != "" {
		path = at.key
	}
	return &Error{File: at.file, Line: at.line, Column: at.column, Key: path, Msg: fmt.Sprintf(format, args...)}
}

// fail adds an error about path.
func (p *problems) fail(path, format string, args ...any) {
	p.errors = append(p.errors, p.at(path, format, args...))
}

// warn adds a warning about path.
func (p *problems) warn(path, format string, args ...any) {
	p.warnings = append(p.warnings, *p.at(path, format, args...))
}

// sound reports whether nothing at or inside path is wrong so far, so that what follows from it is worth saying.
func (p *problems) sound(path string) bool {
	return !slices.ContainsFunc(p.errors, func(e *Error) bool {
		rest, inside := strings.CutPrefix(e.Key, path)
		return inside && (rest == "" || rest[0] == '.' || rest[0] == '[')
	})
}

// err returns the errors in order, nil if there are none.
func (p *problems) err() error {
	if len(p.errors) == 0 {
		return nil
	}
	all := p.errors
	slices.SortStableFunc(all, p.compare)
	if len(all) > MaxErrors {
		rest := &Error{File: p.where[""].file, Msg: fmt.Sprintf("and %d more", len(all)-MaxErrors+1)}
		all = append(slices.Clip(all[:MaxErrors-1]), rest)
	}
	return all
}

// compare puts errors in the order of files, lines and columns.
func (p *problems) compare(a, b *Error) int {
	return cmp.Or(p.rank(a.File)-p.rank(b.File), strings.Compare(a.File, b.File), a.Line-b.Line, a.Column-b.Column, strings.Compare(a.Key, b.Key))
}

// rank is the place of file in the order in which files were read; other files come last.
func (p *problems) rank(file string) int {
	if n, known := p.order[file]; known {
		return n
	}
	return len(p.order)
}
