// Package packaging_test checks what the packages are made of, quickly. What they do on a system is tested by test.sh, which takes minutes.
package packaging_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// unit returns what the unit says, in order, for each key.
func unit(t *testing.T) map[string][]string {
	t.Helper()
	settings := map[string][]string{}
	for line := range strings.Lines(read(t, "systemd/cidrx.service")) {
		key, value, ok := strings.Cut(strings.TrimSpace(line), "=")
		if ok && !strings.HasPrefix(key, "#") {
			settings[key] = append(settings[key], strings.Fields(value)...)
		}
	}
	return settings
}

// TestUnit holds the unit to what the agent relies on and the documentation promises.
func TestUnit(t *testing.T) {
	got := unit(t)
	for key, want := range map[string][]string{
		"Type":                  {"notify"},
		"User":                  {"cidrx"},
		"SupplementaryGroups":   {"adm", "systemd-journal"},
		"AmbientCapabilities":   {"CAP_NET_ADMIN"},
		"CapabilityBoundingSet": {"CAP_NET_ADMIN"},
		"NoNewPrivileges":       {"yes"},
		"Restart":               {"always"},
		"StartLimitIntervalSec": {"0"},
		"LimitCORE":             {"0"},
		"OOMPolicy":             {"continue"},
		"StateDirectory":        {"cidrx"},
		"RuntimeDirectory":      {"cidrx"},
		"ProtectHome":           {"read-only"}, // there are logs below /home
	} {
		if diff := cmp.Diff(want, got[key]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", key, diff)
		}
	}
	// PrivateUsers and PrivateNetwork take the host's rule sets out of reach, the others what is looked up in /proc.
	for _, key := range []string{"PrivateUsers", "PrivateNetwork", "ProtectProc", "ProcSubset", "BindsTo", "PartOf", "Requires", "Requisite"} {
		if value, ok := got[key]; ok {
			t.Errorf("%s=%s: the agent cannot work, or stops with somebody else", key, value)
		}
	}
	// Crashes of Go programs look like wrong command lines (exit code 2), ends by SIGPIPE and SIGTERM like successes: none may be final.
	for _, key := range []string{"RestartPreventExitStatus", "SuccessExitStatus", "RestartSteps", "RestartMaxDelaySec", "StartLimitBurst"} {
		if value, ok := got[key]; ok {
			t.Errorf("%s=%s: there are ends after which the agent does not come back, or not soon", key, value)
		}
	}
	if !slices.Contains(got["After"], "nftables.service") || !slices.Contains(got["Before"], "network-pre.target") {
		t.Errorf("order: after %v, before %v", got["After"], got["Before"])
	}
}

// TestSourcesExist looks for what the packages take from the tree, and for how the configuration is marked.
func TestSourcesExist(t *testing.T) {
	text := read(t, "nfpm.yaml")
	for _, m := range regexp.MustCompile(`(?m)(?:src: "?|(?:pre|post)(?:install|remove): )([^",\s]+)`).FindAllStringSubmatch(text, -1) {
		if strings.HasPrefix(m[1], "${STAGE}") {
			continue
		}
		if _, err := os.Stat(filepath.Join("..", m[1])); err != nil {
			t.Error(err)
		}
	}
	if !regexp.MustCompile(`src: configs/cidrx.toml, dst: /etc/cidrx/cidrx.toml, type: config\|noreplace`).MatchString(text) {
		t.Error("the configuration is not marked as one that upgrades leave alone")
	}
}

func TestScriptsParse(t *testing.T) {
	scripts, err := filepath.Glob("scripts/*.sh")
	if err != nil || len(scripts) < 7 {
		t.Fatalf("scripts: %v, %v", scripts, err)
	}
	for _, script := range append(scripts, "build.sh") {
		if out, err := exec.Command("sh", "-n", script).CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", script, err, out)
		}
	}
}

// TestMaintainerScripts runs Debian's with arguments that change nothing, and with one that there is not.
func TestMaintainerScripts(t *testing.T) {
	for script, nothing := range map[string]string{"deb-prerm.sh": "upgrade", "deb-postrm.sh": "upgrade"} {
		if out, err := exec.Command("sh", "scripts/"+script, nothing).CombinedOutput(); err != nil || len(out) > 0 {
			t.Errorf("%s %s: %v\n%s", script, nothing, err, out)
		}
	}
	for _, script := range []string{"deb-postinst.sh", "deb-prerm.sh", "deb-postrm.sh"} {
		if out, err := exec.Command("sh", "scripts/"+script, "nonsense").CombinedOutput(); err == nil {
			t.Errorf("%s nonsense: no error\n%s", script, out)
		}
	}
}

// TestBuilderStaysOutside: what builds packages is no part of the program.
func TestBuilderStaysOutside(t *testing.T) {
	if strings.Contains(read(t, "../go.mod"), "nfpm") {
		t.Error("go.mod names nfpm; it is run at the version that build.sh names")
	}
	if !regexp.MustCompile(`(?m)^NFPM=github\.com/goreleaser/nfpm/v2/cmd/nfpm@v\d+\.\d+\.\d+$`).MatchString(read(t, "build.sh")) {
		t.Error("build.sh does not name one version of nfpm")
	}
}
