package config_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cidrx/agent/config"
)

func TestDiff(t *testing.T) {
	const base = `
[source.a]
paths = ["/a"]
timezone = "UTC"
[source.b]
paths = ["/b"]
[live.x]
clusterArgSets = [[10, 32, 32, 0.0]]
[live.y]
clusterArgSets = [[10, 32, 32, 0.0]]
`
	dir := write(t, map[string]string{"deny.txt": "192.0.2.1\n"})
	deny := base + fmt.Sprintf("[deny]\nfiles = [%q]\n", dir+"/deny.txt")
	before := parse(t, deny)
	if err := os.WriteFile(dir+"/deny.txt", []byte("192.0.2.2\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	replace := func(old, new string) string { return strings.Replace(base, old, new, 1) }
	for _, tt := range []struct {
		name     string
		old, new *config.Config
		want     []string
	}{
		{"nothing", parse(t, base), parse(t, base), nil},
		{"the contents of a file", before, parse(t, deny), []string{"deny"}},
		{"a zone", parse(t, base), parse(t, replace("UTC", "Europe/Berlin")), []string{"source.a"}},
		{"no zone", parse(t, base), parse(t, replace(`timezone = "UTC"`, "")), []string{"source.a"}},
		{"a tier", parse(t, base), parse(t, replace("10, 32", "11, 32")), []string{"live.x"}},
		{"a source less", parse(t, base), parse(t, replace("[source.b]\npaths = [\"/b\"]", "")), []string{"source.b"}},
		{"a strategy more", parse(t, base), parse(t, base+"[live.z]\nclusterArgSets = [[10, 32, 32, 0.0]]"), []string{"live.z"}},
		{"all the rest", parse(t, base), parse(t, base+"[agent]\nmode='enforce'\n[log]\nlevel='warn'\n[allow]\nnetworks=['192.0.2.1']\n[firewall]\nports=[80]\n[jail]\nmaxBans=5"),
			[]string{"agent", "log", "allow", "firewall", "jail"}},
	} {
		if diff := cmp.Diff(tt.want, config.Diff(tt.old, tt.new)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}
