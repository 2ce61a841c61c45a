package control

import (
	"runtime"
	"runtime/debug"
)

// release is the version of a package, which the linker writes here (-X); empty in other builds.
var release string

// Build says what the running program was built from, as the go command recorded it.
func Build() Version {
	v := Version{Version: "unknown", Go: runtime.Version()}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return v
	}
	if info.Main.Version != "" {
		v.Version = info.Main.Version
	}
	if release != "" {
		v.Version = release
	}
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			v.Commit = s.Value
		case s.Key == "vcs.modified" && s.Value == "true":
			v.Commit += " with changes"
		}
	}
	return v
}
