//go:build linux

package ipset

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"

	"github.com/vishvananda/netns"
)

// childPatience is how long a program may take before it is ended; 100,000 elements take half a second.
const childPatience = 2 * time.Minute

// maxSaid is how much of a program's complaint is kept.
const maxSaid = 4096

// findProgram looks for a program in PATH, and where administrators' programs are if a service has no such PATH.
func findProgram(name string) (string, error) {
	path, err := exec.LookPath(name)
	if err == nil {
		return path, nil
	}
	for _, dir := range []string{"/usr/sbin", "/sbin", "/usr/local/sbin"} {
		if path, err := exec.LookPath(dir + "/" + name); err == nil {
			return path, nil
		}
	}
	return "", err
}

// inside runs do on a thread in the network namespace of the options: a child lives where the thread that starts it does.
func (o Options) inside(do func() error) (err error) {
	if o.Netns == 0 {
		return do()
	}
	runtime.LockOSThread()
	home, err := netns.Get()
	if err != nil {
		runtime.UnlockOSThread()
		return fmt.Errorf("find the current network namespace: %w", err)
	}
	defer func() {
		back := netns.Set(home)
		if back == nil {
			runtime.UnlockOSThread() // otherwise the thread ends with its goroutine, and nobody else runs on it
		}
		err = errors.Join(err, back, home.Close())
	}()
	if err := netns.Set(netns.NsHandle(o.Netns)); err != nil {
		return fmt.Errorf("enter the network namespace: %w", err)
	}
	return do()
}

// ipset runs the program ipset, with stdin as its standard input if not nil, and gives each line that it prints to line. A call that was begun is
// not cut short by ctx: half a change helps nobody.
func (f *Firewall) ipset(ctx context.Context, stdin *os.File, line func(string) error, args ...string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), childPatience)
	defer cancel()
	cmd := exec.CommandContext(ctx, f.program, args...)
	said := &complaint{}
	cmd.Stderr = said
	if stdin != nil {
		cmd.Stdin = stdin
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := f.o.inside(cmd.Start); err != nil {
		return fmt.Errorf("start %s: %w", f.program, err)
	}
	wrong := eachLine(out, line)
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("ipset %s: %w: %s", strings.Join(args, " "), err, said)
	}
	return wrong
}

// eachLine reads all lines; after an error of line it reads on, so that the writer comes to its end.
func eachLine(r io.Reader, line func(string) error) error {
	var wrong error
	s := bufio.NewScanner(r)
	for s.Scan() {
		if wrong == nil && line != nil {
			wrong = line(s.Text())
		}
	}
	return errors.Join(wrong, s.Err())
}

// complaint keeps the beginning of what a program complains about, in one line.
type complaint struct{ text []byte }

func (t *complaint) Write(p []byte) (int, error) {
	t.text = append(t.text, p[:min(len(p), maxSaid-len(t.text))]...)
	return len(p), nil
}

func (t *complaint) String() string { return strings.Join(strings.Fields(string(t.text)), " ") }
