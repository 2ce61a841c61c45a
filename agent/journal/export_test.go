package journal

import "time"

// ReadEntry reads one line of journalctl's.
func ReadEntry(line []byte) (cursor string, at time.Time, message []byte, err error) {
	var e entry
	err = e.read(line)
	return e.cursor, e.time, e.message, err
}

// Line makes a line of one line of journalctl's.
func Line(line []byte) ([]byte, error) {
	var e entry
	if err := e.read(line); err != nil {
		return nil, err
	}
	out, _ := e.line(func([]byte) bool { return true })
	return out, nil
}

// OnMachine gives the host another name in its journal.
func (o Options) OnMachine(id string) Options {
	o.machine = id
	return o
}
