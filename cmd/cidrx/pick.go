package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"cidrx/agent/config"
	"cidrx/detect/parse"
)

// sourceOf is the source as which a log is read: the one named, else the one whose paths it matches, else the one whose format it has.
func sourceOf(cfg *config.Config, l *oldLog, f replayFlags) (config.Source, error) {
	src, err := pickSource(cfg, l, f.source)
	if err != nil || f.format == "" {
		return src, err
	}
	src.Format = f.format
	if err := checkFormat(f.format); err != nil {
		return src, usageError{err}
	}
	return src, nil
}

func pickSource(cfg *config.Config, l *oldLog, name string) (config.Source, error) {
	if name != "" {
		return namedSource(cfg.Sources, name)
	}
	candidates := cfg.Sources
	if len(candidates) > 1 {
		candidates = likely(cfg.Sources, l)
	}
	switch len(candidates) {
	case 1:
		return candidates[0], nil
	case 0:
		return config.Source{}, fmt.Errorf("%s: no source of the configuration has this path or reads these lines%s; name one: --source %s", l.name, looksLike(l.firstLines()), alternatives(cfg.Sources))
	}
	return config.Source{}, fmt.Errorf("%s: several sources read such lines; name one: --source %s", l.name, alternatives(candidates))
}

func namedSource(sources []config.Source, name string) (config.Source, error) {
	i := slices.IndexFunc(sources, func(s config.Source) bool { return s.Name == name })
	if i < 0 && len(sources) == 0 {
		return config.Source{}, usageError{errors.New("--source: the configuration has no [source.NAME] section")}
	}
	if i < 0 {
		return config.Source{}, usageError{fmt.Errorf("--source %s: the configuration has no such source, but %s", name, alternatives(sources))}
	}
	return sources[i], nil
}

// likely are the sources that a log may belong to: those whose paths it matches, or, if there are none, those that read most of its
// first lines.
func likely(sources []config.Source, l *oldLog) []config.Source {
	byPath := slices.DeleteFunc(slices.Clone(sources), func(s config.Source) bool { return !matchesPath(s, l.name) })
	if len(byPath) > 0 {
		return byPath
	}
	lines, best := l.firstLines(), 0
	var out []config.Source
	for _, s := range sources {
		n := readable(s, lines)
		if n > best {
			out, best = nil, n
		}
		if n == best && n > 0 {
			out = append(out, s)
		}
	}
	return out
}

// readable is how many of the lines the source's format reads.
func readable(s config.Source, lines [][]byte) int {
	parser, err := parse.New(s.Format, parse.Options{Fields: s.Fields})
	if err != nil {
		return 0
	}
	n := 0
	var arena parse.Arena
	for _, line := range lines {
		var ev parse.Event
		arena.Reset()
		if parser.Parse(line, &ev, &arena) == nil {
			n++
		}
	}
	return n
}

// matchesPath says that a log is one of the source's, or a rotated one beside it.
func matchesPath(s config.Source, path string) bool {
	abs, err := filepath.Abs(path)
	if err != nil {
		return false
	}
	for _, pattern := range s.Paths {
		for _, p := range []string{pattern, pattern + ".*", pattern + "-*"} {
			if ok, _ := filepath.Match(p, abs); ok {
				return true
			}
		}
	}
	return false
}

func alternatives(sources []config.Source) string {
	names := make([]string, len(sources))
	for i, s := range sources {
		names[i] = s.Name
	}
	return strings.Join(names, " or ")
}

// looksLike names the preset that reads the lines, in words to put behind others; nothing if there is none.
func looksLike(lines [][]byte) string {
	if format, ok := parse.Detect(lines); ok {
		return ", which look like " + format
	}
	return ""
}
