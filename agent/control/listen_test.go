package control_test

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"cidrx/agent/control"
)

func TestListenMakesASocketForEverybody(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s.sock")
	l, err := control.Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Lstat(path)
	if err != nil {
		t.Fatal(err)
	}
	if want := os.ModeSocket | 0o666; info.Mode() != want {
		t.Errorf("mode is %v, want %v", info.Mode(), want)
	}
	if err := errors.Join(l.Close(), l.Close()); err != nil {
		t.Error(err)
	}
	if left, _ := os.ReadDir(filepath.Dir(path)); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestListenAfterKill(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s.sock")
	kill, pid := listenInChild(t, path)

	_, err := control.Listen(path)
	if !errors.Is(err, control.ErrInUse) || !strings.Contains(err.Error(), fmt.Sprintf("process %d;", pid)) {
		t.Errorf("error is %v, want ErrInUse naming process %d", err, pid)
	}
	kill()
	if _, err := os.Lstat(path); err != nil {
		t.Fatalf("the child took its socket along: %v", err)
	}
	l, err := control.Listen(path)
	if err != nil {
		t.Fatalf("stale socket not replaced: %v", err)
	}
	defer l.Close()
	go func() {
		if c, err := l.Accept(); err == nil {
			c.Close()
		}
	}()
	dial(t, path)
}

// listenInChild returns what kills the child.
func listenInChild(t *testing.T, path string) (kill func(), pid int) {
	t.Helper()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), "CONTROL_TEST_LISTEN="+path)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	kill = sync.OnceFunc(func() {
		child.Process.Kill()
		child.Wait()
	})
	t.Cleanup(kill)
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "listening\n" {
		t.Fatalf("child says %q, %v", line, err)
	}
	return kill, child.Process.Pid
}

// A listener that knows nothing of our lock is respected too.
func TestListenRespectsStrangers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s.sock")
	stranger, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer stranger.Close()
	_, err = control.Listen(path)
	if want := fmt.Sprintf("process %d;", os.Getpid()); !errors.Is(err, control.ErrInUse) || !strings.Contains(err.Error(), want) {
		t.Errorf("error is %v, want ErrInUse with %q", err, want)
	}
	if _, err := os.Lstat(path); err != nil {
		t.Errorf("the stranger's socket is gone: %v", err)
	}
}

func TestListenRemovesNothingElse(t *testing.T) {
	tests := []struct {
		name string
		make func(t *testing.T, path string) error
		want string
	}{
		{"file", func(_ *testing.T, p string) error { return os.WriteFile(p, []byte("precious"), 0o600) }, "something else"},
		{"directory", func(_ *testing.T, p string) error { return os.Mkdir(p, 0o700) }, "something else"},
		{"named pipe", func(_ *testing.T, p string) error { return unix.Mkfifo(p, 0o600) }, "something else"},
		{"symbolic link", func(_ *testing.T, p string) error { return os.Symlink("/nonexistent", p) }, "something else"},
		{"datagram socket", bindDatagram, "held by another process"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "s.sock")
			if err := tt.make(t, path); err != nil {
				t.Fatal(err)
			}
			before, err := os.Lstat(path)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := control.Listen(path); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error is %v, want %q", err, tt.want)
			}
			after, err := os.Lstat(path)
			if err != nil || !os.SameFile(before, after) {
				t.Errorf("it was touched: %v", err)
			}
		})
	}
}

// bindDatagram makes a socket whose owner is alive and cannot be connected to as a stream.
func bindDatagram(t *testing.T, path string) error {
	c, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err == nil {
		t.Cleanup(func() { c.Close() })
	}
	return err
}

func TestListenSaysWhatToDo(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct{ name, path, want, next string }{
		{"no directory", filepath.Join(dir, "none", "s.sock"), "there is no directory", "install -d"},
		{"directory is a file", filepath.Join(file, "s.sock"), "is not a directory", "agent.socket"},
		{"too long", filepath.Join(dir, strings.Repeat("x", 120)), "longer than the 107 bytes", "shorter"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := control.Listen(tt.path)
			if err == nil {
				t.Fatal("no error")
			}
			message, next := control.Advice(err)
			if !strings.Contains(message, tt.want) || !strings.Contains(next, tt.next) {
				t.Errorf("got %q, %q; want %q, %q", message, next, tt.want, tt.next)
			}
		})
	}
}

func TestCloseRemovesOnlyItsOwn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s.sock")
	l, err := control.Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	other, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Lstat(path); err != nil {
		t.Errorf("somebody else's socket is gone: %v", err)
	}
}

// Many start at once, over and over, with a stale socket in the way: one wins each time, and is the one that answers.
func TestListenRace(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s.sock")
	for range 50 {
		leaveStale(t, path)
		won := startTogether(t, path, 8)
		if len(won) != 1 {
			t.Fatalf("%d of 8 listen, want 1", len(won))
		}
		dial(t, path)
		if err := won[0].Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func leaveStale(t *testing.T, path string) {
	t.Helper()
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	l.Close()
}

func startTogether(t *testing.T, path string, n int) (won []net.Listener) {
	t.Helper()
	var mu sync.Mutex
	var all sync.WaitGroup
	for range n {
		all.Go(func() {
			l, err := control.Listen(path)
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				won = append(won, l)
			} else if !errors.Is(err, control.ErrInUse) {
				t.Errorf("loser's error is %v, want ErrInUse", err)
			}
		})
	}
	all.Wait()
	return won
}
