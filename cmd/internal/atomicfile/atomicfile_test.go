package atomicfile_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cidrx/cmd/internal/atomicfile"
)

func text(s string) func(io.Writer) error {
	return func(w io.Writer) error { _, err := io.WriteString(w, s); return err }
}

func content(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// names are what is in a directory.
func names(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return strings.Join(out, " ")
}

func TestReplace(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "page.html")
	if err := atomicfile.Replace(path, text("one")); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o644 {
		t.Errorf("a new file: %v, %v; want mode 0644", info.Mode(), err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := atomicfile.Replace(path, text("two")); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); content(t, path) != "two" || err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("replaced: %q, %v, %v", content(t, path), info.Mode(), err)
	}
}

// TestFailureLeavesTheOldFile and nothing besides.
func TestFailureLeavesTheOldFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "page.html")
	if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	broken := errors.New("broken")
	err := atomicfile.Replace(path, func(w io.Writer) error { return errors.Join(text("half")(w), broken) })
	if !errors.Is(err, broken) || !strings.Contains(err.Error(), path) {
		t.Errorf("error %v does not name the file and the cause", err)
	}
	if content(t, path) != "old" || names(t, dir) != "page.html" {
		t.Errorf("%q is left, among %s", content(t, path), names(t, dir))
	}
}

// TestFullDisk stands for every failure of the system: the file and the next step are named.
func TestFullDisk(t *testing.T) {
	err := atomicfile.Replace("/dev/full", text("x"))
	if err == nil || !strings.Contains(err.Error(), "/dev/full: cannot be written: ") || !strings.Contains(err.Error(), "df -h /dev") {
		t.Errorf("%v", err)
	}
}

func TestCheck(t *testing.T) {
	dir := t.TempDir()
	old := filepath.Join(dir, "old.html")
	if err := os.WriteFile(old, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(dir, "link.html")
	if err := os.Symlink(filepath.Join(dir, "nowhere", "x.html"), link); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		filepath.Join(dir, "new.html"): "",
		old:                            "",
		"/dev/stdout":                  "",
		dir:                            "is a directory; name a file",
		filepath.Join(dir, "no", "x"):  "its directory does not exist; mkdir -p " + filepath.Join(dir, "no"),
	} {
		err := atomicfile.Check(path)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("Check(%q) = %v, want %q", path, err, want)
		}
	}
	if content(t, old) != "old" || names(t, dir) != "link.html old.html" {
		t.Errorf("Check left %q among %s", content(t, old), names(t, dir))
	}
}
