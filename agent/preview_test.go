package agent_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cidrx/agent"
	"cidrx/agent/config"
	"cidrx/agent/control"
	"cidrx/firewall"
)

var (
	askPreview = control.ModeRequest{Mode: "enforce", Preview: true}
	observing  = strings.Replace(baseConfig, `"enforce"`, `"observe"`, 1)
)

// What a preview says is banned at once is what enforcing then bans, and nothing else.
func TestPreviewIsWhatEnforcingDoes(t *testing.T) {
	r := newRig(t, baseConfig+"[deny]\nnetworks = [\"203.0.113.0/24\"]\n").start()
	r.write("access.log", 20, "198.51.100.7", "GET /x", 404)
	r.inForce("198.51.100.7/32")
	if _, err := r.client.SetMode(t.Context(), control.ModeRequest{Mode: "observe"}); err != nil {
		t.Fatal(err)
	}
	r.write("access.log", 20, "198.51.100.8", "GET /x", 404)
	r.banFor("198.51.100.9/32", 0)
	r.await("a ban is observed", func() bool { return r.bans()["198.51.100.8/32"].State == "observed" })

	p, err := r.client.SetMode(t.Context(), askPreview)
	if err != nil {
		t.Fatal(err)
	}
	var atOnce, goingOn []string
	for _, b := range p.Preview {
		if b.AtOnce {
			atOnce = append(atOnce, b.Prefix.String())
		} else {
			goingOn = append(goingOn, b.Prefix.String())
		}
		if b.State != "observed" {
			t.Errorf("%s is %s, and nothing is in force while observing", b.Prefix, b.State)
		}
	}
	if diff := cmp.Diff([]string{"198.51.100.8/32", "198.51.100.9/32"}, goingOn); diff != "" {
		t.Errorf("banned if they go on (-want +got):\n%s", diff)
	}
	if _, err := r.client.SetMode(t.Context(), control.ModeRequest{Mode: "enforce"}); err != nil {
		t.Fatal(err)
	}
	var banned []string
	for p := range r.bans() {
		banned = append(banned, p)
	}
	slices.Sort(banned)
	if diff := cmp.Diff(banned, atOnce); diff != "" {
		t.Errorf("banned at once (-enforcing did +preview said):\n%s", diff)
	}
	if r.passes("198.51.100.7") || r.passes("203.0.113.1") || !r.passes("198.51.100.8") || !r.passes("198.51.100.9") {
		t.Errorf("the kernel holds something else:\n%s", r.fake)
	}

	// What is banned already would not be banned by enforcing.
	if p, err := r.client.SetMode(t.Context(), askPreview); err != nil || len(p.Preview) != 0 || p.Mode != "enforce" {
		t.Errorf("preview while enforcing: %+v, %v", p, err)
	}
}

// Where enforcing is refused the preview is, too.
func TestPreviewWithoutFirewall(t *testing.T) {
	r := newRig(t, observing+"[firewall]\nbackend=\"none\"\n")
	r.open = func(config.Firewall) (firewall.Firewall, error) { return agent.NoFirewall{}, nil }
	r.start()
	_, want := r.client.SetMode(t.Context(), control.ModeRequest{Mode: "enforce"})
	if _, got := r.client.SetMode(t.Context(), askPreview); want == nil || got == nil || got.Error() != want.Error() {
		t.Errorf("preview: %v; enforce: %v", got, want)
	}
}
