package bench

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"syscall"
	"testing"
	"time"

	"cidrx/cmd/internal/rig"
)

// Whole processes are measured by a process in between, this program started again. For a child's peak memory the kernel counts what
// its parent had when it forked, too (exec_mmap in fs/exec.c), and the benchmarks' own process has hundreds of megabytes by then.

// measureVariable is set in the environment of the process in between.
const measureVariable = "CIDRX_BENCH_MEASURE"

// measured is what a run of a command took.
type measured struct {
	Wall time.Duration
	CPU  time.Duration // of all its threads, user and system
	Peak int64         // resident at most, bytes
}

// measure runs a command on so many cores, and returns what it took and what it wrote.
func measure(b *testing.B, cores int, command ...string) (measured, []byte) {
	b.Helper()
	self, err := os.Executable()
	must(b, err)
	r, w, err := os.Pipe()
	must(b, err)
	defer r.Close()
	cmd := exec.Command(self, append([]string{strconv.Itoa(cores)}, command...)...)
	cmd.Env = append(os.Environ(), measureVariable+"=1")
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr, cmd.ExtraFiles = &out, &errs, []*os.File{w}
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	err = cmd.Run()
	w.Close()
	if err != nil {
		b.Fatalf("%v: %v\n%s", command, err, errs.String())
	}
	var m measured
	must(b, json.NewDecoder(r).Decode(&m))
	return m, out.Bytes()
}

// runMeasured is the process in between. It returns the exit code.
func runMeasured(args []string) int {
	m, err := measureHere(args)
	if err == nil {
		err = json.NewEncoder(os.NewFile(3, "result")).Encode(m)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// measureHere runs args[1:] on args[0] cores.
func measureHere(args []string) (measured, error) {
	n, err := strconv.Atoi(args[0])
	if err != nil {
		return measured{}, err
	}
	cmd := exec.Command(args[1], args[2:]...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	runtime.LockOSThread() // for onFirst, and for Pdeathsig, which is about the thread
	start := time.Now()
	if err := rig.OnFirst(n, cmd.Start); err != nil {
		return measured{}, err
	}
	err = cmd.Wait()
	took := time.Since(start)
	if err != nil {
		return measured{}, err
	}
	s := cmd.ProcessState
	usage, ok := s.SysUsage().(*syscall.Rusage)
	if !ok {
		return measured{}, fmt.Errorf("%s: no resource usage", args[1])
	}
	return measured{Wall: took, CPU: s.UserTime() + s.SystemTime(), Peak: usage.Maxrss << 10}, nil
}
