package journal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

const (
	readSize = 64 << 10
	// maxEntry is the longest line of journalctl's that is read. A message of tail.MaxLine that is not UTF-8 takes four bytes each.
	maxEntry = 8 << 20
)

// run runs journalctl with more arguments and calls take with each entry until it returns false. What was taken has been flushed
// whenever it waits for more. nil says that take had enough, or that there were no more.
func (f *Follower) run(ctx context.Context, args []string, take func(*entry) bool) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	said := &complaints{report: f.complained}
	cmd := f.command(ctx, args)
	cmd.Stderr = said
	out, err := cmd.StdoutPipe()
	if err != nil {
		return fmt.Errorf("journalctl: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return cannotStart(err)
	}
	enough, readErr := f.read(out, take)
	if enough || readErr != nil {
		stop() // else it is ending, and has perhaps not yet said why
	}
	err = cmd.Wait()
	f.out.flush()
	switch {
	case enough:
		return nil
	case readErr != nil:
		return fmt.Errorf("journalctl: %w", readErr)
	}
	return ended(err, said.last())
}

// ended says how journalctl ended; nil if all was well. Some versions exit with 1 when they have found nothing.
func ended(how error, said string) error {
	code := new(exec.ExitError)
	if how == nil || said == "" && errors.As(how, &code) && code.ExitCode() == 1 {
		return nil
	}
	return &endedError{how, said}
}

// command is journalctl with its arguments; no shell has a part in it.
func (f *Follower) command(ctx context.Context, args []string) *exec.Cmd {
	argv := append(f.opt.Command[:len(f.opt.Command):len(f.opt.Command)], "--output=json", "--output-fields="+fields, "--all", "--no-pager")
	argv = append(argv, args...)
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Env = []string{"LC_ALL=C", "PATH=" + os.Getenv("PATH")}
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	cmd.WaitDelay = time.Second
	return cmd
}

// read reads entries until take returns false, which is enough, or the end.
func (f *Follower) read(out io.Reader, take func(*entry) bool) (enough bool, err error) {
	buf, have, skipping := make([]byte, readSize), 0, false
	var e entry
	for {
		n, err := out.Read(buf[have:])
		from, look := 0, have // what came before has no newline
		have += n
		for {
			end := bytes.IndexByte(buf[look:have], '\n')
			if end < 0 {
				break
			}
			line := buf[from : look+end]
			from, look = look+end+1, look+end+1
			if skipping {
				skipping = false
			} else if f.parse(&e, line) && !take(&e) {
				return true, nil
			}
		}
		if from > 0 {
			have = copy(buf, buf[from:have])
		}
		f.out.flush()
		if err != nil {
			return false, notEOF(err)
		}
		buf, have, skipping = f.makeRoom(buf, have, skipping)
	}
}

// makeRoom lets an entry of which there is no more than the beginning grow up to the limit; the rest of it is skipped then.
func (f *Follower) makeRoom(buf []byte, have int, skipping bool) ([]byte, int, bool) {
	switch {
	case skipping:
		return buf, 0, true
	case have < len(buf):
		return buf, have, false
	case have < maxEntry:
		return append(buf, make([]byte, len(buf))...), have, false
	}
	f.count(&f.huge)
	return make([]byte, readSize), 0, true
}

// parse reads one line of journalctl's; what is no entry is counted.
func (f *Follower) parse(e *entry, line []byte) bool {
	err := e.read(line)
	if err != nil {
		f.count(&f.garbled)
	}
	return err == nil
}

func notEOF(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, fs.ErrClosed) {
		return nil
	}
	return err
}

// cannotStart says why journalctl does not run.
func cannotStart(err error) error {
	switch {
	case errors.Is(err, exec.ErrNotFound), errors.Is(err, fs.ErrNotExist):
		return errors.New("journalctl is not installed (package systemd); install it, or name log files with paths")
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("journalctl may not be run by the agent's user: %w", err)
	}
	return fmt.Errorf("journalctl does not start: %w", err)
}

// endedError is how journalctl ended.
type endedError struct {
	how  error  // nil: with exit code 0
	said string // its last words
}

func (e *endedError) Error() string {
	if hint := permission(e.said); hint != "" {
		return hint
	}
	if strings.Contains(e.said, "No such boot ID") || strings.Contains(e.said, "No journal files were found") {
		return "the journal is empty; is systemd-journald running, and what is Storage= in journald.conf? (journalctl: " + e.said + ")"
	}
	how := "by itself"
	if e.how != nil {
		how = e.how.Error()
	}
	if e.said == "" {
		return "journalctl ended: " + how + "; it is started again"
	}
	return "journalctl ended: " + how + ": " + e.said + "; it is started again"
}

// refusedCursor says whether journalctl had no use for the cursor at all.
func refusedCursor(err error) bool {
	e := new(endedError)
	return errors.As(err, &e) && strings.Contains(e.said, "cursor")
}

// permission says what to do about a complaint of missing permissions; empty if it is no such complaint.
func permission(said string) string {
	if strings.Contains(said, "ermission") || strings.Contains(said, "not seeing messages") {
		return "the agent's user may not read the journal: usermod -aG systemd-journal cidrx, then systemctl restart cidrx (journalctl: " + said + ")"
	}
	return ""
}
