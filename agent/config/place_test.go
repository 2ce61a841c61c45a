package config_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"cidrx/agent/config"
)

// TestPlaces has each kind of place that lines come from.
func TestPlaces(t *testing.T) {
	cfg, warnings, err := config.Parse("t.toml", []byte(`
[source.a]
journal = "ssh.service"
[source.b]
journal = ["sshd.service", "dropbear@22.service", "sshd.service"]
[source.c]
listen = "unixgram:/run/cidrx/log.sock"
[source.d]
listen = "udp:[::1]:5514"
[source.e]
paths = ["/a", "/b"]
[source.f]
listen = "udp:[::1]:5514"
[source.g]
journal = ["sshd.service", "ssh.service"]
paths = ["/var/log/auth.log", "/var/log/secure"]
[live.x]
statuses = ["404"]
clusterArgSets = [[20, 32, 32, 0.0]]
`), config.Inputs{})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range cfg.Sources {
		got = append(got, s.Where())
	}
	want := []string{
		"journal of ssh.service", "journal of dropbear@22.service, sshd.service", "unixgram:/run/cidrx/log.sock", "udp:[::1]:5514", "/a, /b", "udp:[::1]:5514",
		"journal of ssh.service, sshd.service, else /var/log/auth.log, /var/log/secure",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if len(warnings) != 1 || warnings[0].Key != "source.f.listen" {
		t.Errorf("warnings %v, want one that two sources listen at one place", warnings)
	}
}
