package config

import (
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// sources builds all [source.NAME] sections, in order of name.
func (b *builder) sources() []Source {
	var out []Source
	for _, name := range names(b.doc.Source) {
		out = append(out, b.source(name, b.doc.Source[name]))
	}
	return out
}

func (b *builder) source(name string, s sourceSection) Source {
	path := "source." + name
	b.paths(path, s.Paths)
	b.format(path, s)
	if len(s.Fields) == 0 {
		s.Fields = nil // the usual names
	}
	return Source{
		Name:           name,
		Paths:          s.Paths,
		Format:         s.Format,
		Fields:         s.Fields,
		Timezone:       b.timezone(path+".timezone", s.Timezone),
		StartAt:        b.choice(path+".startAt", s.StartAt, "end", "window"),
		TrustedProxies: b.prefixes(path+".trustedProxies", s.TrustedProxies, nil),
		Forwarded:      s.Forwarded,
		Trust:          s.Trust,
	}
}

// paths checks the paths of a source: globs from the root, or standard input alone.
func (b *builder) paths(section string, list []string) {
	path := section + ".paths"
	if len(list) == 0 && b.sound(section) {
		b.fail(path, `is missing or empty; name the log files, such as ["/var/log/nginx/access.log"]`)
	}
	for i, glob := range list {
		switch _, err := filepath.Match(glob, ""); {
		case glob == "-" && len(list) == 1:
		case glob == "-":
			b.fail(element(path, i), `"-" (standard input) must stand alone`)
		case err != nil:
			b.fail(element(path, i), "%q is not a pattern for files: a bracket is not closed", glob)
		default:
			b.absolute(element(path, i), glob)
		}
	}
}

// format checks format and field map. What formats there are the caller knows.
func (b *builder) format(section string, s sourceSection) {
	if s.Format == "" {
		b.fail(section+".format", `is empty; name a format such as "combined", or write "auto"`)
	} else if b.in.CheckFormat != nil {
		if err := b.in.CheckFormat(s.Format); err != nil {
			b.fail(section+".format", "%v", err)
		}
	}
	if len(s.Fields) > 0 && s.Format != "nginx-json" {
		b.fail(section+".fields", `goes with format = "nginx-json" only, not with %q`, s.Format)
	}
	for _, field := range names(s.Fields) {
		if s.Fields[field] == "" {
			b.fail(section+".fields."+field, "is empty; name the JSON key that holds it")
		}
	}
	if len(s.Fields) > 0 && b.in.CheckFields != nil && b.sound(section) {
		if err := b.in.CheckFields(s.Fields); err != nil {
			b.fail(section+".fields", "%v", err)
		}
	}
}

// timezone loads a zone; none stands for the host's.
func (b *builder) timezone(path, name string) *time.Location {
	if name == "" {
		return nil
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		b.fail(path, `%q is not a time zone known here; write a name such as "Europe/Berlin" or "UTC"`, name)
	}
	return zone
}

// checkSources checks the names of sources that a strategy looks at.
func (b *builder) checkSources(path string, list []string) {
	for i, name := range list {
		if _, known := b.doc.Source[name]; known || !b.sound("source") {
			continue
		}
		b.fail(element(path, i), "there is no [source.%s]; there is %s", name, orNone(names(b.doc.Source)))
		b.errors[len(b.errors)-1].Nearest = nearest(names(b.doc.Source), name)
	}
}

// orNone lists words, or says that there are none.
func orNone(words []string) string {
	if len(words) == 0 {
		return "none at all"
	}
	return strings.Join(slices.Sorted(slices.Values(words)), ", ")
}
