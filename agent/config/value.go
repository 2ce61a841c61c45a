package config

import (
	"reflect"
	"slices"
	"strings"
	"unicode"

	"github.com/pelletier/go-toml/v2/unstable"
)

// value checks that node is what is wanted at here.
func (r *strictReader) value(here spot, node *unstable.Node) {
	if here.t.Kind() == reflect.Pointer {
		here.t = here.t.Elem()
	}
	if here.t == reflect.TypeFor[texts]() {
		here.t = reflect.TypeFor[string]()
		if node.Kind == unstable.Array {
			here.t = reflect.TypeFor[[]string]()
		}
	}
	switch here.t.Kind() {
	case reflect.Interface:
		if here.t == reflect.TypeFor[moment]() && !fits(here.t, node) {
			r.failKey(here, "%s, but must be %s", found(node), wanted(here.t))
		}
	case reflect.Struct, reflect.Map:
		r.inlineTable(here, node)
	case reflect.Slice:
		r.list(here, node)
	default:
		if !fits(here.t, node) {
			r.failKey(here, "%s, but must be %s", found(node), wanted(here.t))
		}
	}
}

// inlineTable checks { key = value, … }.
func (r *strictReader) inlineTable(here spot, node *unstable.Node) {
	if node.Kind != unstable.InlineTable {
		r.failKey(here, "%s, but must be %s", found(node), wanted(here.t))
		return
	}
	for child := node.Children(); child.Next(); {
		r.keyValue(here, child.Node())
	}
}

// list checks [ value, … ].
func (r *strictReader) list(here spot, node *unstable.Node) {
	if node.Kind != unstable.Array {
		r.failKey(here, "%s, but must be %s", found(node), wanted(here.t))
		return
	}
	i := 0
	for child := node.Children(); child.Next(); i++ {
		there := here.index(i)
		if child.Node().Raw.Length > 0 {
			r.noteKey(there, child.Node())
		}
		before := len(r.wrong)
		r.value(there, child.Node())
		if len(r.wrong) > before && child.Node().Kind != unstable.InlineTable {
			return // one is enough to show what is wrong with all of them
		}
	}
}

// fits reports whether a simple value can be one of type t. A whole number will do for a number; nan and inf never do.
func fits(t reflect.Type, node *unstable.Node) bool {
	switch t.Kind() {
	case reflect.Interface:
		return slices.Contains([]unstable.Kind{unstable.String, unstable.LocalDate, unstable.LocalDateTime, unstable.DateTime}, node.Kind)
	case reflect.String:
		return node.Kind == unstable.String
	case reflect.Bool:
		return node.Kind == unstable.Bool
	case reflect.Int64:
		return node.Kind == unstable.Integer
	case reflect.Float64:
		return node.Kind == unstable.Integer || node.Kind == unstable.Float && !isNotFinite(node)
	}
	return false
}

// isNotFinite reports whether node is nan or inf, with a sign or without.
func isNotFinite(node *unstable.Node) bool {
	return strings.ContainsAny(string(node.Data), "nf")
}

// wanted says what a value of type t looks like.
func wanted(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Pointer:
		return wanted(t.Elem())
	case reflect.Bool:
		return "true or false"
	case reflect.Int64:
		return "a whole number"
	case reflect.Float64:
		return "a number"
	case reflect.Slice:
		return "a list in brackets"
	case reflect.Struct, reflect.Map:
		return "a section"
	case reflect.Interface:
		return `a time, such as "2026-05-01 14:00"`
	}
	if t == reflect.TypeFor[duration]() {
		return `a duration in quotes, such as "10m"`
	}
	return "text in quotes"
}

// found says what node is.
func found(node *unstable.Node) string {
	switch node.Kind {
	case unstable.String:
		return "is text"
	case unstable.Bool:
		return "is true or false"
	case unstable.Integer:
		return "is a whole number"
	case unstable.Float:
		if isNotFinite(node) {
			return "is " + string(node.Data)
		}
		return "is a number with a fraction"
	case unstable.Array:
		return "is a list"
	case unstable.InlineTable:
		return "is a section"
	}
	return "is a date or time"
}

// nameFault says what is wrong with the name of a section, such as NAME in [source.NAME]; nothing if it will do. Names turn up in
// metrics, commands and messages, and the layers of the configuration do not tell cases apart.
func nameFault(name string) string {
	const longest = 32
	letters := strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789_-")
	switch {
	case name == "" || len(name) > longest:
		return "a name has 1 to 32 characters"
	case letters != "" && letters != strings.ToLower(letters):
		return "names are in lower case"
	case letters != "" || name[0] < 'a' || name[0] > 'z':
		return "a name begins with a letter and has only a to z, 0 to 9, - and _"
	}
	return ""
}

// labelFault says what is wrong with the name of a [static.NAME] section; nothing if it will do. It is a label of the report that
// programs look for, so it may have what they have always looked for.
func labelFault(name string) string {
	const longest = 64
	if name == "" || len(name) > longest {
		return "a name has 1 to 64 bytes"
	}
	if strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return "a name has printable characters only"
	}
	return ""
}
