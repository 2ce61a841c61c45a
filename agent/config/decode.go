package config

import (
	"bytes"
	"errors"
	"reflect"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// decode has go-toml read the file, which finds bad syntax and keys given twice, and then holds it to the document strictly. It
// reports whether the file can be used.
func (r *strictReader) decode() bool {
	if err := toml.Unmarshal(r.data, &r.values); err != nil {
		r.failDecode(err)
		return false
	}
	d := toml.NewDecoder(bytes.NewReader(r.data)).DisallowUnknownFields()
	if err := d.Decode(reflect.New(r.root).Interface()); err != nil && len(r.wrong) == 0 {
		r.failDecode(err)
		return false
	}
	return true
}

// failDecode adds an error of go-toml.
func (r *strictReader) failDecode(err error) {
	out := &Error{File: r.file, Msg: strings.TrimPrefix(err.Error(), "toml: ")}
	if missing := new(toml.StrictMissingError); errors.As(err, &missing) && len(missing.Errors) > 0 {
		err = &missing.Errors[0]
	}
	if at := new(toml.DecodeError); errors.As(err, &at) {
		out.Line, out.Column = at.Position()
		out.Key = strings.Join(at.Key(), ".")
	}
	r.errors = append(r.errors, out)
}

// prune takes what way leads to out of v. Of a list nothing is taken but the whole.
func prune(v any, way []any) {
	for i, step := range way {
		switch at := v.(type) {
		case map[string]any:
			name, _ := step.(string)
			if next := i + 1; next == len(way) || !leadsOn(at[name]) {
				delete(at, name)
				return
			}
			v = at[name]
		case []any:
			n, ok := step.(int)
			if !ok || n >= len(at) {
				return
			}
			v = at[n]
		default:
			return
		}
	}
}

// leadsOn reports whether v is a table, or a list of tables.
func leadsOn(v any) bool {
	if list, ok := v.([]any); ok {
		for _, e := range list {
			if _, ok := e.(map[string]any); !ok {
				return false
			}
		}
		return len(list) > 0
	}
	_, ok := v.(map[string]any)
	return ok
}
