package main

import (
	"compress/gzip"
	"errors"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// storyDeadline is how long a story waits for what should come at once.
const storyDeadline = time.Minute

// TestStories runs the built commands as users do.
func TestStories(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(env *testscript.Env) error {
			env.Vars = append(env.Vars, "TZ=UTC", "CIDRX_SOCKET="+env.WorkDir+"/c.sock")
			env.Setenv("PATH", binaries+string(os.PathListSeparator)+env.Getenv("PATH"))
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits, "gzip": gzipped, "expand": expanded, "until": until, "same": same, "touched": touched, "repeated": repeated,
		},
		UpdateScripts:       os.Getenv("UPDATE_SCRIPTS") != "", // writes what cmp would complain about: read the difference
		RequireExplicitExec: true,
	})
}

// exits runs a command that ends with an exit code: exits 2 cidrx parse
func exits(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	var exit *exec.ExitError
	if err := ts.Exec(args[1], args[2:]...); errors.As(err, &exit) {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit code is %d, want %d", got, want)
	}
}

// gzipped compresses a file: gzip plain packed
func gzipped(ts *testscript.TestScript, _ bool, args []string) {
	f, err := os.Create(ts.MkAbs(args[1]))
	ts.Check(err)
	defer f.Close()
	z := gzip.NewWriter(f)
	_, err = z.Write([]byte(ts.ReadFile(args[0])))
	ts.Check(err)
	ts.Check(z.Close())
}

// expanded makes files of templates: $WORK becomes the directory, \xHH a byte: expand file...
func expanded(ts *testscript.TestScript, _ bool, args []string) {
	for _, file := range args {
		text := strings.ReplaceAll(ts.ReadFile(file), "$WORK", ts.Getenv("WORK"))
		for n := range 256 {
			text = strings.ReplaceAll(text, `<`+strconv.FormatInt(0x100+int64(n), 16)[1:]+`>`, string([]byte{byte(n)}))
		}
		ts.Check(os.WriteFile(ts.MkAbs(file), []byte(text), 0o644))
	}
}

// until waits until a command succeeds: until cidrxctl status
func until(ts *testscript.TestScript, _ bool, args []string) {
	for end := time.Now().Add(storyDeadline); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if ts.Exec(args[0], args[1:]...) == nil {
			return
		}
	}
	ts.Fatalf("%s never succeeds", strings.Join(args, " "))
}

// same runs a command twice and compares what it prints: same cidrx replay …
func same(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(ts.Exec(args[0], args[1:]...))
	first := ts.ReadFile("stdout")
	ts.Check(ts.Exec(args[0], args[1:]...))
	if second := ts.ReadFile("stdout"); first != second || first == "" {
		ts.Fatalf("first\n%s\nthen\n%s", first, second)
	}
}

// touched sets the time of a file, as of which stamps without a year have theirs: touched file 2026-05-02T00:00:00Z
func touched(ts *testscript.TestScript, _ bool, args []string) {
	at, err := time.Parse(time.RFC3339, args[1])
	ts.Check(err)
	ts.Check(os.Chtimes(ts.MkAbs(args[0]), at, at))
}

// repeated writes each line of a file as often as its first word says: repeated spec log
func repeated(ts *testscript.TestScript, _ bool, args []string) {
	var out strings.Builder
	for _, line := range strings.Split(strings.TrimSpace(ts.ReadFile(args[0])), "\n") {
		times, text, _ := strings.Cut(line, " ")
		n, err := strconv.Atoi(times)
		ts.Check(err)
		out.WriteString(strings.Repeat(text+"\n", n))
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(out.String()), 0o644))
}
