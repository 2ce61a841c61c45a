// Command ready measures how long a daemon takes from its start until it says READY=1 (sd_notify(3)), and fails if it is too long.
//
//	ready [-most 100ms] [-starts 10] -- COMMAND [ARGUMENT]...
package main

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

func main() {
	most := flag.Duration("most", 100*time.Millisecond, "what the quickest start may take")
	starts := flag.Int("starts", 10, "`number` of starts, at least 1")
	flag.Parse()
	if err := run(os.Stdout, *most, max(1, *starts), flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "ready:", err)
		os.Exit(1)
	}
}

// run prints the quickest and the middle one of several starts.
func run(w *os.File, most time.Duration, starts int, command []string) error {
	if len(command) == 0 {
		return errors.New("no command: it goes behind --")
	}
	var took []time.Duration
	for range starts {
		d, err := start(command)
		if err != nil {
			return err
		}
		took = append(took, d.Round(time.Millisecond/10))
	}
	slices.SortFunc(took, cmp.Compare)
	if took[0] > most {
		return fmt.Errorf("the quickest of %d starts took %v, more than %v; all: %v", starts, took[0], most, took)
	}
	fmt.Fprintf(w, "%v the quickest, %v the median of %d\n", took[0], took[starts/2], starts)
	return nil
}

// patience is how long a start may take before it is given up.
const patience = time.Minute

// start runs the command until it is ready, says how long that took, and ends it with SIGTERM.
func start(command []string) (time.Duration, error) {
	dir, err := os.MkdirTemp("", "ready")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	socket, err := listen(dir)
	if err != nil {
		return 0, err
	}
	defer socket.Close()

	var said strings.Builder
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Env = append(os.Environ(), "NOTIFY_SOCKET="+socket.LocalAddr().String())
	cmd.Stderr = &said
	begun := time.Now()
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	err = await(socket, "READY=1")
	took := time.Since(begun)
	_ = cmd.Process.Signal(syscall.SIGTERM) // an error means that it has ended, which Wait explains
	if err := errors.Join(err, cmd.Wait()); err != nil {
		return 0, fmt.Errorf("%s: %w; it said:\n%s", strings.Join(command, " "), err, said.String())
	}
	return took, nil
}

// listen opens a socket that commands of any user may write to.
func listen(dir string) (*net.UnixConn, error) {
	if err := os.Chmod(dir, 0o711); err != nil {
		return nil, err
	}
	path := filepath.Join(dir, "notify")
	socket, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		return nil, err
	}
	return socket, errors.Join(os.Chmod(path, 0o666), socket.SetReadDeadline(time.Now().Add(patience)))
}

// await reads until one of the notices is the wanted one.
func await(socket *net.UnixConn, want string) error {
	for b := make([]byte, 4096); ; {
		n, err := socket.Read(b)
		if err != nil {
			return fmt.Errorf("it did not say %s: %w", want, err)
		}
		if slices.Contains(strings.Split(string(b[:n]), "\n"), want) {
			return nil
		}
	}
}
