package doctor

import (
	"slices"
	"strings"

	"cidrx/agent/config"
)

// loginLogs looks at how sshd logs, if a source reads that.
func (x *examination) loginLogs() {
	if !slices.ContainsFunc(x.cfg.Sources, func(s config.Source) bool { return s.Format == "sshd" }) {
		return
	}
	files := append(x.sys.glob("/etc/ssh/sshd_config.d/*.conf"), "/etc/ssh/sshd_config")
	level, where := "", ""
	for _, path := range files { // the first value holds; see sshd_config(5). Debian includes the directory at the top
		text, err := x.sys.read(path)
		if err == nil && level == "" {
			level, where = firstSetting(text, "LogLevel"), path
		}
	}
	switch strings.ToUpper(level) {
	case "QUIET", "FATAL", "ERROR":
		x.add(Problem, "sshd", "LogLevel INFO in "+where+", then systemctl reload ssh", "LogLevel %s: it does not log failed logins", level)
	case "":
		if x.sys.exists("/etc/ssh/sshd_config") {
			x.ok("sshd", "logs at its usual level, which has the failed logins")
		}
	default:
		x.ok("sshd", "logs at level %s", level)
	}
}

// firstSetting is the first value of a keyword in a file of sshd, before any Match block.
func firstSetting(text, keyword string) string {
	for line := range strings.Lines(text) {
		f := strings.Fields(strings.ReplaceAll(line, "=", " "))
		switch {
		case len(f) > 0 && strings.EqualFold(f[0], "Match"):
			return ""
		case len(f) > 1 && strings.EqualFold(f[0], keyword):
			return strings.Trim(f[1], `"`)
		}
	}
	return ""
}
