package parse_test

import (
	"net/netip"
	"regexp"
	"strings"
)

// Slow readers of the place where a format has the client's address.
var (
	haproxyField = regexp.MustCompile(`^(?:<\d*>)?(?:1 |[^"{]*?(?:haproxy|hapee)[^ ]*: *|[^"{]*?(?:haproxy|hapee)[^ ]* [^ ]+ [^ ]+ [^ ]+ )?([0-9a-fA-F:.\[\]%a-z]+):\d{1,5} \[`)
	albField     = regexp.MustCompile(`^[a-z0-9]+ [^ ]+ [^ ]+ ([^ ]+):\d{1,5} `)
	apacheField  = regexp.MustCompile(`^\[[^\]]+\] \[[^\]]+\] (?:\[pid [^\]]+\] )?\[client ([^\]]+)\] `)
)

// addressField returns the address in its place, the zero one if it does not stand there.
func addressField(format, line string) netip.Addr {
	re := map[string]*regexp.Regexp{"haproxy": haproxyField, "alb": albField, "apache-error": apacheField}[format]
	_, line = cutContainer(line)
	m := re.FindStringSubmatch(line)
	if m == nil {
		return netip.Addr{}
	}
	field := m[1]
	if format == "apache-error" {
		head, _, _ := strings.Cut(line, "[client ")
		if modular := strings.Contains(head, ":"+afterColon(head)); modular && strings.Count(field, ":") > 1 && field[0] != '[' && !strings.Contains(line, field+"] ModSecurity: ") {
			field = field[:strings.LastIndex(field, ":")]
		}
	}
	addr, _ := twinAddr(field)
	return addr
}

// afterColon is the level in "[TIME] [MODULE:LEVEL] ", which nothing before Apache 2.4 has; a text that is not there if there is none.
func afterColon(head string) string {
	_, level, _ := strings.Cut(head, "] [")
	level, _, _ = strings.Cut(level, "]")
	_, level, ok := strings.Cut(level, ":")
	if !ok {
		return "\x00"
	}
	return level + "]"
}

// cutContainer cuts the head of a container's line.
func cutContainer(line string) (head, rest string) {
	if f := strings.SplitN(line, " ", 4); len(f) == 4 && len(f[0]) > 10 && f[0][4] == '-' && f[0][10] == 'T' && strings.HasPrefix(f[1], "std") && f[2] == "F" {
		return strings.Join(f[:3], " "), f[3]
	}
	return "", line
}
