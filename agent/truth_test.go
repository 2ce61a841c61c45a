package agent_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cidrx/agent"
	"cidrx/agent/config"
	"cidrx/agent/control"
	"cidrx/firewall"
)

// What is said must be so: these tests catch the agent in saying more than kernel, disk and configuration bear out.

func TestModeOfReloadIsNotPersisted(t *testing.T) {
	observe := strings.Replace(baseConfig, `"enforce"`, `"observe"`, 1)
	r := newRig(t, observe).start()
	r.config = baseConfig
	if _, err := r.client.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	r.config = observe
	if s := r.start().status(); s.Mode != "observe" {
		t.Errorf("configuration says observe, nobody used cidrxctl mode, the agent is in mode %s", s.Mode)
	}
}

func TestModeOfConfigIsNotPersistedByFullSave(t *testing.T) {
	r := newRig(t, baseConfig).start()
	r.fake.BeforeCommit(func() error { return errors.New("refused") })
	r.write("access.log", 20, "198.51.100.7", "GET /x", 404)
	r.await("broken", func() bool { return r.status().State == "broken" })
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	r.fake.BeforeCommit(nil)
	r.config = strings.Replace(baseConfig, `"enforce"`, `"observe"`, 1)
	if s := r.start().status(); s.Mode != "observe" {
		t.Errorf("configuration says observe, nobody used cidrxctl mode, the agent is in mode %s", s.Mode)
	}
}

func TestBansAfterGoingBackToObserve(t *testing.T) {
	r := newRig(t, baseConfig).start()
	r.write("access.log", 20, "198.51.100.7", "GET /x", 404)
	r.inForce("198.51.100.7/32")
	if _, err := r.client.SetMode(t.Context(), control.ModeRequest{Mode: "observe"}); err != nil {
		t.Fatal(err)
	}
	if b := r.bans()["198.51.100.7/32"]; r.passes("198.51.100.7") && b.State == "in_force" {
		t.Errorf("observing, the kernel holds nothing, and bans says %q", b.State)
	}
	p, err := r.client.SetMode(t.Context(), control.ModeRequest{Mode: "enforce", Preview: true})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.client.SetMode(t.Context(), control.ModeRequest{Mode: "enforce"}); err != nil {
		t.Fatal(err)
	}
	if len(p.Preview) == 0 && !r.passes("198.51.100.7") {
		t.Errorf("preview named nobody, and enforcing bans %v", r.fake.Elements())
	}
}

func TestReloadOfSourceCountsOnce(t *testing.T) {
	r := newRig(t, baseConfig).start()
	r.write("access.log", 12, "192.0.2.9", "GET /x", 404)
	r.lines(12)
	r.config = strings.Replace(baseConfig, `format = "combined"`, "format = \"combined\"\ntrust = true", 1)
	if _, err := r.client.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.write("access.log", 1, "192.0.2.9", "GET /x", 404)
	r.await("the 13 lines that were written are in the window", func() bool {
		for _, s := range r.status().Strategies {
			if s.Name == "probes" {
				return s.Requests == 13
			}
		}
		return false
	})
}

func TestBansWhileRepairFails(t *testing.T) {
	r := newRig(t, baseConfig).start()
	r.write("access.log", 20, "198.51.100.7", "GET /x", 404)
	r.inForce("198.51.100.7/32")
	r.fake.BeforeCommit(func() error { return errors.New("refused") })
	r.fake.Flush("nft[1]")
	r.await("broken", func() bool { return r.status().State == "broken" })
	if b := r.bans()["198.51.100.7/32"]; b.State == "in_force" && r.passes("198.51.100.7") {
		t.Errorf("the table is gone and cannot be written; bans says %q", b.State)
	}
	r.fake.BeforeCommit(nil)
	r.await("enforcing", func() bool { return r.status().State == "enforcing" })
	if s := r.status(); s.Kernel.Repairs == 0 {
		t.Errorf("the table was repaired at the second try; repairs %d", s.Kernel.Repairs)
	}
}

func TestNoLeaksWithoutFirewall(t *testing.T) {
	r := newRig(t, baseConfig+"[firewall]\nbackend=\"none\"\n")
	r.open = func(config.Firewall) (firewall.Firewall, error) { return agent.NoFirewall{}, nil }
	r.start()
	r.write("access.log", 20, "198.51.100.7", "GET /x", 404)
	r.await("exported", func() bool { return r.bans()["198.51.100.7/32"].State == "exported" })
	r.skew.Add(int64(10 * time.Second))
	r.write("access.log", 2, "198.51.100.7", "GET /leak", 404)
	r.lines(22)
	time.Sleep(300 * time.Millisecond)
	for _, e := range r.events() {
		if e.Event == "leak" {
			t.Errorf("nothing is banned in the kernel, and a leak is reported: %s", e.Reason)
		}
		if e.Event == "ban" && e.State == "in_force" {
			t.Errorf("backend none: audit says in_force")
		}
	}
}

func TestSelftestThatFailsLeavesNothing(t *testing.T) {
	r := newRig(t, baseConfig).start()
	r.fake.BeforeCommit(func() error { return errors.New("refused") })
	if reply, err := r.client.Selftest(t.Context()); err == nil && reply.OK {
		t.Errorf("selftest on a kernel that refuses: %+v", reply)
	}
	r.fake.BeforeCommit(nil)
	r.await("enforcing", func() bool { return r.status().State == "enforcing" && r.status().Kernel.Drift == 0 })
	if el := r.fake.Elements(); len(el) != 0 {
		t.Errorf("the failed self-test left %v", el)
	}
}

func TestReloadWhileBroken(t *testing.T) {
	r := newRig(t, baseConfig).start()
	r.fake.BeforeCommit(func() error { return errors.New("refused") })
	r.write("access.log", 20, "198.51.100.7", "GET /x", 404)
	r.await("broken", func() bool { return r.status().State == "broken" })
	r.config = strings.Replace(baseConfig, "[20, 32, 32, 0.0]", "[19, 32, 32, 0.0]", 1)
	if _, err := r.client.Reload(t.Context()); err != nil {
		t.Errorf("the configuration is in force, the reply is an error: %v", err)
	}
}

func TestModeByHandPersistsEvenIfEqual(t *testing.T) {
	observe := strings.Replace(baseConfig, `"enforce"`, `"observe"`, 1)
	r := newRig(t, observe).start()
	if _, err := r.client.SetMode(t.Context(), control.ModeRequest{Mode: "observe"}); err != nil {
		t.Fatal(err)
	}
	r.stop()
	r.config = baseConfig
	if s := r.start().status(); s.Mode != "observe" {
		t.Errorf("cidrxctl mode observe was said, after a restart the mode is %s", s.Mode)
	}
}

func TestShadowReload(t *testing.T) {
	r := newRig(t, baseConfig)
	path := filepath.Join(r.dir, "access.log")
	os.WriteFile(path, nil, 0o666)
	os.Chmod(path, 0o666)
	r.start()
	r.write("access.log", 1, "198.51.100.7", "GET /x", 404)
	r.lines(1)
	r.config = baseConfig + "[jail]\nstages=[\"3h\"]\n"
	if _, err := r.client.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.write("access.log", 20, "198.51.100.7", "GET /x", 404)
	r.await("observed", func() bool { return r.bans()["198.51.100.7/32"].State == "observed" })
	if b := r.bans()["198.51.100.7/32"]; b.RemainingS < 2*3600 {
		t.Errorf("the first stage is 3h since the reload; the shadow's ban has %d s left", b.RemainingS)
	}
	if f, err := r.client.Flush(t.Context()); err != nil || f.Lifted != 1 || len(r.bans()) != 0 {
		t.Errorf("flush: %+v, %v; left: %v", f, err, r.bans())
	}
}

func TestObserveWithTableLeft(t *testing.T) {
	r := newRig(t, baseConfig).start()
	r.write("access.log", 20, "198.51.100.7", "GET /x", 404)
	r.inForce("198.51.100.7/32")
	r.stop()
	r.config = strings.Replace(baseConfig, `"enforce"`, `"observe"`, 1)
	r.open = func(config.Firewall) (firewall.Firewall, error) { return nil, errors.New("operation not permitted") }
	r.start()
	r.await("the status says that the kernel still drops", func() bool { return r.passes("198.51.100.7") || r.status().Why != "" })
	f, err := r.client.Flush(t.Context())
	if err == nil && !r.passes("198.51.100.7") {
		t.Errorf("flush answered %+v, while the kernel still drops", f)
	}
}
