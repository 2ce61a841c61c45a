package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cidrx/agent/config"
	"cidrx/configs"
	"cidrx/detect/match"
)

// FuzzParse makes sure that no file, however broken, brings more than errors about it.
func FuzzParse(f *testing.F) {
	f.Add([]byte(configs.Installed()))
	f.Add([]byte(configs.Reference()))
	files, err := filepath.Glob("testdata/bad/*.toml")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, key := range []string{"files", "timezone"} { // no reading of files that the fuzzer thinks of
			if strings.Contains(string(data), key) {
				return
			}
		}
		cfg, _, err := config.Parse("fuzz.toml", data, config.Inputs{CheckFormat: checkFormat})
		var list config.Errors
		switch {
		case err == nil && cfg == nil, err != nil && cfg != nil:
			t.Fatalf("%v and %v", cfg, err)
		case err != nil && (!errors.As(err, &list) || slices.Contains(list, nil)):
			t.Fatalf("not a list: %v", err)
		case err == nil:
			for _, s := range cfg.Live {
				if _, err := match.New(s.Filter); err != nil || len(s.Tiers) == 0 {
					t.Fatalf("%+v: %v", s, err)
				}
			}
		}
	})
}
