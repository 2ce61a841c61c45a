package doctor

import (
	"strconv"
	"strings"

	"cidrx/agent/control"
)

// What the agent needs at the least.
const (
	leastFiles     = 1024      // descriptors: logs, sockets, the state
	leastWatches   = 1024      // of inotify, shared by all programs of a user
	leastInstances = 32        //
	leastMemory    = 256 << 20 // bytes: windows of a busy host, and the state twice while it is read
)

// limits looks at what the kernel lets the agent have.
func (x *examination) limits() {
	x.openFiles()
	x.least("inotify watches", "/proc/sys/fs/inotify/max_user_watches", leastWatches, "sysctl fs.inotify.max_user_watches=65536; without, logs are looked at each second")
	x.least("inotify instances", "/proc/sys/fs/inotify/max_user_instances", leastInstances, "sysctl fs.inotify.max_user_instances=128; without, logs are looked at each second")
	x.memory()
	x.usage()
}

func (x *examination) openFiles() {
	pid, who := "self", "this process"
	if x.agent != nil {
		pid, who = x.agent.pid, "the agent"
	}
	text, err := x.sys.read("/proc/" + pid + "/limits")
	if err != nil {
		x.add(Unknown, "open files", "run doctor as root", "the limit of %s: %v", who, unwrapped(err))
		return
	}
	for line := range strings.Lines(text) {
		f := strings.Fields(strings.TrimPrefix(line, "Max open files"))
		if !strings.HasPrefix(line, "Max open files") || len(f) < 2 {
			continue
		}
		if n, err := strconv.Atoi(f[0]); err == nil && n < leastFiles {
			x.add(Warning, "open files", "LimitNOFILE=4096 in the unit", "%s may open %d files only", who, n)
		} else {
			x.ok("open files", "%s may open %s", who, f[0])
		}
	}
}

func (x *examination) least(check, path string, least int, advice string) {
	n, err := x.number(path)
	switch {
	case err != nil:
		x.add(Unknown, check, "", "%v", unwrapped(err))
	case n < least:
		x.add(Warning, check, advice, "only %d for each user", n)
	default:
		x.ok(check, "%d for each user", n)
	}
}

// memory compares what there is, by the host or by the agent's control group, with what windows may take.
func (x *examination) memory() {
	limit, from := x.totalMemory(), "the host has"
	if cgroup := x.groupLimit(); cgroup > 0 && (limit == 0 || cgroup < limit) {
		limit, from = cgroup, "the agent's control group has"
	}
	var windows uint64
	for _, s := range x.cfg.Live {
		windows += uint64(s.MaxEntries) * entryBytes
	}
	switch {
	case limit == 0:
		x.add(Unknown, "memory", "", "neither /proc/meminfo nor a limit can be read")
	case limit < leastMemory:
		x.add(Warning, "memory", "raise MemoryMax, or lower maxEntries of the strategies", "%s %d MiB; a busy host needs more", from, limit>>20)
	case windows+leastMemory/2 > limit:
		x.add(Warning, "memory", "lower maxEntries of the strategies, or give it more memory", "%s %d MiB; the windows of %d strategies may grow to %d MiB", from, limit>>20, len(x.cfg.Live), windows>>20)
	default:
		x.ok("memory", "%s %d MiB; the windows may grow to %d MiB", from, limit>>20, windows>>20)
	}
}

// usage says what the agent has nearly used up of what it may use, and whether its memory is limited as it should be: the collector works
// harder before the kernel ends the process.
func (x *examination) usage() {
	const nearly = 0.8
	for _, l := range x.used {
		if l.Most > 0 && float64(l.Now) >= nearly*float64(l.Most) {
			x.add(Warning, l.What, x.moreOf(l.What), "the agent uses %d of %d%s", l.Now, l.Most, x.only(l.Bytes, " bytes"))
		}
		if group := x.groupLimit(); l.What == control.Memory && group > 0 && (l.Most == 0 || l.Most >= group) {
			x.add(Warning, "memory", "Environment=GOMEMLIMIT= in the unit, at about two thirds of MemoryMax", "GOMEMLIMIT is not below the limit of the agent's control group (%d MiB): the kernel would end it without warning", group>>20)
		}
	}
}

// moreOf is how to raise a limit.
func (x *examination) moreOf(what string) string {
	switch what {
	case control.OpenFiles:
		return "raise LimitNOFILE in a drop-in of the unit, or follow fewer files"
	case control.Memory:
		return "raise GOMEMLIMIT and MemoryMax in a drop-in of the unit, or lower maxEntries of the strategies"
	}
	return "cidrxctl status shows whether it goes on: the kernel, or the host, is too slow for what comes in"
}

// entryBytes is about what an entry of a window takes where every one is of another host: itself and its place in the counts.
const entryBytes = 64

func (x *examination) totalMemory() uint64 {
	text, _ := x.sys.read("/proc/meminfo")
	for line := range strings.Lines(text) {
		if f := strings.Fields(line); len(f) > 1 && f[0] == "MemTotal:" {
			n, _ := strconv.ParseUint(f[1], 10, 54)
			return n << 10
		}
	}
	return 0
}

// groupLimit is the least memory.max of the agent's control groups (version 2), 0 if there is none.
func (x *examination) groupLimit() uint64 {
	if x.agent == nil {
		return 0
	}
	text, _ := x.sys.read("/proc/" + x.agent.pid + "/cgroup")
	_, group, ok := strings.Cut(strings.TrimSpace(text), "0::")
	if !ok {
		return 0
	}
	least := uint64(0)
	for dir := strings.TrimSpace(group); dir != "" && dir != "/"; dir = dir[:strings.LastIndexByte(dir, '/')] {
		max, _ := x.sys.read("/sys/fs/cgroup" + dir + "/memory.max")
		if n, err := strconv.ParseUint(strings.TrimSpace(max), 10, 64); err == nil && (least == 0 || n < least) {
			least = n
		}
		if !strings.Contains(dir, "/") {
			break
		}
	}
	return least
}
