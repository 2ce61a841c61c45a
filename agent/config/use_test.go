package config_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cidrx/agent/config"
)

// TestOverwritten names one file twice in all the ways in which that can be done.
func TestOverwritten(t *testing.T) {
	dir := write(t, map[string]string{"log": "x", "other": "x", "d/log": "x"})
	t.Chdir(dir)
	for from, to := range map[string]string{"soft": "log", "dangling": "new", "loop": "loop", "dirlink": "d", "hop": "dangling"} {
		if err := os.Symlink(to, from); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Link("log", "hard"); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, read, written string
		glob, want          bool
	}{
		{"itself", "log", "log", false, true},
		{"with detours", "log", "./d/../log", false, true},
		{"from the root", "log", filepath.Join(dir, "log"), false, true},
		{"a link to it", "log", "soft", false, true},
		{"what it links to", "soft", "log", false, true},
		{"a second name", "log", "hard", false, true},
		{"through a linked directory", "d/log", "dirlink/log", false, true},
		{"neither is there", "new", "./new", false, true},
		{"a link to what is not there", "new", "dangling", false, true},
		{"a link to that link", "hop", "new", false, true},
		{"not there, in a linked directory", "dirlink/new", "d/new", false, true},
		{"not there, nor its directory", "none/new", "none/./new", false, true},
		{"another", "log", "other", false, false},
		{"of the same name", "log", "d/log", false, false},
		{"a link to itself", "log", "loop", false, false},
		{"nothing is written", "log", "", false, false},
		{"nothing is read", "", "log", false, false},
		{"a device", "/dev/null", "/dev/null", false, false},
		{"a glob", "*g", "log", true, true},
		{"a glob, through a link", "l*", "soft", true, true},
		{"a glob that matches once it is there", "n*", "new", true, true},
		{"a glob in a directory through a link", "dirlink/*", "dirlink/new", true, true},
		{"another glob", "d/*", "log", true, false},
		{"a bad glob", "[", "log", true, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := config.Overwritten([]config.Use{{Key: "--in", Path: tt.read, Glob: tt.glob}, {Key: "--out", Path: tt.written, Writes: true}})
			if (err != nil) != tt.want {
				t.Errorf("%v, want an error: %v", err, tt.want)
			}
		})
	}
}

// TestOverwrittenStreams: a stream is the file that it leads to, and not written twice by whoever asks for it by its name.
func TestOverwrittenStreams(t *testing.T) {
	dir := write(t, map[string]string{"log": "x"})
	path := filepath.Join(dir, "log")
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	input, output := config.Use{Key: "--logfile", Path: "-", Info: info}, config.Use{Key: "standard output", Info: info, Writes: true}
	page := config.Use{Key: "--report", Path: path, Writes: true}
	for _, tt := range []struct {
		name string
		uses []config.Use
		want string
	}{
		{"written over standard input", []config.Use{input, page}, "flags: --report: PATH is the same file as --logfile -, and would be written over it; name another file"},
		{"from a file into itself", []config.Use{input, output}, "flags: standard output: is the same file as --logfile -, and would be written into it; name another file"},
		{"a page and standard output", []config.Use{page, output}, "flags: standard output: is the same file as --report PATH, and one of the two would be lost; name another file"},
		{"a page into standard output", []config.Use{{Key: "--report", Path: "/dev/stdout", Writes: true}, output}, ""},
		{"three times", []config.Use{page, page, page}, "flags: --report: PATH is the same file as --report PATH, and one of the two would be lost; name another file\n" +
			"flags: --report: PATH is the same file as --report PATH, and one of the two would be lost; name another file"},
	} {
		got := ""
		if err := config.Overwritten(tt.uses); err != nil {
			got = strings.ReplaceAll(err.Error(), path, "PATH")
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

// TestOverwrittenUnprintable: a name that holds escape sequences is quoted.
func TestOverwrittenUnprintable(t *testing.T) {
	err := config.Overwritten([]config.Use{{Key: "--in", Path: "a\x1b[2J"}, {Key: "--out", Path: "./a\x1b[2J", Writes: true}})
	want := `flags: --out: "./a\x1b[2J" is the same file as --in "a\x1b[2J", and would be written over it; name another file`
	if fmt.Sprint(err) != want {
		t.Errorf("%v, want %s", err, want)
	}
}

// TestStaticOverwritten takes each file that a configuration of 'cidrx static' writes, and gives it the name of each other.
func TestStaticOverwritten(t *testing.T) {
	keys := []string{"logFile", "files", "whitelist", "blacklist", "userAgentWhitelist", "userAgentBlacklist", "jailFile", "banFile", "plotPath"}
	written := 6 // from here on
	for i := written; i < len(keys); i++ {
		for j := range i {
			t.Run(keys[i]+" "+keys[j], func(t *testing.T) {
				dir := write(t, map[string]string{"file": ""})
				named := map[string]string{keys[i]: filepath.Join(dir, "file"), keys[j]: filepath.Join(dir, ".", "file")}
				checkOverwritten(t, staticWith(t, dir, named), keys[i], keys[j])
			})
		}
		t.Run(keys[i]+" the configuration", func(t *testing.T) {
			dir := write(t, nil)
			file := staticWith(t, dir, map[string]string{keys[i]: filepath.Join(dir, "a.toml")})
			checkOverwritten(t, file, keys[i], "the configuration")
		})
	}
}

// staticWith writes a configuration in which keys have the values given; others name files of their own.
func staticWith(t *testing.T, dir string, named map[string]string) string {
	t.Helper()
	text := `
[global]
whitelist = "DIR/whitelist"
blacklist = "DIR/blacklist"
userAgentWhitelist = "DIR/userAgentWhitelist"
userAgentBlacklist = "DIR/userAgentBlacklist"
jailFile = "DIR/jailFile"
banFile = "DIR/banFile"
[allow]
files = ["DIR/files"]
[static]
logFile = ["DIR/first", "DIR/logFile"]
plotPath = "DIR/plotPath"
[static.a]
clusterArgSets = [[1, 32, 32, 0.5]]
`
	for key, path := range named {
		text = strings.ReplaceAll(text, `"DIR/`+key+`"`, `"`+path+`"`)
	}
	file := filepath.Join(dir, "a.toml")
	for _, list := range []string{"whitelist", "blacklist", "userAgentWhitelist", "userAgentBlacklist", "files"} {
		if err := os.WriteFile(filepath.Join(dir, list), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(file, []byte(strings.ReplaceAll(text, "DIR", dir)), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// checkOverwritten makes sure that there is one error, about key, with its line, that names the other.
func checkOverwritten(t *testing.T, file, key, other string) {
	t.Helper()
	_, _, err := config.LoadStatic(config.Inputs{File: file}, nil)
	var list config.Errors
	if !errors.As(err, &list) || len(list) != 1 {
		t.Fatalf("%v; want one error", err)
	}
	e := list[0]
	if e.File != file || e.Line == 0 || !strings.Contains(e.Key, key) || !strings.Contains(e.Msg, other) || !strings.Contains(e.Msg, "is the same file as") {
		t.Errorf("%v; want %s and %s", e, key, other)
	}
}

// TestStaticUses: files that are all different, or read twice, are no error; a flag stands in the place of its key.
func TestStaticUses(t *testing.T) {
	dir := write(t, map[string]string{"list": ""})
	list := filepath.Join(dir, "list")
	file := staticWith(t, dir, map[string]string{"whitelist": list, "files": list, "blacklist": list})
	if _, _, err := config.LoadStatic(config.Inputs{File: file}, nil); err != nil {
		t.Error(err)
	}
	in := config.Inputs{File: file, Flags: map[string]any{"static.plotPath": list}}
	_, _, err := config.LoadStatic(in, nil)
	var errs config.Errors
	if !errors.As(err, &errs) || !errs.AboutFlags() || !strings.Contains(err.Error(), "--plotPath: "+list+" is the same file as ") {
		t.Errorf("%v", err)
	}
	in.Flags["static.plotPath"] = filepath.Join(dir, "b.log")
	_, _, err = config.LoadStatic(in, []string{filepath.Join(dir, "*.log")})
	want := "flags: --plotPath: DIR/b.log is one of the files of --logfile DIR/*.log, and would be written over it; name another file"
	if got := strings.ReplaceAll(fmt.Sprint(err), dir, "DIR"); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// TestAgentOverwritten: what the agent makes is none of the files that it reads, and none twice.
func TestAgentOverwritten(t *testing.T) {
	for _, tt := range []struct{ name, config, want string }{
		{"a log that is the state file", `
[agent]
stateDir = "DIR"
[source.web]
paths = ["DIR/access.log", "DIR/state.db"]`,
			"t.toml:3:1: agent.stateDir: DIR/state.db is the same file as source.web.paths[1] DIR/state.db (t.toml:5), and would be written over it; name another file"},
		{"logs among which the state file is", `
[agent]
stateDir = "DIR"
[source.web]
paths = ["DIR/*"]`,
			"t.toml:3:1: agent.stateDir: DIR/state.db is one of the files of source.web.paths[0] DIR/* (t.toml:5), and would be written over it; name another file\n" +
				"t.toml:3:1: agent.stateDir: DIR/state.db.new is one of the files of source.web.paths[0] DIR/* (t.toml:5), and would be written over it; name another file"},
		{"an allow list that is the lock of the socket", `
[agent]
socket = "DIR/list"
[allow]
files = ["DIR/list.lock"]`,
			"t.toml:3:1: agent.socket: DIR/list.lock is the same file as allow.files[0] DIR/list.lock (t.toml:5), and would be written over it; name another file"},
		{"a deny list that is a new state file", `
[agent]
stateDir = "DIR"
[deny]
files = ["DIR/state.db.new"]`,
			"t.toml:3:1: agent.stateDir: DIR/state.db.new is the same file as deny.files[0] DIR/state.db.new (t.toml:5), and would be written over it; name another file"},
		{"a socket for logs that is the agent's own", `
[agent]
socket = "DIR/s"
[source.web]
listen = "unixgram:DIR/../LAST/s"`,
			"t.toml:5:1: source.web.listen: DIR/../LAST/s is the same file as agent.socket DIR/s (t.toml:3), and one of the two would be lost; name another file"},
		{"all different", `
[agent]
stateDir = "DIR"
socket = "DIR/s"
[source.web]
paths = ["DIR/*.log"]
[allow]
files = ["DIR/list.lock"]`, "<nil>"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := write(t, map[string]string{"list.lock": "", "state.db.new": ""})
			text := strings.NewReplacer("DIR", dir, "LAST", filepath.Base(dir)).Replace(tt.config)
			_, _, err := config.Parse("t.toml", []byte(text), config.Inputs{})
			got := strings.NewReplacer(dir, "DIR", filepath.Base(dir), "LAST").Replace(fmt.Sprint(err))
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
