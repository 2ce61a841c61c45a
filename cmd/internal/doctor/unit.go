package doctor

import (
	"path/filepath"
	"slices"
	"strings"
)

// unitDirs are where systemd looks for units, the later going before the earlier; see systemd.unit(5).
var unitDirs = []string{"/usr/lib/systemd/system", "/lib/systemd/system", "/run/systemd/system", "/etc/systemd/system"}

// unit returns the settings of a unit and its drop-ins: lists as they add up, others as set last. Sections are not told apart: no two of
// those we ask for share a key. Empty: there is no such unit.
func (x *examination) unit(name string) map[string]string {
	var files []string
	for _, dir := range slices.Backward(unitDirs) {
		if path := filepath.Join(dir, name); x.sys.exists(path) {
			files = append(files, path)
			break
		}
	}
	for _, dir := range unitDirs {
		files = append(files, x.sys.glob(filepath.Join(dir, name+".d", "*.conf"))...)
	}
	return x.settings(files, "SupplementaryGroups", "AmbientCapabilities", "CapabilityBoundingSet", "Environment", "ExecStart", "ExecReload")
}

// settings reads files of KEY=value lines, in their order. Of the keys in lists the values add up, and an empty one begins anew.
func (x *examination) settings(files []string, lists ...string) map[string]string {
	out := map[string]string{}
	for _, path := range files {
		text, err := x.sys.read(path)
		if err != nil {
			continue
		}
		for line := range strings.Lines(strings.ReplaceAll(text, "\\\n", " ")) {
			key, value, ok := strings.Cut(strings.TrimSpace(line), "=")
			if key, value = strings.TrimSpace(key), strings.TrimSpace(value); !ok || strings.HasPrefix(key, "#") || strings.HasPrefix(key, ";") {
				continue
			}
			if slices.Contains(lists, key) && value != "" && out[key] != "" {
				value = out[key] + " " + value
			}
			out[key] = value
		}
	}
	return out
}

// enabled says whether a unit is wanted by another.
func (x *examination) enabled(name string) bool {
	return len(x.sys.glob(filepath.Join("/etc/systemd/system", "*.wants", name))) > 0
}
