package agent

import (
	"math"
	"os"
	"runtime/debug"
	runtimemetrics "runtime/metrics"

	"golang.org/x/sys/unix"

	"cidrx/agent/control"
)

// usage is what the process uses of what it may, as far as that can be read. It is not for the loop: it reads a directory.
func usage() []control.Limit {
	var list []control.Limit
	if l, ok := openFiles(); ok {
		list = append(list, l)
	}
	return append(list, memory())
}

// openFiles counts descriptors; see proc_pid_fd(5) and getrlimit(2).
func openFiles() (control.Limit, bool) {
	l := control.Limit{What: control.OpenFiles}
	dir, err := os.Open("/proc/self/fd")
	if err != nil {
		return l, false
	}
	defer dir.Close()
	names, err := dir.Readdirnames(-1)
	if err != nil {
		return l, false
	}
	var most unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &most); err != nil {
		return l, false
	}
	l.Now, l.Most = uint64(max(0, len(names)-1)), most.Cur // less the one that reads this
	return l, true
}

// memory is what the runtime holds, counted as GOMEMLIMIT counts.
func memory() control.Limit {
	l := control.Limit{What: control.Memory, Bytes: true}
	read := []runtimemetrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	runtimemetrics.Read(read)
	l.Now = read[0].Value.Uint64() - read[1].Value.Uint64()
	if most := debug.SetMemoryLimit(-1); most < math.MaxInt64 { // a negative one is only asked for
		l.Most = uint64(most)
	}
	return l
}

// queues are what waits, of what may.
func (a *Agent) queues() []control.Limit {
	list := []control.Limit{{What: "changes waiting for the kernel", Now: uint64(len(a.ledger.waiting)), Most: maxWaiting}}
	for _, s := range a.sources.list {
		if q, ok := s.follower.(queuer); ok {
			held, room := q.Queue()
			list = append(list, control.Limit{What: "datagrams waiting in source " + s.cfg.Name, Now: uint64(held), Most: uint64(room), Bytes: true})
		}
	}
	return list
}

// queuer is a follower that has to keep what it is sent.
type queuer interface {
	Queue() (held, room int) // bytes
}
