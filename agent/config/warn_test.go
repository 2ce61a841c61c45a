package config_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cidrx/agent/config"
)

func TestWarnings(t *testing.T) {
	const text = `
[agent]
mode = "enforce"
[firewall]
backend = "none"
[allow]
networks = ["0.0.0.0/0"]
[deny]
networks = ["192.0.2.0/24"]
[source.a]
paths = ["/x.log"]
[source.b]
paths = ["/x.log"]
[live.all]
clusterArgSets = [[1, 32, 32, 0.0]]
[live.expressions]
useragentRegex = "nikto|"
endpointRegex = ".*"
clusterArgSets = [[1, 32, 32, 0.0]]
[[live.tiers.tier]]
minSize = 10
minDepth = 8
maxDepth = 32
threshold = 0.1
sizeAlone = 5
[[live.tiers.tier]]
minSize = 10
minDepth = 28
maxDepth = 32
threshold = 0.1
minHosts = 300
`
	_, warnings, err := config.Parse("w.toml", []byte(text), config.Inputs{})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, w := range warnings {
		got = append(got, w.Error())
	}
	want := []string{
		`w.toml:5:1: firewall.backend: is "none", so the mode "enforce" bans nobody`,
		`w.toml:6:2: allow: 0.0.0.0/0 allows everybody, so nobody is ever banned`,
		`w.toml:9:1: deny.networks: 192.0.2.0/24 is inside 0.0.0.0/0 of allow.networks, which wins`,
		`w.toml:13:10: source.b.paths[0]: "/x.log" is read by [source.a] too, so each of its lines counts twice`,
		`w.toml:15:1: live.all.clusterArgSets[0]: without a filter, a single request is enough to be reported; raise minSize or threshold`,
		`w.toml:17:1: live.expressions.useragentRegex: every user agent matches this`,
		`w.toml:18:1: live.expressions.endpointRegex: every endpoint matches this`,
		`w.toml:20:14: live.tiers.tier[0]: sizeAlone is not above minSize, so the share is never looked at`,
		`w.toml:20:14: live.tiers.tier[0]: reports prefixes as wide as /8, but jail.maxPrefix4 lets none be banned that is wider than /16`,
		`w.toml:20:14: live.tiers.tier[0]: reports IPv6 prefixes as wide as /16, but jail.maxPrefix6 lets none be banned that is wider than /32`,
		`w.toml:26:14: live.tiers.tier[1]: not even the widest prefix has 300 hosts, so nothing is ever reported`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	_, warnings, err = config.Parse("empty.toml", nil, config.Inputs{})
	if err != nil || len(warnings) != 2 || !strings.Contains(warnings[0].Error(), "no sources") || !strings.Contains(warnings[1].Error(), "no strategies") {
		t.Errorf("nothing configured: %v, %v", warnings, err)
	}
}
