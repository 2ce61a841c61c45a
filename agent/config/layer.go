package config

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/go-viper/mapstructure/v2"
	"github.com/spf13/viper"
)

// layer puts the layers on top of one another, the last one uppermost, the flags on top of all, and decodes what is to be seen from
// above. Sections are merged key by key; lists, tiers too, are replaced as a whole.
func layer(layers []map[string]any, flags map[string]any) (*document, error) {
	v := viper.New()
	for _, l := range layers {
		if err := v.MergeConfigMap(l); err != nil {
			return nil, err
		}
	}
	for key, value := range flags {
		v.Set(key, value)
	}
	doc := defaults()
	if err := decode(v.AllSettings(), &doc); err != nil {
		return nil, err
	}
	return &doc, nil
}

// decode writes values over what into holds. The files have been held to the types already; an error here is one of the flags.
func decode(values any, into any) error {
	d, err := mapstructure.NewDecoder(&mapstructure.DecoderConfig{
		Result: into, TagName: "toml", ErrorUnused: true, ZeroFields: true, DecodeHook: startFromDefaults,
	})
	if err != nil {
		return err
	}
	if err := d.Decode(values); err != nil {
		return fmt.Errorf("the layers do not fit together: %w", err)
	}
	return nil
}

// startFromDefaults gives each named section, and each tier, its defaults before what the layers say is written over them.
func startFromDefaults(from, to reflect.Value) (any, error) {
	if from.Kind() == reflect.Map && to.CanAddr() {
		switch into := to.Addr().Interface().(type) {
		case *sourceSection:
			*into = defaultSource()
		case *liveSection:
			*into = defaultLive()
		case *analysisSection:
			*into = defaultAnalysis()
		case *tierSection:
			*into = defaultTier()
		}
	}
	return from.Interface(), nil
}

// declareEmpty adds the sections that have a header and nothing else: the layers lose them.
func declareEmpty(p *problems, doc *document) {
	if doc.Source == nil {
		doc.Source = map[string]sourceSection{}
	}
	if doc.Live == nil {
		doc.Live = map[string]liveSection{}
	}
	for path := range p.where {
		kind, name, _ := strings.Cut(path, ".")
		if name == "" || strings.ContainsAny(name, ".[") || nameFault(name) != "" {
			continue
		}
		if _, known := doc.Source[name]; kind == "source" && !known {
			doc.Source[name] = defaultSource()
		}
		if _, known := doc.Live[name]; kind == "live" && !known {
			doc.Live[name] = defaultLive()
		}
	}
}
