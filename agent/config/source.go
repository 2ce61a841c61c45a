package config

import (
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
	units := textList(s.Journal)
	b.onePlace(path, s, units)
	b.format(path, s)
	if len(s.Fields) == 0 {
		s.Fields = nil // the usual names
	}
	return Source{
		Name:           name,
		Paths:          s.Paths,
		Journal:        b.units(path+".journal", units),
		Listen:         b.syslogSocket(path, s),
		Format:         s.Format,
		Fields:         s.Fields,
		Timezone:       b.timezone(path+".timezone", s.Timezone),
		StartAt:        b.choice(path+".startAt", s.StartAt, "end", "window"),
		TrustedProxies: b.prefixes(path+".trustedProxies", s.TrustedProxies, nil),
		Forwarded:      s.Forwarded,
		Trust:          s.Trust,
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
