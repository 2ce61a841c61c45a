package config

import (
	"reflect"
	"slices"
	"time"

	"cidrx/detect"
)

// Diff names the sections that differ, those that only one of the two has included: "agent", "source.web", "allow", "live.botnet".
// Of a list it compares what its files held, too. The order is that of the reference, names sorted.
func Diff(old, new *Config) []string {
	var out []string
	add := func(name string, same bool) {
		if !same {
			out = append(out, name)
		}
	}
	add("agent", old.Agent == new.Agent)
	add("log", old.Log == new.Log)
	out = append(out, diffNamed("source.", old.Sources, new.Sources, func(s Source) string { return s.Name }, sameSource)...)
	add("allow", reflect.DeepEqual(old.Allow, new.Allow))
	add("deny", reflect.DeepEqual(old.Deny, new.Deny))
	add("firewall", reflect.DeepEqual(old.Firewall, new.Firewall))
	add("jail", reflect.DeepEqual(old.Jail, new.Jail))
	strategy := func(s detect.Strategy) string { return s.Name }
	return append(out, diffNamed("live.", old.Live, new.Live, strategy, func(a, b detect.Strategy) bool { return reflect.DeepEqual(a, b) })...)
}

// diffNamed names the sections of one kind that differ.
func diffNamed[S any](prefix string, old, new []S, name func(S) string, same func(a, b S) bool) []string {
	byName := func(list []S) map[string]S {
		m := make(map[string]S, len(list))
		for _, s := range list {
			m[name(s)] = s
		}
		return m
	}
	before, after := byName(old), byName(new)
	var out []string
	for _, n := range slices.Compact(slices.Sorted(slices.Values(append(names(before), names(after)...)))) {
		a, was := before[n]
		b, is := after[n]
		if was != is || !same(a, b) {
			out = append(out, prefix+n)
		}
	}
	return out
}

// sameSource compares sources, time zones by name: two loads of one zone are two values.
func sameSource(a, b Source) bool {
	if (a.Timezone == nil) != (b.Timezone == nil) || a.Timezone != nil && a.Timezone.String() != b.Timezone.String() {
		return false
	}
	a.Timezone, b.Timezone = time.UTC, time.UTC
	return reflect.DeepEqual(a, b)
}
