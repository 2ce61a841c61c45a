package doctor

import (
	"slices"
	"strings"
)

// journal looks at systemd's journal, if a source reads it.
func (x *examination) journal() {
	var names []string
	for _, src := range x.cfg.Sources {
		if len(src.Journal) > 0 {
			names = append(names, src.Name)
		}
	}
	if len(names) == 0 {
		return
	}
	if _, ok := x.sys.Program("journalctl"); !ok {
		x.add(Problem, "journal", "install systemd's journalctl, or have the logs written to files", "source %s reads the journal, but there is no journalctl", strings.Join(names, ", "))
		return
	}
	x.journalRights()
	conf := x.journalSettings()
	x.journalStorage(conf["Storage"])
	x.journalRate(conf)
}

// journalSettings reads journald.conf(5) and its drop-ins.
func (x *examination) journalSettings() map[string]string {
	files := []string{"/usr/lib/systemd/journald.conf", "/etc/systemd/journald.conf"}
	for _, dir := range []string{"/usr/lib/systemd", "/run/systemd", "/etc/systemd"} {
		files = append(files, x.sys.glob(dir+"/journald.conf.d/*.conf")...)
	}
	return x.settings(files)
}

func (x *examination) journalRights() {
	mayRead := x.account.uid == 0
	for _, group := range []string{"systemd-journal", "adm", "wheel"} { // see journalctl(1)
		for _, id := range x.groupIDs(group, "") {
			mayRead = mayRead || slices.Contains(x.account.groups, id)
		}
	}
	if !mayRead {
		x.add(Problem, "journal", "SupplementaryGroups=systemd-journal in the unit (or adm)", "%s may not read it", x.account.name)
		return
	}
	x.ok("journal", "%s may read it", x.account.name)
}

func (x *examination) journalStorage(storage string) {
	persistent, volatile := x.sys.exists("/var/log/journal"), x.sys.exists("/run/log/journal")
	switch {
	case storage == "none" || !persistent && !volatile:
		x.add(Problem, "journal", "is systemd-journald running? Storage=auto or persistent in journald.conf", "nothing is kept (Storage=%s), so nothing can be read", storage)
	case !persistent || storage == "volatile":
		x.ok("journal", "is kept in memory: what was not read before a reboot is lost; mkdir /var/log/journal keeps it")
	default:
		x.ok("journal", "is kept on disk")
	}
}

// journalRate says what journald drops of a service that writes much; the defaults are 10,000 messages in 30 s.
func (x *examination) journalRate(conf map[string]string) {
	burst, interval := conf["RateLimitBurst"], conf["RateLimitIntervalSec"]
	if burst == "" {
		burst = "10000"
	}
	if interval == "" {
		interval = "30s"
	}
	if burst == "0" || interval == "0" || interval == "0s" {
		x.ok("journal", "has no rate limit: every message of an attack is kept")
		return
	}
	x.add(Warning, "journal", "LogRateLimitIntervalSec=0 in a drop-in of the service that is read (systemctl edit ssh)",
		"drops what a service writes beyond %s messages in %s, more if the disk has room: in a flood of logins attempts go unseen", burst, interval)
}
