package doctor

import (
	"os"
	"strings"

	"cidrx/agent/config"
)

// clock looks at the host's clock and zone.
func (x *examination) clock() {
	synced, err := x.sys.Synced()
	switch {
	case err != nil:
		x.add(Unknown, "clock", "", "whether it is kept right: %v", err)
	case !synced:
		x.add(Warning, "clock", "timedatectl set-ntp true (systemd-timesyncd or chrony)", "nobody keeps it right (the kernel says unsynchronised): logs of other hosts, and the ends of bans, are off as it is")
	default:
		x.ok("clock", "is kept right (NTP)")
	}
	for _, src := range x.cfg.Sources {
		if x.zoneless(src) {
			x.ok("time zone", "source %s has stamps without a zone (%s), taken to be in %s", src.Name, src.Format, x.zone(src))
		}
	}
}

// zoneless says that a format's stamps have no zone.
func (x *examination) zoneless(src config.Source) bool {
	switch src.Format {
	case "nginx-error", "apache-error", "haproxy":
		return true
	}
	return src.Format == "sshd" && !x.inJournal(src)
}

// zone names the zone of a source.
func (x *examination) zone(src config.Source) string {
	if src.Timezone != nil {
		return src.Timezone.String()
	}
	if name, err := x.sys.read("/etc/timezone"); err == nil {
		return strings.TrimSpace(name) + ", the host's"
	}
	if target, err := os.Readlink(x.sys.path("/etc/localtime")); err == nil {
		if _, name, ok := strings.Cut(target, "zoneinfo/"); ok {
			return name + ", the host's"
		}
	}
	return "UTC, the host's"
}
