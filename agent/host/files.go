package host

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// Where resolvers are written down. Those of a local stub are in files of its own.
var resolvConfs = []string{"/etc/resolv.conf", "/run/systemd/resolve/resolv.conf", "/run/NetworkManager/no-stub-resolv.conf"}

const (
	utmpPath     = "/run/utmp"
	sessionsPath = "/run/systemd/sessions"

	maxFile     = 4 << 20 // more is not read
	maxSessions = 10_000
)

// readFiles reads resolvers and login sessions. A file that is not there has nothing to say.
func (r *Reader) readFiles(p *parts) error {
	var facts Facts
	var errs []error
	for _, path := range resolvConfs {
		text, err := r.read(path)
		errs = append(errs, err)
		for _, addr := range parseResolvConf(text) {
			facts.add(addr, Resolver, "resolver ("+path+")")
		}
	}
	records, err := r.read(utmpPath)
	logins := parseUtmp(records, thisUtmp())
	sessions, errSessions := r.sessions()
	for _, l := range append(logins, sessions...) {
		facts.add(l.From, Login, "login of "+l.User)
	}
	p.files = facts
	return errors.Join(append(errs, err, errSessions)...)
}

// sessions reads the session files of logind.
func (r *Reader) sessions() (logins []login, err error) {
	entries, err := os.ReadDir(filepath.Join(r.o.Root, sessionsPath))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	errs := []error{err}
	for _, e := range entries[:min(len(entries), maxSessions)] {
		if !e.Type().IsRegular() { // beside each session there is a fifo
			continue
		}
		text, err := r.read(filepath.Join(sessionsPath, e.Name()))
		errs = append(errs, err)
		if l, ok := parseSession(text); ok {
			logins = append(logins, l)
		}
	}
	return logins, errors.Join(errs...)
}

// read reads a file; nothing if there is none.
func (r *Reader) read(path string) ([]byte, error) {
	f, err := os.OpenFile(filepath.Join(r.o.Root, path), os.O_RDONLY|unix.O_NONBLOCK, 0) // a fifo would make us wait
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxFile))
}
