package doctor

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"cidrx/agent/config"
)

// process is one of this host, or container, as /proc shows it.
type process struct {
	pid    string
	name   string   // of its program, at most 15 bytes (proc_pid_comm(5))
	args   []string // empty for threads of the kernel
	status map[string]string
}

// maxProcesses bounds how many are looked at.
const maxProcesses = 1 << 16

// processes lists what runs. What ends meanwhile is left out.
func (s *System) processes() []process {
	entries, err := os.ReadDir(s.path("/proc"))
	if err != nil {
		return nil
	}
	var all []process
	for _, e := range entries {
		if _, err := strconv.Atoi(e.Name()); err != nil || len(all) == maxProcesses {
			continue
		}
		name, err := s.read(filepath.Join("/proc", e.Name(), "comm"))
		if err != nil {
			continue
		}
		p := process{pid: e.Name(), name: strings.TrimSuffix(name, "\n")}
		if args, err := s.read(filepath.Join("/proc", p.pid, "cmdline")); err == nil {
			p.args = strings.Split(strings.TrimSuffix(args, "\x00"), "\x00")
		}
		all = append(all, p)
	}
	return all
}

// running is the first process whose program has one of the names, or, for scripts, runs a file of that name.
func (x *examination) running(names ...string) (process, bool) {
	for _, p := range x.processes {
		for _, name := range names {
			if p.name == name[:min(len(name), 15)] || len(p.args) > 1 && filepath.Base(p.args[1]) == name {
				return p, true
			}
		}
	}
	return process{}, false
}

// findAgent is the agent that runs in this network namespace by the configuration that is looked at.
func (x *examination) findAgent() *process {
	for _, p := range x.processes {
		if p.isAgent() && x.sameNetwork(p) && x.sameConfiguration(p) {
			p.status = x.sys.status(p.pid)
			return &p
		}
	}
	return nil
}

func (p process) isAgent() bool {
	return p.name == "cidrx" && len(p.args) > 1 && (p.args[1] == "agent" || p.args[1] == "live")
}

// sameNetwork says that a process is in our network namespace, or that this cannot be seen.
func (x *examination) sameNetwork(p process) bool {
	own, err1 := os.Readlink(x.sys.path("/proc/self/ns/net"))
	its, err2 := os.Readlink(x.sys.path("/proc/" + p.pid + "/ns/net"))
	return err1 != nil || err2 != nil || own == its
}

// sameConfiguration says that an agent was started with the configuration that is looked at.
func (x *examination) sameConfiguration(p process) bool {
	file := config.DefaultFile
	for i, arg := range p.args {
		if value, ok := strings.CutPrefix(arg, "--config="); ok {
			file = value
		} else if arg == "--config" && i+1 < len(p.args) {
			file = p.args[i+1]
		}
	}
	return !x.valid || len(x.cfg.Files) == 0 || filepath.Base(file) == filepath.Base(x.cfg.Files[0]) && sameDirectory(file, x.cfg.Files[0])
}

// sameDirectory compares where both are known from the root on; a relative path is relative to where its process was started.
func sameDirectory(a, b string) bool {
	return !filepath.IsAbs(a) || !filepath.IsAbs(b) || filepath.Dir(filepath.Clean(a)) == filepath.Dir(filepath.Clean(b))
}

// status reads /proc/PID/status.
func (s *System) status(pid string) map[string]string {
	text, err := s.read(filepath.Join("/proc", pid, "status"))
	if err != nil {
		return nil
	}
	fields := map[string]string{}
	for line := range bytes.Lines([]byte(text)) {
		if key, value, ok := strings.Cut(string(line), ":"); ok {
			fields[key] = strings.TrimSpace(value)
		}
	}
	return fields
}
