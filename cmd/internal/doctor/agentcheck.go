package doctor

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"cidrx/agent/control"
)

// Version is the version of this program, which the agent's is compared with.
func Version() string { return control.Build().Version }

// agentProcess asks the agent how it is.
func (x *examination) agentProcess() {
	socket := x.cfg.Agent.Socket
	s, err := x.sys.Status(x.ctx, x.sys.path(socket))
	switch {
	case errors.Is(err, control.ErrForbidden):
		x.add(Unknown, "agent", "run doctor as root, or as a member of the group cidrx-read", "runs, but does not answer to this user")
	case err != nil && x.agent != nil:
		x.add(Problem, "agent", "see what it says: journalctl -u cidrx -n 50; is its agent.socket another one?", "process %s runs, but nobody answers at %s", x.agent.pid, socket)
	case errors.Is(err, control.ErrUnreachable) || err != nil && !x.sys.exists(socket):
		x.add(Warning, "agent", "systemctl start cidrx, or: cidrx agent", "is not running: nothing is detected, and running bans end by their timeouts")
	case err != nil:
		x.add(Problem, "agent", "systemctl restart cidrx", "answers with an error: %v", err)
	default:
		x.answered(s)
	}
}

func (x *examination) answered(s control.Status) {
	switch s.State {
	case "broken":
		x.add(Problem, "agent", "", "BROKEN: %s", s.Why)
	case "observing":
		x.ok("agent", "runs and observes: nobody is banned until 'cidrxctl mode enforce'")
	default:
		x.backend = s.Backend
		x.ok("agent", "runs and enforces with %s: %d IPv4 and %d IPv6 bans", s.Backend, s.Bans.IPv4, s.Bans.IPv6)
	}
	if own := Version(); s.Version != own {
		x.add(Warning, "version", "systemctl restart cidrx, so that what runs is what is installed", "the agent is %s, this program is %s", s.Version, own)
	}
	x.evictions(s.Evictions)
	x.sources = s.Sources
	x.used = s.Limits
}

// errorOf is what the agent says that a source suffers from.
func (x *examination) errorOf(name string) string {
	for _, src := range x.sources {
		if src.Name == name {
			return src.Error
		}
	}
	return ""
}

// saidOfSources is what the agent says of its sources, where looking at their logs has not found why.
func (x *examination) saidOfSources() {
	for _, src := range x.sources {
		check := "source " + src.Name
		switch {
		case src.Error != "" && !x.explained[src.Name]:
			x.add(Problem, check, "cidrxctl status", "the agent says: %s", src.Error)
		case src.Error == "" && src.Note != "" && !x.explained[src.Name]:
			x.add(Warning, check, "cidrxctl status", "the agent says: %s", src.Note)
		case src.LagS > 60:
			x.add(Warning, check, "is the host, or the disk, too busy? cidrxctl status shows the lag", "the agent is %.0f s behind", src.LagS)
		case src.OffsetS != 0 && !x.skewed[src.Name]:
			x.add(Warning, check, "set timezone of the source", "its stamps are %d s off; the agent corrects that", src.OffsetS)
		}
	}
}

// Less free space than this stops saving soon: the state of 100,000 bans, twice, and the audit trail.
const (
	leastBytes  = 256 << 20
	leastInodes = 100
)

// state looks at the directory of the state and that of the socket.
func (x *examination) state() {
	x.directory("state directory", x.cfg.Agent.StateDir, "StateDirectory=cidrx in the unit makes it; by hand: install -d -o "+x.account.name+" "+x.cfg.Agent.StateDir)
	dir := filepath.Dir(x.cfg.Agent.Socket)
	x.directory("socket directory", dir, "RuntimeDirectory=cidrx in the unit makes it; by hand: install -d -o "+x.account.name+" "+dir)
	disk, err := x.sys.Free(x.nearestAbove(x.cfg.Agent.StateDir))
	switch {
	case err != nil:
		x.add(Unknown, "disk", "", "free space: %v", err)
	case disk.Bytes < leastBytes:
		x.add(Warning, "disk", "make room: without, bans are in force but do not survive a restart", "only %d MiB are free for the state", disk.Bytes>>20)
	case !disk.Uncounted && disk.Inodes < leastInodes:
		x.add(Warning, "disk", "remove files, or move stateDir", "only %d more files fit on the disk of the state", disk.Inodes)
	default:
		x.ok("disk", "%d MiB free for the state", disk.Bytes>>20)
	}
}

// nearestAbove is where a directory lies, or would.
func (x *examination) nearestAbove(dir string) string {
	for dir != "/" && !x.sys.exists(dir) {
		dir = filepath.Dir(dir)
	}
	return x.sys.path(dir)
}

// directory looks whether the agent may write to a directory, and whether others may.
func (x *examination) directory(check, path, advice string) {
	info, err := os.Stat(x.sys.path(path))
	switch {
	case errors.Is(err, fs.ErrPermission):
		x.add(Unknown, check, "run doctor as root", "%s: may not be looked at", path)
		return
	case errors.Is(err, fs.ErrNotExist) && x.agent == nil:
		x.ok(check, "%s is not there yet: it is made at the start", path)
		return
	case err != nil:
		x.add(Problem, check, advice, "%s is not there", path)
		return
	case !info.IsDir():
		x.add(Problem, check, "move it away", "%s is not a directory", path)
		return
	}
	if at, err := x.barred(x.account, path, mayWrite|mayExecute); err == nil && at != "" {
		x.add(Problem, check, advice, "%s: %s may not write to it, because of %s", path, x.account.name, at)
		return
	}
	if st, ok := info.Sys().(*syscall.Stat_t); ok && (info.Mode()&0o002 != 0 && info.Mode()&fs.ModeSticky == 0 || st.Uid >= 1000 && int(st.Uid) != x.account.uid) {
		x.add(Warning, check, "chmod o-w "+path+"; chown "+x.account.name+" "+path, "%s: others may write to it (mode %04o, %s)", path, info.Mode().Perm(), x.userName(int(st.Uid)))
		return
	}
	x.ok(check, "%s", path)
}
