package tail

import "time"

// pass reads one buffer from each file that may have something, the older files of a target first. busy: there is more to read;
// starved: all buffers are out.
func (f *Follower) pass() (busy, starved bool) {
	f.passes++
	f.warming = f.warming && f.warmUpLeft()
	for i := 0; i < len(f.order) && f.err == nil; i++ {
		x := f.order[i]
		if !x.dirty || x.owner.pass == f.passes || f.warming && x.kind() != WarmUp {
			continue
		}
		if !f.acquire() {
			return true, true
		}
		f.readFile(x)
		if x.dirty {
			x.owner.pass = f.passes
			busy = true
		}
	}
	return busy || f.warming, false
}

// warmUpLeft says whether a file has warm-up left to read.
func (f *Follower) warmUpLeft() bool {
	for _, x := range f.order {
		if x.kind() == WarmUp && x.dirty {
			return true
		}
	}
	return false
}

// acquire makes sure that there is a buffer to read into, if one is free.
func (f *Follower) acquire() bool {
	if f.spare != nil {
		return true
	}
	select {
	case <-f.pool.tokens:
		f.spare = f.pool.take()
		return true
	default:
		return false
	}
}

// readFile hands out what one read finds.
func (f *Follower) readFile(x *file) {
	if x.headN == 0 && x.done() == 0 {
		f.meet(x)
	}
	kind := x.kind()
	lines, cut, err := x.read(f.spare)
	if err != nil && kind == WarmUp {
		x.jump(x.warmEnd) // the windows do without; the lines that count are tried again
		x.dirty = false
	}
	f.handOut(x, kind, lines, cut, err)
	if x.truncated {
		f.restart(x)
	}
}

// meet looks what an empty file, or one that was, begins with. Only its time says whether lines were written, copied and truncated
// since it was empty; if so, they are in the copy.
func (f *Follower) meet(x *file) {
	if _, err := x.look(); err != nil || x.mtime == x.met {
		return
	}
	x.met = x.mtime
	x.loadHead(0)
	f.missed(x.owner, f.started, time.Now())
	x.owner.again = true // it may happen once more before it is read
}

// lastLine hands out what follows the last newline of a file.
func (f *Follower) lastLine(x *file) {
	kind := x.kind()
	line, cut, err := x.lastLine()
	f.handOut(x, kind, line, cut, err)
}

// handOut emits lines just read from x, whose buffer is the spare one, or lines in memory of their own that count as one.
func (f *Follower) handOut(x *file, kind Kind, lines []byte, cut int, err error) {
	if err != nil && x.err == nil {
		f.log.Warn("log file cannot be read", "file", x.owner.path, "error", err)
	}
	x.err = err
	if len(lines) > 0 {
		x.busy = time.Now()
		c := Chunk{
			Path: x.owner.path, Data: lines, Kind: kind, Pos: x.position(), Cut: cut, Untrusted: x.untrusted,
			Release: f.pool.release(f.spare),
		}
		f.spare = nil
		f.send(c)
	}
	f.show(x)
}

// report emits where reading stands, without lines.
func (f *Follower) report(x *file) {
	f.send(Chunk{Path: x.owner.path, Kind: x.kind(), Pos: x.position(), Untrusted: x.untrusted, Release: func() {}})
}

// restart begins again with a file that was truncated. What was copied away before comes first. The head of what is in the file now is
// taken before the copies are looked for: so each of them is either there, or is a copy of just that.
func (f *Follower) restart(x *file) {
	now := time.Now()
	t := x.owner
	f.log.Info("truncated, reading from its beginning", "file", t.path, "was at", x.done())
	f.rememberCut(t, x.position())
	x.restart(now)
	f.missed(t, f.started, now)
	t.again = true
	f.report(x)
}
