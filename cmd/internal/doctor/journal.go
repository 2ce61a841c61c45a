package doctor

import (
	"cmp"
	"slices"
	"strings"

	"cidrx/agent/config"
)

// journal looks at systemd's journal, if a source reads it.
func (x *examination) journal() {
	var names []string
	onlyLogins := true
	for _, src := range x.cfg.Sources {
		if x.inJournal(src) {
			names = append(names, src.Name)
			onlyLogins = onlyLogins && src.Format == "sshd"
		}
	}
	if len(names) == 0 {
		return
	}
	if _, ok := x.sys.Program("journalctl"); !ok {
		x.explain(names)
		x.add(Problem, "journal", "install systemd's journalctl, or have the logs written to files", "source %s reads the journal, but there is no journalctl", strings.Join(names, ", "))
		return
	}
	if !x.journalRights() {
		x.explain(names)
	}
	conf := x.journalSettings()
	if !x.journalStorage(conf["Storage"]) {
		x.explain(names)
	}
	x.journalRate(conf, onlyLogins)
}

// inJournal says whether a source reads the journal. One that has files as well reads them where the journal cannot be read.
func (x *examination) inJournal(src config.Source) bool {
	if len(src.Journal) == 0 || len(src.Paths) == 0 {
		return len(src.Journal) > 0
	}
	_, ok := x.sys.Program("journalctl")
	return ok && x.mayReadJournal() && x.journalKept()
}

// journalKept says that there are files of the journal.
func (x *examination) journalKept() bool {
	return len(x.sys.glob("/var/log/journal/*/*.journal"))+len(x.sys.glob("/run/log/journal/*/*.journal")) > 0
}

// journalSettings reads journald.conf(5) and its drop-ins.
func (x *examination) journalSettings() map[string]string {
	files := []string{"/usr/lib/systemd/journald.conf", "/etc/systemd/journald.conf"}
	for _, dir := range []string{"/usr/lib/systemd", "/run/systemd", "/etc/systemd"} {
		files = append(files, x.sys.glob(dir+"/journald.conf.d/*.conf")...)
	}
	return x.settings(files)
}

func (x *examination) mayReadJournal() bool {
	mayRead := x.account.uid == 0
	for _, group := range []string{"systemd-journal", "adm", "wheel"} { // see journalctl(1)
		for _, id := range x.groupIDs(group, "") {
			mayRead = mayRead || slices.Contains(x.account.groups, id)
		}
	}
	return mayRead
}

// explain notes that nothing comes from these sources, and why.
func (x *examination) explain(sources []string) {
	for _, name := range sources {
		x.explained[name] = true
	}
}

func (x *examination) journalRights() bool {
	if !x.mayReadJournal() {
		x.add(Problem, "journal", "SupplementaryGroups=systemd-journal in the unit (or adm)", "%s may not read it", x.account.name)
		return false
	}
	x.ok("journal", "%s may read it", x.account.name)
	return true
}

func (x *examination) journalStorage(storage string) bool {
	persistent, volatile := x.sys.exists("/var/log/journal"), x.sys.exists("/run/log/journal")
	switch {
	case storage == "none" || !persistent && !volatile:
		x.add(Problem, "journal", "is systemd-journald running? Storage=auto or persistent in journald.conf", "nothing is kept (Storage=%s), so nothing can be read", storage)
		return false
	case !persistent || storage == "volatile":
		x.ok("journal", "is kept in memory: what was not read before a reboot is lost; mkdir /var/log/journal keeps it")
	default:
		x.ok("journal", "is kept on disk")
	}
	return true
}

// journalRate says what journald drops of a service that writes much; the defaults are 10,000 messages in 30 s. sshd
// hardly reaches that: it refuses connections before (MaxStartups).
func (x *examination) journalRate(conf map[string]string, onlyLogins bool) {
	const usualBurst, usualInterval = "10000", "30s"
	burst, interval := cmp.Or(conf["RateLimitBurst"], usualBurst), cmp.Or(conf["RateLimitIntervalSec"], usualInterval)
	if burst == "0" || interval == "0" || interval == "0s" {
		x.ok("journal", "has no rate limit: every message of an attack is kept")
		return
	}
	if onlyLogins && burst == usualBurst && interval == usualInterval {
		x.ok("journal", "drops what a service writes beyond %s messages in %s, which sshd hardly reaches", burst, interval)
		return
	}
	x.add(Warning, "journal", "LogRateLimitIntervalSec=0 in a drop-in of the service that is read (systemctl edit ssh)",
		"drops what a service writes beyond %s messages in %s, more if the disk has room: in a flood of logins attempts go unseen", burst, interval)
}
