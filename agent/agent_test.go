package agent_test

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cidrx/agent/config"
	"cidrx/agent/control"
	"cidrx/firewall"
)

func TestLineToBanAndBack(t *testing.T) {
	r := newRig(t, baseConfig).start()
	r.write("access.log", 30, "192.0.2.9", "GET /about", 200)
	r.write("access.log", 19, "198.51.100.7", "GET /.env", 404)
	r.lines(49)
	if b := r.bans(); len(b) != 0 {
		t.Fatalf("19 of 20 needed requests led to bans: %v", b)
	}
	r.write("access.log", 1, "198.51.100.7", "GET /.env", 404)
	b := r.inForce("198.51.100.7/32")
	if b.Requests != 20 || b.Hosts != 1 || len(b.Samples) == 0 || !b.Durable || b.Stage != 0 {
		t.Errorf("evidence of the ban: %+v", b)
	}
	if r.passes("198.51.100.7") || !r.passes("192.0.2.9") {
		t.Errorf("kernel: the banned host passes: %t, the ordinary one passes: %t", r.passes("198.51.100.7"), r.passes("192.0.2.9"))
	}
	why, err := r.client.Why(t.Context(), netip.MustParseAddr("198.51.100.7"))
	if err != nil || len(why.Bans) != 1 || !strings.Contains(strings.Join(why.Bans[0].Reasons, " "), "probes") {
		t.Errorf("why: %+v, %v", why, err)
	}
	done, err := r.client.Unblock(t.Context(), control.UnblockRequest{Prefixes: []netip.Prefix{prefix("198.51.100.7/32")}})
	if err != nil || len(done.Done) != 1 {
		t.Errorf("unblock: %+v, %v", done, err)
	}
	if !r.passes("198.51.100.7") {
		t.Error("unblock has answered, and the kernel still drops")
	}
	r.write("access.log", 25, "198.51.100.7", "GET /.env", 404)
	r.lines(75)
	if b := r.bans(); len(b) != 0 {
		t.Errorf("banned again within its grace by fewer than five times the requests: %v", b)
	}
}

// Whoever tries the agent with a handful of requests sees the last of them, and not those that a ban has to show already.
func TestWhyHasTheLastLinesOfAHost(t *testing.T) {
	r := newRig(t, strings.Replace(strings.Replace(baseConfig, "[[20, 32", "[[5, 32", 1), `"enforce"`, `"observe"`, 1))
	r.fixed.Store(time.Now().UnixNano()) // all in one second
	r.start()
	for i := range 8 {
		r.write("access.log", 1, "198.51.100.7", fmt.Sprintf("GET /%d", 1+i), 404)
	}
	var why control.Why
	r.await("the last line is known", func() bool {
		var err error
		why, err = r.client.Why(t.Context(), netip.MustParseAddr("198.51.100.7"))
		return err == nil && len(why.Bans) == 1 && strings.Contains(why.Samples[0], "GET /8 ")
	})
	for _, tt := range []struct {
		what, want string
		lines      []string
	}{{"last lines", "/8 /7 /6", why.Samples}, {"evidence", "/5 /4 /3", why.Bans[0].Samples}} {
		var got []string
		for _, line := range tt.lines {
			got = append(got, strings.Fields(line)[6])
		}
		if strings.Join(got, " ") != tt.want {
			t.Errorf("%s: %s, want %s", tt.what, got, tt.want)
		}
	}
}

func TestQuietNetworkIsBannedAndOneHostCarvedOut(t *testing.T) {
	r := newRig(t, baseConfig).start()
	for range 6 {
		for h := range 64 {
			r.write("access.log", 1, fmt.Sprintf("198.51.100.%d", 64+h), "POST /login", 401)
		}
	}
	r.inForce("198.51.100.64/26")
	if !r.passes("198.51.100.63") || r.passes("198.51.100.64") || r.passes("198.51.100.127") || !r.passes("198.51.100.128") {
		t.Errorf("the kernel does not hold exactly the /26:\n%s", r.fake)
	}
	done, err := r.client.Unblock(t.Context(), control.UnblockRequest{Prefixes: []netip.Prefix{prefix("198.51.100.70/32")}})
	if err != nil || len(done.Carved) != 1 || done.Carved[0].From != prefix("198.51.100.64/26") {
		t.Fatalf("unblock: %+v, %v", done, err)
	}
	if !r.passes("198.51.100.70") || r.passes("198.51.100.71") || r.passes("198.51.100.69") {
		t.Errorf("carved wrongly:\n%s", r.fake)
	}
}

func TestRestartKeepsBansAndPositions(t *testing.T) {
	r := newRig(t, baseConfig).start()
	r.write("access.log", 15, "192.0.2.9", "GET /x", 404)
	r.write("access.log", 20, "198.51.100.7", "GET /x", 404)
	first := r.inForce("198.51.100.7/32")
	r.lines(35)
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	if r.passes("198.51.100.7") {
		t.Error("a stop let the banned host in")
	}
	r.write("access.log", 2, "192.0.2.9", "GET /while-stopped", 404)
	r.start()
	again := r.inForce("198.51.100.7/32")
	if !again.Until.Equal(*first.Until) {
		t.Errorf("until %v became %v", first.Until, again.Until)
	}
	r.lines(2) // each line is counted once: those before the stop only warm the windows up
	r.write("access.log", 2, "192.0.2.9", "GET /x", 404)
	r.lines(4)
	if len(r.bans()) != 1 {
		t.Errorf("19 requests led to a ban: %v", r.bans())
	}
	r.write("access.log", 1, "192.0.2.9", "GET /x", 404) // the 20th, 15 of them before the restart
	r.inForce("192.0.2.9/32")
}

func TestObserveLeavesTheFirewallAlone(t *testing.T) {
	r := newRig(t, strings.Replace(baseConfig, `"enforce"`, `"observe"`, 1)).start()
	r.write("access.log", 20, "198.51.100.7", "GET /x", 404)
	r.await("the ban is observed", func() bool { return r.bans()["198.51.100.7/32"].State == "observed" })
	if got := r.fake.Elements(); len(got) != 0 || r.fake.Commits() != 0 {
		t.Errorf("the firewall was touched: %v, %d commits", got, r.fake.Commits())
	}
	preview, err := r.client.SetMode(t.Context(), control.ModeRequest{Mode: "enforce", Preview: true})
	if err != nil || len(preview.Preview) != 1 || preview.Preview[0].Prefix != prefix("198.51.100.7/32") || preview.Changed {
		t.Errorf("preview: %+v, %v", preview, err)
	}
	reply, err := r.client.SetMode(t.Context(), control.ModeRequest{Mode: "enforce"})
	if err != nil || !reply.Changed || r.status().State != "enforcing" {
		t.Fatalf("mode: %+v, %v", reply, err)
	}
	if len(r.bans()) != 0 || !r.passes("198.51.100.7") {
		t.Errorf("what was only observed is enforced: %v", r.bans())
	}
	r.write("access.log", 19, "198.51.100.7", "GET /x", 404)
	r.lines(39)
	if len(r.bans()) != 0 {
		t.Error("enforcing did not begin with empty windows")
	}
	r.write("access.log", 1, "198.51.100.7", "GET /x", 404)
	r.inForce("198.51.100.7/32")
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	if s := r.start().status(); s.Mode != "enforce" {
		t.Errorf("after a restart the mode is %s", s.Mode)
	}
}

func TestUnconfirmedModeGoesBack(t *testing.T) {
	r := newRig(t, strings.Replace(baseConfig, `"enforce"`, `"observe"`, 1)).start()
	for _, confirm := range []bool{true, false} {
		if _, err := r.client.SetMode(t.Context(), control.ModeRequest{Mode: "observe"}); err != nil {
			t.Fatal(err)
		}
		if _, err := r.client.SetMode(t.Context(), control.ModeRequest{Mode: "enforce", ConfirmS: 600}); err != nil {
			t.Fatal(err)
		}
		if confirm {
			if reply, err := r.client.Confirm(t.Context()); err != nil || !reply.Changed {
				t.Fatalf("confirm: %+v, %v", reply, err)
			}
		}
		r.skew.Add(int64(11 * time.Minute))
		want := map[bool]string{true: "enforce", false: "observe"}[confirm]
		if confirm {
			time.Sleep(1500 * time.Millisecond) // more than a tick: nothing may happen
		}
		r.await("the mode is "+want, func() bool { return r.status().Mode == want })
	}
}

func TestKernelThatRefusesIsBrokenAndRecovers(t *testing.T) {
	r := newRig(t, baseConfig).start()
	refuse := errors.New("operation not permitted: give the agent CAP_NET_ADMIN")
	r.fake.BeforeCommit(func() error { return refuse })
	r.write("access.log", 20, "198.51.100.7", "GET /x", 404)
	r.await("the status is BROKEN", func() bool { s := r.status(); return s.State == "broken" && strings.Contains(s.Why, "CAP_NET_ADMIN") })
	if b := r.bans()["198.51.100.7/32"]; b.State != "pending" {
		t.Errorf("a ban that the kernel refused is shown as %q", b.State)
	}
	for _, e := range r.events() {
		if e.Event == "ban" {
			t.Errorf("a ban that the kernel refused is in the audit trail: %+v", e)
		}
	}
	_, err := r.client.Ban(t.Context(), control.BanRequest{Prefix: prefix("203.0.113.0/24")})
	if err == nil || !strings.Contains(err.Error(), "CAP_NET_ADMIN") {
		t.Errorf("ban by hand on a kernel that refuses: %v", err)
	}
	r.fake.BeforeCommit(nil)
	r.inForce("198.51.100.7/32")
	r.inForce("203.0.113.0/24")
	if s := r.status(); s.State != "enforcing" {
		t.Errorf("status %s (%s)", s.State, s.Why)
	}
}

func TestFirewallThatCannotBeOpened(t *testing.T) {
	r := newRig(t, baseConfig)
	var works bool
	r.open = func(config.Firewall) (firewall.Firewall, error) {
		if !works {
			return nil, errors.New("no nf_tables here")
		}
		return r.fake, nil
	}
	r.start()
	r.write("access.log", 20, "198.51.100.7", "GET /x", 404)
	r.lines(20)
	if s := r.status(); s.State != "broken" || !strings.Contains(s.Why, "no nf_tables here") {
		t.Errorf("status %s (%s)", s.State, s.Why)
	}
	if err := r.stop(); err != nil {
		t.Error(err)
	}
	works = true
	r.start().inForce("198.51.100.7/32")
}

func TestForeignChangesAreRepaired(t *testing.T) {
	r := newRig(t, baseConfig).start()
	r.write("access.log", 20, "198.51.100.7", "GET /x", 404)
	r.inForce("198.51.100.7/32")
	r.fake.Flush("nft[4242]")
	r.await("the flush is repaired", func() bool { return !r.passes("198.51.100.7") && r.status().Kernel.Repairs > 0 })
	r.await("the repair is in the audit trail", func() bool {
		for _, e := range r.events() {
			if e.Event == "repair" && e.By == "nft[4242]" {
				return true
			}
		}
		return false
	})
}

// Where it is not known who changed the table the log does not name nobody.
func TestRepairByNobodyKnown(t *testing.T) {
	log := &syncBuffer{}
	r := newRig(t, baseConfig)
	r.log = log
	r.start()
	r.fake.Flush("")
	r.await("the repair is in the log", func() bool { return strings.Contains(log.String(), "somebody changed our table") })
	if text := log.String(); strings.Contains(text, "by=") {
		t.Errorf("log:\n%s", text)
	}
	r.fake.Flush("nft[4242]")
	r.await("the next one says who it was", func() bool { return strings.Contains(log.String(), "by=nft[4242]") })
}

func TestReloadKeepsBansAndWindows(t *testing.T) {
	r := newRig(t, baseConfig).start()
	r.write("access.log", 20, "198.51.100.7", "GET /x", 404)
	r.write("access.log", 15, "192.0.2.9", "GET /x", 404)
	r.inForce("198.51.100.7/32")
	r.lines(35)
	good := r.config
	r.config = strings.Replace(good, "[20, 32, 32, 0.0]", "[18, 32, 33, 0.0]", 1)
	if _, err := r.client.Reload(t.Context()); err == nil || !strings.Contains(err.Error(), "clusterArgSets") {
		t.Errorf("a depth of 33 was taken: %v", err)
	}
	r.write("access.log", 3, "192.0.2.9", "GET /x", 404)
	r.lines(38)
	if len(r.bans()) != 1 {
		t.Fatalf("a refused configuration is in force: %v", r.bans())
	}
	r.config = strings.Replace(good, "[20, 32, 32, 0.0]", "[19, 32, 32, 0.0]", 1) + "[source.other]\npaths=[\"%[1]s/other.log\"]\nformat=\"combined\"\n[allow]\nnetworks=[\"203.0.113.5\"]\n"
	if _, err := r.client.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.write("access.log", 1, "192.0.2.9", "GET /x", 404)
	r.inForce("192.0.2.9/32") // 18 of its 19 requests were counted before the reload
	r.inForce("198.51.100.7/32")
	r.write("other.log", 30, "203.0.113.6", "GET /x", 404)
	r.inForce("203.0.113.6/32")
	r.write("other.log", 30, "203.0.113.5", "GET /x", 404)
	r.await("the other log is counted", func() bool { return r.status().Sources[0].Lines == 60 })
	if _, banned := r.bans()["203.0.113.5/32"]; banned {
		t.Error("an address that was allowed by the reload is banned")
	}
}

func TestAllowlistGoesBeforeEverything(t *testing.T) {
	r := newRig(t, baseConfig).start()
	if _, err := r.client.Ban(t.Context(), control.BanRequest{Prefix: prefix("203.0.113.0/24"), ForS: 3600, Reason: "test"}); err != nil {
		t.Fatal(err)
	}
	if r.passes("203.0.113.9") {
		t.Fatal("a ban by hand has answered and is not in the kernel")
	}
	if _, err := r.client.AllowAdd(t.Context(), control.AllowRequest{Prefix: prefix("203.0.113.9/32"), Note: "customer"}); err != nil {
		t.Fatal(err)
	}
	if done, err := r.client.AllowAdd(t.Context(), control.AllowRequest{Prefix: prefix("203.0.113.9/32"), Note: "customer"}); err != nil || len(done.Done) != 0 || len(done.Nothing) != 1 {
		t.Errorf("the same entry again: %+v, %v", done, err)
	}
	if done, err := r.client.AllowAdd(t.Context(), control.AllowRequest{Prefix: prefix("203.0.113.9/32"), Note: "customer", ForS: 3600}); err != nil || len(done.Done) != 1 {
		t.Errorf("the same entry for an hour: %+v, %v", done, err)
	}
	if !r.passes("203.0.113.9") || r.passes("203.0.113.8") {
		t.Errorf("the allowed address passes: %t, its neighbour passes: %t", r.passes("203.0.113.9"), r.passes("203.0.113.8"))
	}
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	r.start().inForce("203.0.113.0/24")
	if list, err := r.client.AllowList(t.Context()); err != nil || len(list) != 1 || list[0].Note != "customer" {
		t.Errorf("the allowlist after a restart: %+v, %v", list, err)
	}
	if !r.passes("203.0.113.9") {
		t.Error("not allowed any more after a restart")
	}
	if _, err := r.client.AllowRemove(t.Context(), control.AllowRequest{Prefix: prefix("203.0.113.9/32")}); err != nil {
		t.Fatal(err)
	}
	if r.passes("203.0.113.9") {
		t.Error("removed from the allowlist, and it passes through the ban around it")
	}
	for _, never := range []string{"127.0.0.0/8", "10.0.0.0/8", "0.0.0.0/1"} {
		if _, err := r.client.Ban(t.Context(), control.BanRequest{Prefix: prefix(never)}); err == nil {
			t.Errorf("%s was banned", never)
		}
	}
}

func TestLogThatOthersCouldWriteOnlyObserves(t *testing.T) {
	r := newRig(t, baseConfig)
	path := filepath.Join(r.dir, "access.log")
	if err := os.WriteFile(path, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o666); err != nil {
		t.Fatal(err)
	}
	r.start()
	r.write("access.log", 20, "198.51.100.7", "GET /x", 404)
	r.await("the ban is observed", func() bool { return r.bans()["198.51.100.7/32"].State == "observed" })
	if s := r.status(); !r.passes("198.51.100.7") || s.Sources[0].Trusted || !strings.Contains(s.Sources[0].Error, "trust") {
		t.Errorf("a forgeable log: packets pass %t, status %+v", r.passes("198.51.100.7"), s.Sources[0])
	}
}

func TestUnreadableLogIsSaidAndRecovers(t *testing.T) {
	r := newRig(t, baseConfig)
	path := filepath.Join(r.dir, "access.log")
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
	r.start()
	r.await("the status says it", func() bool { return strings.Contains(r.status().Sources[0].Error, "directory") })
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	r.write("access.log", 20, "198.51.100.7", "GET /x", 404)
	r.inForce("198.51.100.7/32")
}

func TestWrongTimeZoneIsCorrected(t *testing.T) {
	r := newRig(t, baseConfig)
	r.write("access.log", 0, "", "", 0) // the file is there: what comes is followed, not caught up with
	r.start()
	r.skew.Store(int64(2 * time.Hour)) // the log's clock is two hours behind ours
	behind := r.now().Add(-2 * time.Hour).Format("02/Jan/2006:15:04:05 -0700")
	f, err := os.OpenFile(filepath.Join(r.dir, "access.log"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for range 40 {
		fmt.Fprintf(f, "198.51.100.7 - - [%s] \"GET /x HTTP/1.1\" 404 1 \"-\" \"-\"\n", behind)
	}
	r.inForce("198.51.100.7/32")
	if s := r.status().Sources[0]; s.OffsetS < 7000 || s.OffsetS > 7400 {
		t.Errorf("the offset is reported as %d s", s.OffsetS)
	}
}

func TestSelftestAndFlush(t *testing.T) {
	r := newRig(t, baseConfig).start()
	reply, err := r.client.Selftest(t.Context())
	if err != nil || !reply.OK || len(reply.Steps) != 4 {
		t.Errorf("selftest: %+v, %v", reply, err)
	}
	if got := r.fake.Elements(); len(got) != 0 {
		t.Errorf("the self-test left %v", got)
	}
	if _, err := r.client.Ban(t.Context(), control.BanRequest{Prefix: prefix("203.0.113.0/24")}); err != nil {
		t.Fatal(err)
	}
	flush, err := r.client.Flush(t.Context())
	if err != nil || flush.Lifted != 1 || flush.Mode != "observe" || !r.passes("203.0.113.1") {
		t.Errorf("flush: %+v, %v; passes: %t", flush, err, r.passes("203.0.113.1"))
	}
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	if s := r.start().status(); s.State != "observing" || s.Bans.IPv4 != 0 {
		t.Errorf("after flush and restart: %+v", s)
	}
}

func TestBannedClientThatStillComesIsALeak(t *testing.T) {
	r := newRig(t, baseConfig)
	r.fixed.Store(time.Now().UnixNano()) // however long it takes until the late ones are written
	r.start()
	r.write("access.log", 20, "198.51.100.7", "GET /x", 404)
	r.inForce("198.51.100.7/32")
	r.write("access.log", 3, "198.51.100.7", "GET /late", 404)
	r.lines(23)
	r.fixed.Add(int64(10 * time.Second))
	r.write("access.log", 2, "198.51.100.7", "GET /leak", 404)
	r.lines(25)
	r.await("the leak is in the audit trail", func() bool { return count(r.events(), "leak") > 0 })
	if events := r.events(); count(events, "leak") != 1 || !strings.Contains(events[len(events)-1].Samples[0], "/leak") {
		t.Errorf("a leak is to be reported once, by the request that leaked: %+v", events)
	}
}

func count(events []control.Event, kind string) (n int) {
	for _, e := range events {
		if e.Event == kind {
			n++
		}
	}
	return n
}
