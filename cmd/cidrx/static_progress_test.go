package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// openTerminal makes a pseudoterminal of 80 columns (ptmx(4)).
func openTerminal(t *testing.T) (master, terminal *os.File) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	fd := int(master.Fd())
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0)
	}
	if err == nil {
		err = unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: 80})
	}
	if err == nil {
		terminal, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	return master, terminal
}

// TestProgress reads a log that comes slowly, with the terminal as standard error: something is shown, and taken away again.
func TestProgress(t *testing.T) {
	t.Parallel()
	master, terminal := openTerminal(t)
	var shown strings.Builder
	var reading sync.WaitGroup
	seen := make(chan struct{})
	reading.Go(func() {
		buf := make([]byte, 4096)
		for once := new(sync.Once); ; {
			n, err := master.Read(buf)
			shown.Write(buf[:n])
			if strings.Contains(shown.String(), "lines/s") {
				once.Do(func() { close(seen) })
			}
			if err != nil {
				return // EIO: nobody has it open any longer
			}
		}
	})
	cmd := exec.Command(filepath.Join(binaries, "cidrx"), "static", "--logfile", "-", "--clusterArgSets", "10,32,32,0.1", "--compact")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, terminal
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	terminal.Close()
	const line = `203.0.113.7 - - [01/May/2026:10:00:00 +0200] "GET / HTTP/1.1" 404 12 "-" "curl/8"` + "\n"
	io.WriteString(in, strings.Repeat(line, 1000))
	select {
	case <-seen:
	case <-time.After(storyDeadline):
		t.Error("nothing is shown")
	}
	in.Close()
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
	reading.Wait()
	master.Close()
	if !strings.HasSuffix(shown.String(), clearLine) || strings.Contains(shown.String(), "\n") {
		t.Errorf("not taken away: %q", shown.String())
	}
	if !strings.Contains(out.String(), `"total_requests":1000`) {
		t.Errorf("the report: %s", out.String())
	}
}

// TestProgressLine checks the words for a log of known size.
func TestProgressLine(t *testing.T) {
	p := &progress{logs: &wholeLogs{sized: true, size: 4 << 30}}
	p.logs.read.Store(1 << 30)
	p.Lines.Store(30_000_000)
	if got, want := p.line(10*time.Second), "1.0 GiB of 4.0 GiB, 25 %, 3,000,000 lines/s, 30s left"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	p.logs.read.Store(5 << 30) // it grew
	if got, want := p.line(10*time.Second), "5.0 GiB of 4.0 GiB, 100 %, 3,000,000 lines/s, 0s left"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	p.logs.sized = false
	p.logs.read.Store(1 << 20)
	if got, want := p.line(10*time.Second), "1 MiB, 3,000,000 lines/s"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
