package main

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	nf "github.com/google/nftables"

	"cidrx/cmd/internal/doctor"
)

// doctor runs cidrx doctor on the edge host, as the user given.
func (e *edge) doctor(uid uint32) (diagnosis, int) {
	e.t.Helper()
	cmd := exec.Command(filepath.Join(binaries, "cidrx"), "doctor", "--json", "--config", filepath.Join(e.dir, "cidrx.toml"))
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Credential: &syscall.Credential{Uid: uid, Gid: uid}}
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	e.must(e.host.Start(cmd))
	cmd.Wait()
	var d diagnosis
	if err := json.Unmarshal(out.Bytes(), &d); err != nil {
		e.t.Fatalf("%v\n%s%s", err, out.Bytes(), errs.Bytes())
	}
	return d, cmd.ProcessState.ExitCode()
}

// findings are those of a level, or of a check.
func findings(d diagnosis, is func(doctor.Finding) bool) []doctor.Finding {
	var some []doctor.Finding
	for _, f := range d.Findings {
		if is(f) {
			some = append(some, f)
		}
	}
	return some
}

// ruleset is all of the edge host's, without what counts.
func (e *edge) ruleset() string {
	e.t.Helper()
	var out bytes.Buffer
	cmd := exec.Command("nft", "-s", "list", "ruleset")
	cmd.Stdout = &out
	e.must(e.host.Start(cmd))
	e.must(cmd.Wait())
	return out.String()
}

// TestDoctorOnARunningHost examines a host with the real agent and kernel.
func TestDoctorOnARunningHost(t *testing.T) {
	t.Parallel()
	e := newEdge(t)
	e.file("access.log", "203.0.113.5 - - ["+time.Now().Format("02/Jan/2006:15:04:05 -0700")+"] \"GET / HTTP/1.1\" 200 1 \"-\" \"Mozilla/5.0\"\n")
	e.start()
	before := e.ruleset()
	d, code := e.doctor(0)
	problems := findings(d, func(f doctor.Finding) bool { return f.Level == doctor.Problem })
	if len(problems) > 0 || code != 0 || !d.OK {
		t.Errorf("exit code %d, problems: %+v", code, problems)
	}
	for _, check := range []string{"agent", "nf_tables", "interval sets", "look-ups in sets", "conntrack", "capabilities", "inet cidrx", filepath.Join(e.dir, "access.log")} {
		if got := findings(d, func(f doctor.Finding) bool { return f.Check == check && f.Level == doctor.OK }); len(got) == 0 {
			t.Errorf("%s is not found to be good: %+v", check, findings(d, func(f doctor.Finding) bool { return f.Check == check }))
		}
	}
	if diff := cmp.Diff(before, e.ruleset()); diff != "" || before == "" {
		t.Errorf("doctor changed the ruleset (-before +after):\n%s", diff)
	}
	d, _ = e.doctor(65534)
	for _, topic := range []string{"kernel", "neighbours"} {
		if got := findings(d, func(f doctor.Finding) bool { return f.Topic == topic && f.Level == doctor.Unknown }); len(got) != 1 {
			t.Errorf("without root, what is unknown of the %s is %+v", topic, got)
		}
	}
}

// TestDoctorHooksNowhere listens to the kernel while doctor tries it: all that comes and goes is in a table that is dormant.
func TestDoctorHooksNowhere(t *testing.T) {
	t.Parallel()
	e := newEdge(t)
	conn, err := nf.New(nf.WithNetNSFd(e.host.FD()))
	e.must(err)
	monitor := nf.NewMonitor()
	defer monitor.Close()
	events, err := conn.AddMonitor(monitor)
	e.must(err)
	e.doctor(0)
	other, err := nf.New(nf.WithNetNSFd(e.host.FD()))
	e.must(err)
	other.AddTable(&nf.Table{Name: "end", Family: nf.TableFamilyINet})
	e.must(other.Flush())
	tried := 0
	for ended := false; !ended; {
		var event *nf.MonitorEvent
		select {
		case event = <-events:
		case <-time.After(30 * time.Second):
		}
		if event == nil {
			t.Fatal("the kernel tells no more")
		}
		switch data := event.Data.(type) { // of the named counters the library cannot read events, which have no data then
		case *nf.Table:
			if ended = data.Name == "end"; ended {
				break
			}
			if data.Name != "cidrx_probe" {
				t.Errorf("touched the table %s", data.Name)
			}
			if event.Type == nf.MonitorEventTypeNewTable {
				tried += int(data.Flags & nf.TableFlagDormant)
			}
		case *nf.Chain:
			if data.Table.Name != "cidrx_probe" {
				t.Errorf("touched the chain %s of %s", data.Name, data.Table.Name)
			}
		}
	}
	if tried == 0 {
		t.Error("no dormant table was made")
	}
	if rest := e.ruleset(); strings.Contains(rest, "cidrx") {
		t.Errorf("left behind:\n%s", rest)
	}
}

func TestPrintDiagnosis(t *testing.T) {
	d := diagnosis{Counts: diagnosisCounts{OK: 1, Warning: 1, Problem: 1, Unknown: 1}, Findings: []doctor.Finding{
		{Topic: "kernel", Check: "interval sets", Level: doctor.OK, Says: "works"},
		{Topic: "kernel", Check: "log", Level: doctor.Problem, Says: "does not work: operation not supported, which is a long story that goes on and on", Do: "modprobe nft_log nft_limit; leave logging off, as nobody needs it but those who look for it"},
		{Topic: "logs", Check: "/var/log/\x1b[2Ja\u202e.log", Level: doctor.Warning, Says: "x\x9by"},
		{Topic: "logs", Check: "b", Level: doctor.Unknown, Says: "may not be looked at", Do: "run doctor as root"},
	}}
	want := `kernel
  ok       interval sets: works
  PROBLEM  log: does not work: operation not supported, which is a long story
           that goes on and on
           -> modprobe nft_log nft_limit; leave logging off, as nobody needs it
              but those who look for it

logs
  WARNING  /var/log/\x1b[2Ja\u202e.log: x\x9by
  unknown  b: may not be looked at
           -> run doctor as root

1 problem, 1 warning, 1 ok, 1 could not be looked at
`
	var out bytes.Buffer
	if err := printDiagnosis(&out, d, false); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	out.Reset()
	if err := printDiagnosis(&out, d, true); err != nil {
		t.Fatal(err)
	}
	if strings.ContainsAny(out.String(), "\x1b\u009b\u202e") || !json.Valid(out.Bytes()) {
		t.Errorf("not printable JSON:\n%q", out.String())
	}
}
