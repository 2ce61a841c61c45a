package config

import (
	"net/netip"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/pelletier/go-toml/v2"

	"cidrx/configs"
)

// flatten lists every value below v by its path, with the names of sections and the indexes of tiers left out.
func flatten(v any, path string, out map[string]any) map[string]any {
	switch v := v.(type) {
	case map[string]any:
		named := path == "source" || path == "live"
		for key, inner := range v {
			switch {
			case named:
				flatten(inner, path+".NAME", out)
			case key == "fields":
				out[path+"."+key] = inner
			default:
				flatten(inner, strings.TrimPrefix(path+"."+key, "."), out)
			}
		}
	case []any:
		if len(v) == 0 || reflect.TypeOf(v[0]).Kind() != reflect.Map {
			out[path] = v
			break
		}
		for _, inner := range v {
			flatten(inner, path, out)
		}
	default:
		out[path] = v
	}
	return out
}

// wantKeys lists every key of the code by its path, without those of later versions and other commands.
func wantKeys(t reflect.Type, path string, out map[string]bool) map[string]bool {
	switch kind := t.Kind(); {
	case kind == reflect.Struct:
		for i := range t.NumField() {
			f := t.Field(i)
			if f.Type.Kind() != reflect.Interface || f.Type == reflect.TypeFor[texts]() {
				wantKeys(f.Type, strings.TrimPrefix(path+"."+f.Tag.Get("toml"), "."), out)
			}
		}
	case kind == reflect.Map && t.Elem().Kind() == reflect.Struct:
		wantKeys(t.Elem(), path+".NAME", out)
	case kind == reflect.Slice && t.Elem().Kind() == reflect.Struct:
		wantKeys(t.Elem(), path, out)
	default:
		out[path] = true
	}
	return out
}

// TestReferenceIsComplete compares the keys of the reference with those of the code. minHosts has no default that could be written
// down, so it stands there behind a #.
func TestReferenceIsComplete(t *testing.T) {
	text := regexp.MustCompile(`(?m)^# (minHosts +=)`).ReplaceAllString(string(configs.Reference()), "$1")
	var doc map[string]any
	if err := toml.Unmarshal([]byte(text), &doc); err != nil {
		t.Fatal(err)
	}
	got := map[string]bool{}
	for path := range flatten(doc, "", map[string]any{}) {
		got[path] = true
	}
	if diff := cmp.Diff(wantKeys(reflect.TypeFor[document](), "", map[string]bool{}), got); diff != "" {
		t.Errorf("keys of the code (-) and of the reference (+):\n%s", diff)
	}
}

// TestReferenceHasTheDefaults takes every key out of the reference that has a default, and compares what is loaded.
func TestReferenceHasTheDefaults(t *testing.T) {
	needed := []string{"[", "paths ", "journal ", "listen ", "minSize ", "minDepth ", "maxDepth ", "threshold ", "clusterArgSets "}
	var short []string
	for line := range strings.Lines(string(configs.Reference())) {
		for _, start := range needed {
			if strings.HasPrefix(line, start) {
				short = append(short, line)
			}
		}
	}
	full, warnings, err := Parse("reference.toml", configs.Reference(), Inputs{})
	if err != nil || len(warnings) > 0 {
		t.Fatalf("the reference: %v, %v", err, warnings)
	}
	least, _, err := Parse("reference.toml", []byte(strings.Join(short, "")), Inputs{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(least, full, cmpopts.EquateComparable(netip.Prefix{}), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("defaults of the code (-) and of the reference (+):\n%s", diff)
	}
}
