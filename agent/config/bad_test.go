package config_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cidrx/agent/config"
)

var update = flag.Bool("update", false, "write the golden messages anew")

// checkFormat stands for the parsers' check.
func checkFormat(format string) error {
	for _, known := range []string{"auto", "combined", "nginx-json", "sshd"} {
		if format == known {
			return nil
		}
	}
	return fmt.Errorf("unknown format %q", format)
}

// TestBadFiles loads each file of testdata/bad and compares what is said about it, word by word.
func TestBadFiles(t *testing.T) {
	files, err := filepath.Glob("testdata/bad/*.toml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no files: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			cfg, _, err := config.Load(config.Inputs{File: file, CheckFormat: checkFormat})
			if err == nil || cfg != nil {
				t.Fatalf("Load = %v, %v; want an error", cfg, err)
			}
			var list config.Errors
			if !errors.As(err, &list) || len(list) > config.MaxErrors {
				t.Fatalf("a %T of %d errors", err, len(list))
			}
			checkGolden(t, strings.TrimSuffix(file, ".toml")+".golden", strings.ReplaceAll(err.Error(), "testdata/bad/", "")+"\n")
		})
	}
}

func checkGolden(t *testing.T, name, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}
