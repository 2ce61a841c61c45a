package control_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"

	"cidrx/agent/control"
	"cidrx/agent/control/controltest"
)

// deadline is how long a test waits for what should come at once: generous, since nothing is measured.
const deadline = time.Minute

func TestMain(m *testing.M) {
	if path := os.Getenv("CONTROL_TEST_LISTEN"); path != "" {
		listenUntilKilled(path)
	}
	goleak.VerifyTestMain(m)
}

// listenUntilKilled is what the child of a test does.
func listenUntilKilled(path string) {
	l, err := control.Listen(path)
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println("listening")
	for {
		c, err := l.Accept()
		if err != nil {
			os.Exit(1)
		}
		c.Close()
	}
}

// openDir is a directory that every user may enter, unlike t.TempDir.
func openDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "cidrx-control-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// serve runs a server for agent until the test ends, and returns the path of its socket.
func serve(t testing.TB, agent control.Agent, o control.ServerOptions) (*control.Server, string) {
	t.Helper()
	path := filepath.Join(openDir(t), "s.sock")
	l, err := control.Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	s := control.NewServer(agent, o)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx, l) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	return s, path
}

func serveScript(t *testing.T, s controltest.Script) (*controltest.Agent, *control.Client) {
	t.Helper()
	agent := controltest.New(s)
	_, path := serve(t, agent, control.ServerOptions{})
	return agent, &control.Client{Socket: path}
}

func dial(t *testing.T, path string) net.Conn {
	t.Helper()
	c, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if err := c.SetDeadline(time.Now().Add(deadline)); err != nil {
		t.Fatal(err)
	}
	return c
}

// until waits for a condition that comes true by itself.
func until(t *testing.T, what string, true func() bool) {
	t.Helper()
	for end := time.Now().Add(deadline); !true(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("never: %s", what)
		}
	}
}
