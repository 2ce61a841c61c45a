package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/testscript"
	"go.uber.org/goleak"

	"cidrx/agent/control"
	"cidrx/agent/control/controltest"
)

// deadline is how long a test waits for what should come at once.
const deadline = time.Minute

func TestMain(m *testing.M) {
	testscript.Main(leakChecked{m}, map[string]func(){"cidrxctl": main})
}

// leakChecked fails when a goroutine is left.
type leakChecked struct{ *testing.M }

func (m leakChecked) Run() int {
	code := m.M.Run()
	if err := goleak.Find(); code == 0 && err != nil {
		fmt.Println(err)
		return 1
	}
	return code
}

// TestStories runs the real command against the real server; only the agent behind it follows a script.
func TestStories(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(env *testscript.Env) error {
			// Somebody who works over SSH may run these tests: which session that is shall make no difference.
			// The race detector sleeps for a second at the end of every process unless told not to.
			env.Vars = append(env.Vars, "GORACE=atexit_sleep_ms=0", "SSH_CONNECTION=192.0.2.66 51000 198.51.100.1 22", "CIDRX_SOCKET="+env.WorkDir+"/s.sock")
			env.Values[agentKey{}] = new(holder)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"agent": startAgent, "calls": wantCalls, "exits": wantExit, "emit": emit, "until": waitFor,
		},
		UpdateScripts:       os.Getenv("UPDATE_SCRIPTS") != "", // writes what cmp would complain about: read the difference
		RequireExplicitExec: true,
	})
}

// agentKey is where a script keeps its agent: a *holder.
type agentKey struct{}

type holder struct{ *controltest.Agent }

func agentOf(ts *testscript.TestScript) *holder { return ts.Value(agentKey{}).(*holder) }

// startAgent serves at $CIDRX_SOCKET what a JSON file says: agent script.json
func startAgent(ts *testscript.TestScript, _ bool, args []string) {
	var script controltest.Script
	d := json.NewDecoder(strings.NewReader(ts.ReadFile(args[0])))
	d.DisallowUnknownFields()
	ts.Check(d.Decode(&script))
	l, err := control.Listen(ts.Getenv("CIDRX_SOCKET"))
	ts.Check(err)
	agent := controltest.New(script)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- control.NewServer(agent, control.ServerOptions{}).Run(ctx, l) }()
	ts.Defer(func() {
		cancel()
		ts.Check(<-done)
	})
	agentOf(ts).Agent = agent
}

// wantCalls compares what the agent was asked to change with a file: calls want
func wantCalls(ts *testscript.TestScript, _ bool, args []string) {
	got := strings.Join(agentOf(ts).Calls(), "\n") + "\n"
	if diff := cmp.Diff(ts.ReadFile(args[0]), got); diff != "" {
		ts.Fatalf("calls (-want +got):\n%s", diff)
	}
}

// wantExit runs a command that ends with an exit code: exits 4 cidrxctl unblock …
func wantExit(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	var exit *exec.ExitError
	if err := ts.Exec(args[1], args[2:]...); errors.As(err, &exit) {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit code is %d, want %d", got, want)
	}
}

// emit hands an event to whoever follows, and waits for one: emit event.json
func emit(ts *testscript.TestScript, _ bool, args []string) {
	var e control.Event
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &e))
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	defer cancel()
	ts.Check(agentOf(ts).Emit(ctx, e))
}

// waitFor waits for a file to hold a text: until out text
func waitFor(ts *testscript.TestScript, _ bool, args []string) {
	for end := time.Now().Add(deadline); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if text, err := os.ReadFile(ts.MkAbs(args[0])); err == nil && strings.Contains(string(text), args[1]) {
			return
		}
	}
	ts.Fatalf("%s never holds %s", args[0], args[1])
}

// allowedImports are the packages of ours that the command may have.
var allowedImports = []string{"cidrx/cmd/cidrxctl", "cidrx/cmd/cidrxctl/top", "cidrx/cmd/internal/term", "cidrx/agent/control", "cidrx/packaging/manual"}

// TestDependencies keeps the kernel and detection out of the command: it is for everybody to run.
func TestDependencies(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range strings.Fields(string(out)) {
		ours := strings.HasPrefix(path, "cidrx/")
		if ours && !slices.Contains(allowedImports, path) || strings.Contains(path, "netlink") || strings.Contains(path, "nftables") {
			t.Errorf("cidrxctl must not need %s", path)
		}
	}
	if !bytes.Contains(out, []byte("cidrx/agent/control\n")) {
		t.Errorf("this does not list dependencies:\n%s", out)
	}
}
