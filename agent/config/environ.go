package config

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

const envPrefix = "CIDRX_"

// setting is a key of an unnamed section: one that a variable or a flag can set.
type setting struct {
	path string // "agent.stateDir"
	t    reflect.Type
}

// variable is the name of the environment variable for s: CIDRX_AGENT_STATEDIR.
func (s setting) variable() string {
	return envPrefix + strings.ToUpper(strings.ReplaceAll(s.path, ".", "_"))
}

// settings returns every key of the unnamed sections.
func settings() []setting {
	var out []setting
	doc := reflect.TypeFor[document]()
	for i := range doc.NumField() {
		section := doc.Field(i)
		if section.Type.Kind() != reflect.Struct {
			continue
		}
		for j := range section.Type.NumField() {
			key := section.Type.Field(j)
			out = append(out, setting{section.Tag.Get("toml") + "." + key.Tag.Get("toml"), key.Type})
		}
	}
	return out
}

// readEnviron returns what the CIDRX_ variables say.
func readEnviron(p *problems, environ []string) map[string]any {
	const file = "environment"
	p.begin(file)
	all := settings()
	values := map[string]any{}
	for _, entry := range environ {
		name, text, _ := strings.Cut(entry, "=")
		if !strings.HasPrefix(name, envPrefix) {
			continue
		}
		i := slices.IndexFunc(all, func(s setting) bool { return s.variable() == name })
		if i < 0 {
			p.errors = append(p.errors, unknownVariable(all, name))
			continue
		}
		p.note(all[i].path, place{file: file, key: name})
		value, err := fromText(all[i].t, text)
		if err != nil {
			p.fail(all[i].path, "%v", err)
			continue
		}
		put(values, all[i].path, value)
	}
	return values
}

func unknownVariable(all []setting, name string) *Error {
	known := make([]string, len(all))
	for i, s := range all {
		known[i] = s.variable()
	}
	return &Error{File: "environment", Key: name, Msg: "no key goes by this variable", Nearest: nearest(known, name)}
}

// put sets the value at a path of two keys.
func put(values map[string]any, path string, value any) {
	section, key, _ := strings.Cut(path, ".")
	inner, ok := values[section].(map[string]any)
	if !ok {
		inner = map[string]any{}
		values[section] = inner
	}
	inner[key] = value
}

// fromText reads a value of type t; lists have commas in them.
func fromText(t reflect.Type, text string) (any, error) {
	switch t.Kind() {
	case reflect.Bool:
		if text != "true" && text != "false" {
			return nil, fmt.Errorf("%q must be true or false", text)
		}
		return text == "true", nil
	case reflect.Int64:
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("%q must be a whole number", text)
		}
		return n, nil
	case reflect.Slice:
		return listFromText(t.Elem(), text)
	}
	return text, nil
}

func listFromText(t reflect.Type, text string) (any, error) {
	list := []any{}
	if strings.TrimSpace(text) == "" {
		return list, nil
	}
	for part := range strings.SplitSeq(text, ",") {
		value, err := fromText(t, strings.TrimSpace(part))
		if err != nil {
			return nil, err
		}
		list = append(list, value)
	}
	return list, nil
}

// readFlags returns what the flags say, checked. A value in text is read as a variable's would be.
func readFlags(p *problems, flags map[string]any) map[string]any {
	const file = "flags"
	p.begin(file)
	all := settings()
	values := map[string]any{}
	for _, path := range names(flags) {
		i := slices.IndexFunc(all, func(s setting) bool { return s.path == path })
		if i < 0 {
			p.errors = append(p.errors, &Error{File: file, Key: path, Msg: "no such key"})
			continue
		}
		p.note(path, place{file: file})
		value, err := fromFlag(all[i].t, flags[path])
		if err != nil {
			p.fail(path, "%v", err)
			continue
		}
		values[path] = value
	}
	return values
}

// fromFlag turns a flag's value into one of type t.
func fromFlag(t reflect.Type, value any) (any, error) {
	if text, ok := value.(string); ok {
		return fromText(t, text)
	}
	v := reflect.ValueOf(value)
	if !v.IsValid() || !v.CanConvert(t) || v.Kind() == reflect.Float64 {
		return nil, fmt.Errorf("must be %s", wanted(t))
	}
	return v.Convert(t).Interface(), nil
}
