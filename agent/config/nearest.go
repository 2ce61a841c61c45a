package config

import (
	"maps"
	"reflect"
	"slices"
	"strings"
)

// keys returns the keys of a section of type t, without those of later versions.
func keys(t reflect.Type) []string {
	var out []string
	for i := range t.NumField() {
		if f := t.Field(i); f.Type != reflect.TypeFor[unavailable]() && f.Tag.Get("toml") != anyName {
			out = append(out, f.Tag.Get("toml"))
		}
	}
	return out
}

// allKeys returns the path of every key in t by its own name: "stages" -> "jail.stages".
func allKeys(t reflect.Type, path string, out map[string]string) map[string]string {
	for t.Kind() == reflect.Map || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return out
	}
	for i := range t.NumField() {
		key, inner := t.Field(i).Tag.Get("toml"), shape(t.Field(i).Type)
		if key == anyName {
			allKeys(inner, path+".NAME", out)
			continue
		}
		out[strings.ToLower(key)] = strings.TrimPrefix(path+"."+key, ".")
		below := path + "." + key
		if inner.Kind() == reflect.Map {
			below += ".NAME"
		}
		allKeys(inner, below, out)
	}
	return out
}

// nearestKey returns the key of section t that is likely meant by key, or the path of a key of that name elsewhere; or nothing.
func (r *strictReader) nearestKey(t reflect.Type, key string) string {
	if near := nearest(keys(t), key); near != "" {
		return near
	}
	return allKeys(r.root, "", map[string]string{})[strings.ToLower(key)]
}

// nearest returns the word that is the fewest edits away from text, not counting case; nothing if that is more than a third of it.
func nearest(words []string, text string) string {
	const longest = 64 // a longer text is no slip of the pen
	if len(text) > longest {
		return ""
	}
	best, least := "", max(1, len(text)/3)+1
	for _, w := range slices.Sorted(slices.Values(words)) {
		if d := editDistance(strings.ToLower(w), strings.ToLower(text)); d < least {
			best, least = w, d
		}
	}
	return best
}

// editDistance counts the insertions, deletions, replacements and swaps of neighbours between a and b (optimal string alignment).
func editDistance(a, b string) int {
	before, last := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range len(a) {
		row := make([]int, len(b)+1)
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			row[j+1] = min(last[j+1]+1, row[j]+1, last[j]+cost)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last = last, row
	}
	return last[len(b)]
}

// names returns the names of sections, sorted.
func names[V any](sections map[string]V) []string { return slices.Sorted(maps.Keys(sections)) }
