package doctor

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"cidrx/agent/config"
	"cidrx/agent/tail"
	"cidrx/cmd/internal/sample"
)

// maxLogs bounds the files that are looked at of one source.
const maxLogs = 20

// logs looks at every source that reads files.
func (x *examination) logs() {
	if !x.valid {
		x.add(Unknown, "logs", "mend the configuration", "not looked at: which there are is not known")
		return
	}
	for _, src := range x.cfg.Sources {
		switch {
		case x.inJournal(src): // see journal
		case src.Listen != config.Listen{}:
			x.listener(src)
		case len(src.Paths) == 1 && src.Paths[0] == "-":
			x.ok("source "+src.Name, "reads standard input")
		default:
			x.files(src)
		}
	}
}

// listener looks at a source that is sent to.
func (x *examination) listener(src config.Source) {
	check := "source " + src.Name
	x.queue(src)
	switch {
	case src.Listen.Network == "udp" && !src.Trust:
		x.explained[src.Name] = true
		x.add(Warning, check, "use unixgram, or trust = true where nobody else can send to it", "%s: UDP has no sender that could be believed, so it only observes", src.Listen)
	case x.agent == nil:
		x.ok(check, "%s: opened by the agent, which is not running", src.Listen)
	case src.Listen.Network == "unixgram" && !x.sys.exists(src.Listen.Address) && x.errorOf(src.Name) == "": // else that says why
		x.add(Problem, check, "see what the agent says: cidrxctl status", "%s is not there, though the agent runs", src.Listen.Address)
	default:
		x.ok(check, "%s", src.Listen)
	}
}

// files looks at the files of a source. One missing among others is how packages name logs of several systems.
func (x *examination) files(src config.Source) {
	found := 0
	var missing []string
	for _, pattern := range src.Paths {
		paths := current(x.sys.glob(pattern))
		if len(paths) == 0 {
			missing = append(missing, pattern)
		}
		for _, path := range paths {
			if found++; found <= maxLogs {
				x.log(src, path)
			}
		}
	}
	if found > maxLogs {
		x.add(Unknown, "source "+src.Name, "", "%d more files were not looked at", found-maxLogs)
	}
	x.explained[src.Name] = x.explained[src.Name] || found == 0
	switch {
	case found == 0 && x.unseen(missing):
		x.add(Unknown, "source "+src.Name, "run doctor as root", "%s: not there, or not to be seen by this user", strings.Join(missing, ", "))
	case found == 0:
		x.add(Warning, "source "+src.Name, x.missingAdvice(src), "%s: no such file, so nothing is read until there is", strings.Join(missing, ", "))
	case x.unseen(missing):
		x.add(Unknown, "source "+src.Name, "run doctor as root", "%s: not there, or not to be seen by this user; others of the source are", strings.Join(missing, ", "))
	case len(missing) > 0:
		x.ok("source "+src.Name, "%s: not there, others of the source are", strings.Join(missing, ", "))
	}
}

// unseen says that this process may not look where a file would be.
func (x *examination) unseen(paths []string) bool {
	for _, path := range paths {
		if _, err := os.ReadDir(x.sys.path(filepath.Dir(path))); errors.Is(err, fs.ErrPermission) {
			return true
		}
	}
	return false
}

// missingAdvice is what to do about a source without files.
func (x *examination) missingAdvice(src config.Source) string {
	if src.Format == "sshd" {
		if len(src.Journal) > 0 && x.journalKept() && !x.mayReadJournal() {
			return "there is a journal, which " + x.account.name + " may not read: SupplementaryGroups=systemd-journal in the unit"
		}
		if len(src.Journal) > 0 {
			return "does sshd run here? Where neither journal nor files are, as in a container, bind its log in, or leave the source out"
		}
		return `most hosts have it in the journal: journal = ["ssh.service", "sshd.service"] beside paths, as the package installs it`
	}
	return "where does the server log? nginx -T | grep access_log; name it in paths, or leave the source out"
}

// current leaves out compressed files, and rotated ones beside their log, as the agent does.
func current(paths []string) []string {
	var out []string
	for _, path := range paths {
		rotated := strings.HasSuffix(path, ".gz") || strings.HasSuffix(path, ".zst") || strings.HasSuffix(path, ".xz") || strings.HasSuffix(path, ".bz2")
		for _, other := range paths {
			rotated = rotated || other != path && (strings.HasPrefix(path, other+".") || strings.HasPrefix(path, other+"-"))
		}
		if !rotated {
			out = append(out, path)
		}
	}
	return out
}

// log looks at one file: may it be read, followed, believed; is it written; what do its last lines say.
func (x *examination) log(src config.Source, path string) {
	info, err := os.Stat(x.sys.path(path))
	if err != nil {
		x.add(Unknown, path, "run doctor as root", "may not be looked at: %v", unwrapped(err))
		return
	}
	if !x.readable(path) {
		x.explained[src.Name] = true
		return
	}
	if strings.HasPrefix(path, "/tmp/") && x.unit("cidrx.service")["PrivateTmp"] == "yes" {
		x.add(Problem, path, "log elsewhere, such as below /var/log, or PrivateTmp=no in a drop-in", "cidrx.service has a /tmp of its own and does not see it")
	}
	x.watchable(src, path)
	x.written(path, info)
	x.believed(src, path)
	x.rotation(path)
	lines, err := sample.Tail(x.sys.path(path))
	switch {
	case errors.Is(err, sample.ErrNoFile):
		x.add(Warning, path, "name regular files in paths", "is no regular file: it is not followed as a log is")
	case err != nil:
		x.add(Unknown, path, "run doctor as root, or as a member of the group adm", "its lines: %v", unwrapped(err))
	case len(lines) == 0:
		x.ok(path, "has no line yet")
	default:
		x.lines(src, path, lines, info.ModTime())
	}
}

// readable says whether the agent's user may read a file, and whose rights are missing where not.
func (x *examination) readable(path string) bool {
	at, err := x.barred(x.account, path, mayRead)
	switch {
	case err != nil:
		x.add(Unknown, path, "run doctor as root", "whether %s may read it: %v", x.account.name, unwrapped(err))
	case at == path:
		x.add(Problem, path, x.letRead(path), "%s may not read it (%s)", x.account.name, x.rights(path))
		return false
	case at != "":
		x.add(Problem, path, "setfacl -m u:"+x.account.name+":x "+at, "%s may not enter %s (%s)", x.account.name, at, x.rights(at))
		return false
	default:
		x.ok(path, "%s may read it", x.account.name)
	}
	return true
}

// letRead lets the agent's user read a log: this one, the directory for patterns, and the files that rotation will make there.
func (x *examination) letRead(path string) string {
	dir, user := filepath.Dir(path), "u:"+x.account.name
	return fmt.Sprintf("setfacl -m %s:r %s; setfacl -m %s:rx,d:%s:r %s (for the files to come); or let a group read it that the unit names (SupplementaryGroups=adm)",
		user, path, user, user, dir)
}

// rights of a file as ls shows them.
func (x *examination) rights(path string) string {
	info, err := os.Stat(x.sys.path(path))
	if err != nil {
		return "unknown"
	}
	uid, gid := ownerOf(info)
	return info.Mode().Perm().String() + " " + x.userName(uid) + ":" + x.groupName(gid)
}

// watchable says whether the kernel would tell the agent of new lines and of rotation. Without, it looks each second.
func (x *examination) watchable(src config.Source, path string) {
	dir := filepath.Dir(path)
	disk, err := x.sys.Free(x.sys.path(dir))
	at, denied := x.barred(x.account, dir, mayRead|mayExecute)
	switch {
	case denied == nil && at != "" && hasGlob(src.Paths, path):
		x.add(Problem, path, "setfacl -m u:"+x.account.name+":rx "+dir+", or name the file without * in paths", "%s may not list %s, so the pattern finds nothing", x.account.name, dir)
	case denied == nil && at != "":
		x.ok(path, "%s may not list %s: the file is looked at each second, new lines are not announced", x.account.name, dir)
	case err == nil && disk.Remote:
		x.add(Warning, path, "run cidrx where the file is written, or send the log over syslog", "lies on a network file system: it is looked at each second, and file locks and rotation may surprise")
	}
}

func hasGlob(patterns []string, path string) bool {
	for _, p := range patterns {
		if ok, _ := filepath.Match(p, path); ok && p != path {
			return true
		}
	}
	return false
}

// quietAfter is how long a busy log is never quiet.
const quietAfter = 24 * time.Hour

// written says when something was written last.
func (x *examination) written(path string, info fs.FileInfo) {
	age := x.sys.Now().Sub(info.ModTime())
	switch {
	case age > quietAfter:
		x.add(Warning, path, "does the server log elsewhere now? lsof "+path+"; systemctl reload the server after rotation", "nothing was written to it for %s (%d bytes)", span(age), info.Size())
	case age < time.Minute:
		x.ok(path, "is being written (%d bytes)", info.Size())
	default:
		x.ok(path, "was written %s ago (%d bytes)", span(age), info.Size())
	}
}

// believed says whether others than the system could write what the file says.
func (x *examination) believed(src config.Source, path string) {
	why, err := tail.Untrusted(x.sys.path(path))
	why = strings.ReplaceAll(why, x.sys.path("/")+"/", "/")
	switch {
	case err != nil || why == "" && !src.Trust:
	case why == "":
		x.ok(path, "only the system may write it: trust = true is not needed")
	case src.Trust:
		x.add(Warning, path, "whoever may write it can have anybody banned: chmod o-w, chown root", "is believed by trust = true, though %s", why)
	default:
		x.explained[src.Name] = true
		x.add(Warning, path, "chmod o-w and chown root what is named, or trust = true if those who may write are no danger", "only observes: %s", why)
	}
}

// rotation looks at older parts of a log, and at how they are made.
func (x *examination) rotation(path string) {
	older := append(x.sys.glob(escape(path)+".*"), x.sys.glob(escape(path)+"-*")...)
	if conf := x.copyTruncated(path); conf != "" {
		x.add(Warning, path, "take copytruncate out and have the server reopen its log in postrotate", "%s rotates it with copytruncate: lines written meanwhile are lost", conf)
	} else if len(older) > 0 {
		x.ok(path, "is rotated: %d older files beside it; it is read on through that", len(older))
	}
}

// copyTruncated names the file of logrotate(8) that copies a log and truncates it.
func (x *examination) copyTruncated(path string) string {
	for _, conf := range append([]string{"/etc/logrotate.conf"}, x.sys.glob("/etc/logrotate.d/*")...) {
		text, err := x.sys.read(conf)
		if err != nil {
			continue
		}
		for block := range strings.SplitSeq(text, "}") {
			names, body, ok := strings.Cut(block, "{")
			if ok && strings.Contains(uncommented(body), "copytruncate") && anyMatches(uncommented(names), path) {
				return conf
			}
		}
	}
	return ""
}

// uncommented takes comments out of a text of lines.
func uncommented(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if line, _, _ = strings.Cut(line, "#"); !strings.Contains(line, "nocopytruncate") {
			b.WriteString(line + "\n")
		}
	}
	return b.String()
}

func anyMatches(names, path string) bool {
	for name := range strings.FieldsSeq(names) {
		if ok, _ := filepath.Match(strings.Trim(name, `"'`), path); ok {
			return true
		}
	}
	return false
}

// escape makes a pattern that matches path alone.
func escape(path string) string {
	var b bytes.Buffer
	for i := range len(path) {
		if strings.IndexByte(`*?[\`, path[i]) >= 0 {
			b.WriteByte('\\')
		}
		b.WriteByte(path[i])
	}
	return b.String()
}

// unwrapped is an error without the path, which is named already.
func unwrapped(err error) error {
	if at := new(fs.PathError); errors.As(err, &at) {
		return at.Err
	}
	return err
}
