package config

import (
	"fmt"
	"reflect"
	"sort"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"
)

// strictReader holds one file to the shape of document. go-toml's own strict mode stops at the first wrong type and takes keys in any
// case, so it is only the last word here (see decode); this walks the syntax tree, finds everything at once, and notes where each
// key stands for what is checked later.
type strictReader struct {
	*problems
	root   reflect.Type // of the document: what a file may hold
	file   string
	data   []byte
	lines  []int          // offset of each line
	tables map[string]int // tables read so far of each array of tables
	wrong  [][]any        // paths (keys and indexes) whose values must not be used
	values map[string]any // what the file says
}

// spot is a place in the tree: the type that is wanted there and how it was reached.
type spot struct {
	t    reflect.Type
	path string
	way  []any // keys (string) and indexes (int)
}

func (s spot) key(name string, t reflect.Type) spot {
	return spot{t, strings.TrimPrefix(s.path+"."+name, "."), append(s.way[:len(s.way):len(s.way)], name)}
}

func (s spot) index(i int) spot {
	return spot{s.t.Elem(), fmt.Sprintf("%s[%d]", s.path, i), append(s.way[:len(s.way):len(s.way)], i)}
}

// readStrict returns what data says, without what is wrong with it by the shape of root; what is wrong goes to p. ok is false after a syntax error.
func readStrict(p *problems, root reflect.Type, file string, data []byte) (values map[string]any, ok bool) {
	r := &strictReader{problems: p, root: root, file: file, data: data, tables: map[string]int{}, values: map[string]any{}}
	for i := range data {
		if i == 0 || data[i-1] == '\n' {
			r.lines = append(r.lines, i)
		}
	}
	r.walk()
	if !r.decode() {
		return nil, false
	}
	for _, way := range r.wrong {
		prune(r.values, way)
	}
	return r.values, true
}

// walk goes through the file, one expression after the other.
func (r *strictReader) walk() {
	var p unstable.Parser
	p.Reset(r.data)
	root := spot{t: r.root}
	here, known := root, true
	for p.NextExpression() {
		switch e := p.Expression(); e.Kind {
		case unstable.Table, unstable.ArrayTable:
			here, known = r.table(root, e)
		case unstable.KeyValue:
			if known {
				r.keyValue(here, e)
			}
		}
	}
}

// table enters the table of a header; known is false if what stands in it means nothing.
func (r *strictReader) table(root spot, header *unstable.Node) (here spot, known bool) {
	here = root
	for key := header.Key(); key.Next(); {
		if here, known = r.enter(here, key.Node(), true); !known {
			return here, false
		}
		if here.t.Kind() != reflect.Slice {
			continue
		}
		if key.IsLast() && header.Kind == unstable.ArrayTable {
			r.tables[here.path]++
		}
		if n := r.tables[here.path]; n > 0 && here.t.Elem().Kind() == reflect.Struct {
			here = here.index(n - 1)
			r.noteKey(here, key.Node())
		}
	}
	switch kind := here.t.Kind(); {
	case header.Kind == unstable.ArrayTable && strings.HasSuffix(here.path, "]"), kind == reflect.Interface:
	case header.Kind == unstable.ArrayTable:
		r.failKey(here, "[[%s]] cannot be given several times; write [%[1]s]", here.path)
		return here, false
	case kind == reflect.Slice && here.t.Elem().Kind() == reflect.Struct:
		r.failKey(here, "there may be several; write [[%s]]", here.path)
		return here, false
	case kind != reflect.Struct && kind != reflect.Map:
		r.failKey(here, "is a key, not a section; write it as %s = …", here.way[len(here.way)-1])
		return here, false
	}
	return here, true
}

// keyValue checks key = value, with a dotted key too.
func (r *strictReader) keyValue(here spot, kv *unstable.Node) {
	for key := kv.Key(); key.Next(); {
		var known bool
		if here, known = r.enter(here, key.Node(), !key.IsLast() || kv.Value().Kind == unstable.InlineTable); !known {
			return
		}
	}
	r.value(here, kv.Value())
}

// enter goes from here to what key names; section says that it is written as one.
func (r *strictReader) enter(here spot, key *unstable.Node, section bool) (spot, bool) {
	name := string(key.Data)
	switch here.t.Kind() {
	case reflect.Interface:
		return here.key(name, here.t), true
	case reflect.Map:
		there := here.key(name, here.t.Elem())
		r.noteKey(there, key)
		if fault := nameFault(name); fault != "" {
			r.failKey(there, "%s", fault)
			return there, false
		}
		return there, true
	case reflect.Struct:
		return r.enterStruct(here, name, key, section)
	}
	r.noteKey(here.key(name, here.t), key)
	r.failKey(here.key(name, here.t), "%s has no keys inside; it is %s", here.path, wanted(here.t))
	return here, false
}

func (r *strictReader) enterStruct(here spot, name string, key *unstable.Node, section bool) (spot, bool) {
	there := here.key(name, here.t)
	r.noteKey(there, key)
	for i := range here.t.NumField() {
		f := here.t.Field(i)
		if f.Tag.Get("toml") != name {
			continue
		}
		there.t = shape(f.Type)
		if later := f.Tag.Get("later"); later != "" {
			r.failKey(there, "%s", later)
			return there, false
		}
		return there, true
	}
	if named, ok := namedSections(here.t); ok && section {
		there.t = named.Elem()
		if fault := labelFault(name); fault != "" {
			r.failKey(there, "%s", fault)
			return there, false
		}
		return there, true
	}
	what := "unknown key"
	if here.path == "" {
		what = "unknown section"
	}
	r.failKey(there, "%s", what)
	r.errors[len(r.errors)-1].Nearest = r.nearestKey(here.t, name)
	return there, false
}

// namedSections is the type of the sections with names of their own in a section that has keys, too; see staticSection.
func namedSections(t reflect.Type) (reflect.Type, bool) {
	for i := range t.NumField() {
		if f := t.Field(i); f.Tag.Get("toml") == anyName {
			return f.Type, true
		}
	}
	return nil, false
}

// anyName is the tag of a field that holds sections by their names.
const anyName = "*"

// noteKey remembers where there stands.
func (r *strictReader) noteKey(there spot, node *unstable.Node) {
	line, column := r.position(int(node.Raw.Offset))
	r.note(there.path, place{file: r.file, line: line, column: column})
}

// failKey adds an error about there, and takes it out of what is read.
func (r *strictReader) failKey(there spot, format string, args ...any) {
	r.fail(there.path, format, args...)
	r.wrong = append(r.wrong, there.way)
}

// position turns an offset into line and column, both from 1.
func (r *strictReader) position(offset int) (line, column int) {
	line = sort.SearchInts(r.lines, offset+1)
	return line, offset - r.lines[line-1] + 1
}
