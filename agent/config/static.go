package config

import (
	"net/netip"
	"reflect"
	"slices"
	"time"

	"cidrx/detect/static"
)

// Static is what 'cidrx static' runs by. All of it has been checked.
type Static struct {
	Files       []string // configuration files read
	Logs        []string // paths and globs as written, "-" for standard input
	Format      string
	Timezone    *time.Location // of stamps and times without a zone; nil: the host's
	PlotPath    string         // empty: none
	JailFile    string
	BanFile     string
	Allow       []netip.Prefix // sorted, each once
	Deny        []netip.Prefix // sorted, each once
	AllowAgents []string
	DenyAgents  []string
	Jail        Jail             // [jail], or its defaults
	Sections    []static.Section // sorted by name
}

// MaxAnalyses is how many [static.NAME] sections there may be: each of them is counted on its own.
const MaxAnalyses = 64

// LoadStatic reads the file of 'cidrx static', and conf.d/*.toml beside it. The sections of the agent in it are left alone, but for
// [allow] and [jail]. logs, if there are any, go in place of static.logFile, and the flag static.plotPath in place of that key. The error is
// as Load's.
func LoadStatic(in Inputs, logs []string) (*Static, []Warning, error) {
	p := newProblems()
	files := readFiles(p, in.File)
	if err := p.err(); err != nil {
		return nil, nil, err
	}
	return readStatic(p, files, in, logs)
}

// ParseStatic is LoadStatic for a configuration in memory; name stands for the file in messages.
func ParseStatic(name string, data []byte, in Inputs, logs []string) (*Static, []Warning, error) {
	p := newProblems()
	p.begin(name)
	return readStatic(p, []file{{name, data}}, in, logs)
}

func readStatic(p *problems, files []file, in Inputs, logs []string) (*Static, []Warning, error) {
	layers, whole := readLayers(p, reflect.TypeFor[staticDocument](), files)
	if !whole {
		return nil, nil, p.err()
	}
	doc := staticDocument{Jail: defaults().Jail}
	part, err := staticOf(takeStatic(layers))
	if err == nil {
		err = decode(dropOthers(merge(layers)), &doc)
	}
	if err != nil {
		p.fail("", "%v", err)
		return nil, nil, p.err()
	}
	if len(logs) > 0 {
		part.LogFile = logs
		p.override("static.logFile", "--logfile", len(logs))
	}
	if plot, _ := in.Flags["static.plotPath"].(string); plot != "" {
		part.PlotPath = plot
		p.override("static.plotPath", "--plotPath", 0)
	}
	in.files = fileNames(files)
	out, warnings, err := buildStatic(p, doc, part, in)
	if err != nil {
		return nil, nil, err
	}
	out.Files = in.files
	return out, warnings, nil
}

// override notes that a flag stands in the place of a key, and of that many elements of its list.
func (p *problems) override(path, flag string, elements int) {
	at := place{file: flagFile, key: flag}
	p.note(path, at)
	for i := range elements {
		p.note(element(path, i), at)
	}
}

// takeStatic takes [static] out of the layers and puts the parts together. It does not go through viper, which would write the names
// of sections in lower case.
func takeStatic(layers []map[string]any) map[string]any {
	var parts []map[string]any
	for _, l := range layers {
		if part, ok := l["static"].(map[string]any); ok {
			parts = append(parts, part)
		}
		delete(l, "static")
	}
	return merge(parts)
}

// merge puts layers on top of one another, key by key; lists are replaced as a whole.
func merge(layers []map[string]any) map[string]any {
	out := map[string]any{}
	for _, l := range layers {
		for key, value := range l {
			below, ok1 := out[key].(map[string]any)
			above, ok2 := value.(map[string]any)
			if ok1 && ok2 {
				value = merge([]map[string]any{below, above})
			}
			out[key] = value
		}
	}
	return out
}

// dropOthers takes out of values what belongs to the agent.
func dropOthers(values map[string]any) map[string]any {
	for i, t := 0, reflect.TypeFor[staticDocument](); i < t.NumField(); i++ {
		if f := t.Field(i); f.Type == reflect.TypeFor[others]() {
			delete(values, f.Tag.Get("toml"))
		}
	}
	return values
}

// staticOf decodes [static]: what is no key is a section.
func staticOf(values map[string]any) (staticSection, error) {
	known := keys(reflect.TypeFor[staticSection]())
	plain, named := map[string]any{}, map[string]any{}
	for key, value := range values {
		if slices.Contains(known, key) {
			plain[key] = value
		} else {
			named[key] = value
		}
	}
	s := defaultStatic()
	if err := decode(plain, &s); err != nil {
		return s, err
	}
	return s, decode(named, &s.Named)
}
