package static

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net/netip"
	"strings"
	"time"

	"cidrx/detect/cidr"
	"cidrx/detect/match"
)

// memory is a log in memory: mapped if it can be read again, as files are.
func memory(name string, again bool, content []byte) Log {
	return Log{
		Name: name, Again: again, Written: noon,
		Open: func() (io.ReadCloser, error) {
			if again {
				return newMapping(content), nil
			}
			return io.NopCloser(bytes.NewReader(content)), nil
		},
	}
}

var noon = time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)

// randomAddr is one of a few hundred addresses in a few networks, of all families.
func randomAddr(r *rand.Rand) string {
	near := r.IntN(1 << r.IntN(9))
	switch r.IntN(12) {
	case 0:
		return fmt.Sprintf("2001:db8:%x::%x", near, r.IntN(3))
	case 1:
		return fmt.Sprintf("64:ff9b::c000:%x", 0x200+near)
	case 2:
		return fmt.Sprintf("::ffff:192.0.2.%d", near)
	case 3:
		return fmt.Sprintf("0.0.0.%d", near)
	case 4:
		return fmt.Sprintf("10.%d.0.%d", r.IntN(256), near)
	}
	return fmt.Sprintf("198.51.100.%d", near)
}

var (
	randomAgents  = []string{"Mozilla/5.0 (X11; Linux)", "curl/8.1", "nikto/2.5", "-", "", "sqlmap/1.7 x", "GoodBot/2.1", `x\x22y`, "BadBot"}
	randomTargets = []string{"/", "/api/v1/users", "/%61pi/x", "//api//y", "/login", "/wp-login.php?x=1", "http://h/api/z", `/\x22api`}
)

// randomLine is a line that one of the web server's presets may accept.
func randomLine(r *rand.Rand) string {
	at := noon.Add(time.Duration(r.IntN(7200)-3600) * time.Second)
	if r.IntN(200) == 0 {
		at = []time.Time{time.Unix(0, 0), time.Unix(-5000, 0), time.Date(2300, 1, 1, 0, 0, 0, 0, time.UTC)}[r.IntN(3)]
	}
	method := []string{"GET", "POST", "HEAD"}[r.IntN(3)]
	line := fmt.Sprintf(`%s - - [%s] "%s %s HTTP/1.1" %d %d "-" "%s"`, randomAddr(r), at.UTC().Format("02/Jan/2006:15:04:05 -0700"), method,
		randomTargets[r.IntN(len(randomTargets))], []int{200, 301, 404, 500}[r.IntN(4)], r.IntN(5000), randomAgents[r.IntN(len(randomAgents))])
	switch r.IntN(40) {
	case 0:
		return line[:r.IntN(len(line))]
	case 1:
		return strings.Repeat("\x00", r.IntN(40)) + line
	case 2:
		return line + "\r"
	case 3:
		return line + ` "one more field" ` + strings.Repeat("x", r.IntN(300))
	case 4:
		return []string{"", "\r", "\x00", "\x00\x00\r", "junk", "\xff\xfe"}[r.IntN(6)]
	case 5:
		return strings.Replace(line, " ", "\x00", 1)
	}
	return line
}

// randomSSHD is a line of an sshd's log.
func randomSSHD(r *rand.Rand, at time.Time) string {
	addr, port, pid := fmt.Sprintf("203.0.113.%d", r.IntN(20)), 40000+r.IntN(30), 100+r.IntN(30)
	text := []string{
		fmt.Sprintf("Invalid user bob from %s port %d", addr, port),
		fmt.Sprintf("Failed password for invalid user bob from %s port %d ssh2", addr, port),
		fmt.Sprintf("Connection closed by authenticating user root %s port %d [preauth]", addr, port),
		fmt.Sprintf("message repeated %d times: [ Failed password for root from %s port %d ssh2]", 2+r.IntN(5), addr, port),
		fmt.Sprintf("Accepted publickey for root from %s port %d ssh2: RSA SHA256:x", addr, port),
		"Server listening on 0.0.0.0 port 22.",
		"error: junk",
	}[r.IntN(7)]
	program := fmt.Sprintf("sshd[%d]", pid)
	if r.IntN(10) == 0 {
		program = "CRON[1]"
	}
	return fmt.Sprintf("%s host %s: %s", at.Format(time.Stamp), program, text)
}

// randomJSON is a line of nginx-json, of which the fields that filters look at often hold an escape.
func randomJSON(r *rand.Rand) string {
	at := noon.Add(time.Duration(r.IntN(7200)-3600) * time.Second)
	escape := func(s string) string {
		if i := r.IntN(len(s) + 1); r.IntN(3) == 0 {
			s = s[:i] + []string{`\"`, `\u00e4`, `\\`, `\/`, strings.Repeat(`\t`, 200)}[r.IntN(5)] + s[i:]
		}
		return s
	}
	line := fmt.Sprintf(`{"time_local":"%s","remote_addr":"%s","request":"%s %s HTTP/1.1","status":"%d","http_user_agent":"%s"}`,
		at.UTC().Format("02/Jan/2006:15:04:05 -0700"), randomAddr(r), []string{"GET", "POST"}[r.IntN(2)],
		escape(randomTargets[r.IntN(len(randomTargets)-1)]), []int{200, 404}[r.IntN(2)], escape(randomAgents[r.IntN(4)]))
	if r.IntN(40) == 0 {
		return line[:r.IntN(len(line))]
	}
	return line
}

// What a random log is of.
const (
	accessLog = iota
	jsonLog
	sshdLog
)

func randomKind(r *rand.Rand) int { return []int{accessLog, accessLog, jsonLog, sshdLog}[r.IntN(4)] }

// randomLog has up to n lines, and in one of four no newline at its end.
func randomLog(r *rand.Rand, n, kind int) []byte {
	var b bytes.Buffer
	at := noon.Add(-time.Hour)
	for range r.IntN(n + 1) {
		switch kind {
		case sshdLog:
			at = at.Add(time.Duration(r.IntN(20)) * time.Second)
			b.WriteString(randomSSHD(r, at))
		case jsonLog:
			b.WriteString(randomJSON(r))
		default:
			b.WriteString(randomLine(r))
		}
		b.WriteByte('\n')
	}
	if b.Len() > 0 && r.IntN(4) == 0 {
		b.Truncate(b.Len() - 1)
	}
	return b.Bytes()
}

func randomPrefix(r *rand.Rand) netip.Prefix {
	return []netip.Prefix{
		netip.MustParsePrefix("198.51.100.0/25"), netip.MustParsePrefix("198.51.100.7/32"), netip.MustParsePrefix("192.0.2.0/24"),
		netip.MustParsePrefix("2001:db8::/47"), netip.MustParsePrefix("2001:db8:1::1/128"), netip.MustParsePrefix("64:ff9b::/96"),
		netip.MustParsePrefix("10.0.0.0/9"), netip.MustParsePrefix("::/0"), netip.MustParsePrefix("0.0.0.0/8"),
	}[r.IntN(9)]
}

func randomTier(r *rand.Rand) cidr.Tier {
	t := cidr.Tier{
		MinSize: uint64(r.IntN(30)), MinDepth: 8 + r.IntN(20), Threshold: uint32(r.IntN(100_000)), MaxCollateral: cidr.NoCollateralLimit,
		Balance: r.IntN(3) == 0, Jail: r.IntN(2) == 0, MinHosts: r.IntN(3),
	}
	t.MaxDepth = t.MinDepth + r.IntN(33-t.MinDepth)
	if r.IntN(3) == 0 {
		t.MaxCollateral = uint32(r.IntN(1_000_001))
	}
	return t
}

func randomFilter(r *rand.Rand) (o match.Options) {
	if r.IntN(3) == 0 {
		o.UserAgent = []string{"curl|nikto", "(?i)BOT", ".*scanner.*|.*nikto.*|.*sqlmap.*", ".", "^$", "x"}[r.IntN(6)]
	}
	if r.IntN(3) == 0 {
		o.Endpoint = []string{"/api/.*", "^/login", "wp-", "users$", "[a-z]+"}[r.IntN(5)]
	}
	if r.IntN(5) == 0 {
		o.Methods = []string{"POST"}
	}
	if r.IntN(5) == 0 {
		o.Statuses = []string{"4xx", "200"}
	}
	if r.IntN(8) == 0 {
		o.Outcomes = []string{"failure"}
	}
	return o
}

// randomOptions ask for up to five sections.
func randomOptions(r *rand.Rand) Options {
	o := Options{Format: "auto", Sample: r.IntN(2) == 0}
	for i := range r.IntN(6) {
		s := Section{Name: fmt.Sprint("section ", i), Filter: randomFilter(r)}
		if r.IntN(3) == 0 {
			s.Start = noon.Add(time.Duration(r.IntN(3600)-3600) * time.Second)
		}
		if r.IntN(3) == 0 {
			s.End = noon.Add(time.Duration(r.IntN(3600)) * time.Second)
		}
		for range r.IntN(3) {
			s.Ranges = append(s.Ranges, randomPrefix(r))
		}
		for range r.IntN(4) {
			s.Tiers = append(s.Tiers, randomTier(r))
		}
		o.Sections = append(o.Sections, s)
	}
	for range r.IntN(3) {
		o.Allow = append(o.Allow, randomPrefix(r))
		o.Spent = append(o.Spent, Spent{randomPrefix(r), noon.Add(time.Duration(r.IntN(7200)-3600) * time.Second)})
	}
	if r.IntN(3) == 0 {
		o.AllowAgents = [][]string{{"GoodBot"}, {"", "curl", "x"}, {"\xff"}}[r.IntN(3)]
	}
	if r.IntN(3) == 0 {
		o.DenyAgents = [][]string{{"BadBot", "sqlmap"}, {"Bot"}}[r.IntN(2)]
	}
	return o
}

// literalOptions ask for up to four sections by literals that most lines do not have.
func literalOptions(r *rand.Rand) Options {
	o := Options{Format: "auto"}
	for i := range 1 + r.IntN(4) {
		s := Section{Name: fmt.Sprint("section ", i), Tiers: []cidr.Tier{randomTier(r)}}
		if s.Filter.UserAgent = []string{"", "nikto", "curl|nikto", `"`, "sqlmap.*x"}[r.IntN(5)]; s.Filter.UserAgent == "" || r.IntN(3) == 0 {
			s.Filter.Endpoint = []string{"/api/.*", "wp-", "users$", "^/login", `"`}[r.IntN(5)]
		}
		if r.IntN(4) == 0 {
			s.Filter.Methods, s.Start = []string{"POST"}, noon
		}
		o.Sections = append(o.Sections, s)
	}
	if r.IntN(4) == 0 {
		o.AllowAgents = []string{"GoodBot", "sqlmap"}
	}
	if r.IntN(4) == 0 {
		o.DenyAgents = []string{"BadBot", "nikto"}
	}
	return o
}
