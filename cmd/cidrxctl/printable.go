package main

import (
	"reflect"

	view "cidrx/cmd/internal/term"
)

// Log lines, user agents and notes are written by whoever likes to. A terminal obeys escape sequences in them (ESC and the C1 controls),
// and bidirectional overrides make them look like something else, so nothing that does not print is ever printed.

// printable returns v with every string in it, however deep, safe to print. Lists are changed in place; the wire types have no maps.
func printable[T any](v T) T {
	out := reflect.New(reflect.TypeFor[T]()).Elem()
	out.Set(reflect.ValueOf(&v).Elem())
	clean(out)
	return out.Interface().(T)
}

func clean(v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(printableText(v.String()))
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() { // addresses and times have no exported fields, and print as themselves
				clean(v.Field(i))
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			clean(v.Index(i))
		}
	case reflect.Pointer:
		if !v.IsNil() {
			clean(v.Elem())
		}
	}
}

// printableText writes what does not print as an escape, as Go does: \x1b, \n, \u202e. What is not UTF-8 is written byte by byte.
func printableText(s string) string { return view.Printable(s) }

// printableJSON does the same to a JSON document, whose meaning stays.
func printableJSON(doc []byte) []byte { return view.AppendPrintableJSON(nil, doc) }
