package doctor_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"cidrx/agent/config"
	"cidrx/agent/control"
	"cidrx/agent/syslog"
	"cidrx/cmd/internal/doctor"
	"cidrx/configs"
	"cidrx/detect/parse"
	"cidrx/firewall/nftables"
)

// now is the time on the hosts of the tests.
var now = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

// healthy is a host on which everything is as it should be, with the user cidrx in the group adm and the agent running. A name that ends
// in a slash is a directory.
var healthy = map[string]string{
	"/etc/passwd":                "root:x:0:0:root:/root:/bin/sh\ncidrx:x:990:980::/:/bin/false\nwww-data:x:33:33::/:/bin/false\n",
	"/etc/group":                 "root:x:0:\nadm:x:4:cidrx\ncidrx:x:980:\nsystemd-journal:x:981:\n",
	"/proc/sys/kernel/osrelease": "6.18.1-test\n",
	"/proc/sys/net/netfilter/nf_conntrack_count": "10\n",
	"/proc/sys/net/netfilter/nf_conntrack_max":   "1000\n",
	"/proc/sys/fs/inotify/max_user_watches":      "65536\n",
	"/proc/sys/fs/inotify/max_user_instances":    "128\n",
	"/proc/meminfo":             "MemTotal:        4000000 kB\n",
	"/proc/77/comm":             "cidrx\n",
	"/proc/77/cmdline":          "/usr/bin/cidrx\x00agent\x00--config\x00/cidrx.toml\x00",
	"/proc/77/status":           "Uid:\t990\t990\t990\t990\nGid:\t980\t980\t980\t980\nGroups:\t4\nCapEff:\t0000000000001000\nCapAmb:\t0000000000001000\nCapBnd:\t0000000000001000\nNoNewPrivs:\t1\n",
	"/proc/77/limits":           "Limit                     Soft Limit           Hard Limit           Units     \nMax open files            16384                16384                files     \n",
	"/run/cidrx/":               "cidrx",
	"/var/lib/cidrx/":           "cidrx",
	"/sys/module/ip_set/":       "",
	"/var/log/nginx/":           "",
	"/var/log/nginx/access.log": lines(100, ordinary),
	"/cidrx.toml":               "[source.web]\npaths = [\"/var/log/nginx/access.log\"]\nformat = \"combined\"\n[live.probes]\nstatuses = [\"404\"]\nclusterArgSets = [[20, 32, 32, 0.0]]\n",
}

// ordinary is a line of combined that was written n seconds before now.
func ordinary(n int) string {
	at := now.Add(-time.Duration(n) * time.Second).Format("02/Jan/2006:15:04:05 -0700")
	return fmt.Sprintf("203.0.113.%d - - [%s] \"GET /%d HTTP/1.1\" 200 10 \"-\" \"Mozilla/5.0\"\n", max(n, -n)%200, at, n)
}

func lines(n int, line func(int) string) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(line(n - i - 1))
	}
	return b.String()
}

// ours is the agent's table.
var ours = doctor.Table{Family: "inet", Name: "cidrx"}

// hostOf makes a host out of healthy and what differs; an empty text takes a file away.
func hostOf(t *testing.T, differs map[string]string) *doctor.System {
	t.Helper()
	root := t.TempDir()
	files := map[string]string{}
	for path, text := range healthy {
		files[path] = text
	}
	for path, text := range differs {
		if files[path] = text; text == "" && !strings.HasSuffix(path, "/") {
			delete(files, path)
		}
	}
	for path, text := range files {
		put(t, root, path, text)
	}
	return &doctor.System{
		Root: root, UID: 0, Now: func() time.Time { return now },
		Status: func(context.Context, string) (control.Status, error) {
			return control.Status{State: "enforcing", Backend: "nftables", Version: doctor.Version()}, nil
		},
		Probe: func(nftables.Options) ([]nftables.Check, error) {
			return []nftables.Check{{Name: "nf_tables"}, {Name: "interval sets"}}, nil
		},
		Ruleset: func() ([]doctor.Table, error) { return []doctor.Table{ours}, nil },
		Synced:  func() (bool, error) { return true, nil },
		Program: func(name string) (string, bool) { return "/usr/sbin/" + name, true },
		Free:    func(string) (doctor.Disk, error) { return doctor.Disk{Bytes: 1 << 34, Inodes: 1 << 20}, nil },
	}
}

func put(t *testing.T, root, path, text string) {
	t.Helper()
	full := filepath.Join(root, path)
	must(t, os.MkdirAll(filepath.Dir(full), 0o755))
	if strings.HasSuffix(path, "/") {
		must(t, os.MkdirAll(full, 0o755))
		if text == "cidrx" {
			must(t, os.Chown(full, 990, 980))
		}
		return
	}
	must(t, os.WriteFile(full, []byte(text), 0o644))
	must(t, os.Chtimes(full, now, now))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// examine runs the checks by the configuration of the host.
func examine(t *testing.T, sys *doctor.System) []doctor.Finding {
	t.Helper()
	return doctor.Examine(t.Context(), sys, func() (*config.Config, []config.Warning, error) {
		data, err := os.ReadFile(filepath.Join(sys.Root, "cidrx.toml"))
		must(t, err)
		return config.Parse("/cidrx.toml", data, config.Inputs{CheckFormat: func(f string) error { _, err := parse.New(f, parse.Options{}); return err }})
	})
}

// bad are the findings that are worse than ok, one a line.
func bad(found []doctor.Finding) string {
	var out []string
	for _, f := range found {
		if f.Level != doctor.OK {
			out = append(out, fmt.Sprintf("%s %s/%s: %s -> %s", f.Level, f.Topic, f.Check, f.Says, f.Do))
		}
	}
	return strings.Join(out, "\n")
}

func TestHealthyHost(t *testing.T) {
	found := examine(t, hostOf(t, nil))
	if got := bad(found); got != "" {
		t.Errorf("a healthy host has:\n%s", got)
	}
	if n := len(found); n < 20 {
		t.Errorf("only %d checks were made", n)
	}
}

// status answers for an agent of this version.
func status(s control.Status) func(context.Context, string) (control.Status, error) {
	s.State, s.Version = "enforcing", doctor.Version()
	return func(context.Context, string) (control.Status, error) { return s, nil }
}

// webSource is a configuration with one source and whatever follows.
func webSource(format, more string) string {
	return fmt.Sprintf("[source.web]\npaths = [\"/var/log/nginx/access.log\"]\nformat = %q\n%s\n[live.probes]\nstatuses = [\"404\"]\nclusterArgSets = [[20, 32, 32, 0.0]]\n", format, more)
}

// socketSource is a configuration whose source is sent to, and believed.
func socketSource(listen string) string {
	return strings.Replace(webSource("combined", ""), `paths = ["/var/log/nginx/access.log"]`, fmt.Sprintf("listen = %q\ntrust = true", listen), 1)
}

const accessLog = "/var/log/nginx/access.log"

func TestFindings(t *testing.T) {
	journal := "[source.ssh]\njournal = \"ssh.service\"\nformat = \"sshd\"\n[live.ssh]\noutcomes = [\"failure\"]\nclusterArgSets = [[8, 32, 32, 0.0]]\n"
	tests := []struct {
		name   string
		files  map[string]string
		change func(*doctor.System)
		want   []string // each in a line of its own
	}{
		{"wrong configuration", map[string]string{"/cidrx.toml": "[agent]\nmode = \"maybe\"\n"}, nil, []string{"problem configuration/configuration: /cidrx.toml:2", "unknown logs/logs: not looked at"}},
		{"warning of the configuration", map[string]string{"/cidrx.toml": webSource("combined", "") + "[deny]\nnetworks=[\"192.0.2.1\"]\n[allow]\nnetworks=[\"192.0.2.0/24\"]\n"}, nil, []string{"warning configuration/configuration: /cidrx.toml"}},
		{"agent is away", map[string]string{"/proc/77/comm": "", "/proc/self/status": "CapEff:\t0000003fffffffff\n", "/proc/self/limits": "Max open files 1024 1024 files\n"}, func(s *doctor.System) {
			s.Status = func(context.Context, string) (control.Status, error) { return control.Status{}, control.ErrUnreachable }
		}, []string{"warning agent/agent: is not running"}},
		{"agent is deaf", nil, func(s *doctor.System) {
			s.Status = func(context.Context, string) (control.Status, error) { return control.Status{}, control.ErrUnreachable }
		}, []string{"problem agent/agent: process 77 runs, but nobody answers"}},
		{"agent is broken", nil, func(s *doctor.System) {
			s.Status = func(context.Context, string) (control.Status, error) {
				return control.Status{State: "broken", Why: "disk full", Version: doctor.Version()}, nil
			}
		}, []string{"problem agent/agent: BROKEN: disk full"}},
		{"agent has dropped something", nil, func(s *doctor.System) {
			s.Status = status(control.Status{Evictions: []control.Count{{What: "verdicts refused: never banned", N: 5}, {What: "bans that went for want of room", N: 7}}})
		}, []string{"warning agent/losses: since the agent started: 7 bans that went for want of room -> raise maxBans"}},
		{"a unix socket's queue was full", map[string]string{"/cidrx.toml": socketSource("unixgram:/run/cidrx/log.sock"), "/run/cidrx/log.sock": "a socket", "/proc/sys/net/unix/max_dgram_qlen": "10\n"}, func(s *doctor.System) {
			s.Status = status(control.Status{Evictions: []control.Count{{What: syslog.QueueFull + " in source web", N: 7}}})
		}, []string{
			"warning logs/source web: the kernel holds few datagrams for a unix socket: what else a burst of requests writes is lost -> net.unix.max_dgram_qlen is 10 now: sysctl -w net.unix.max_dgram_qlen=512 (in /etc/sysctl.d to last), then restart cidrx",
			"warning agent/losses: since the agent started: 7 times the kernel's queue was full: senders may have lost datagrams in source web -> net.unix.max_dgram_qlen is 10 now: sysctl -w net.unix.max_dgram_qlen=512 (in /etc/sysctl.d to last), then restart cidrx; or",
		}},
		{"a sender's buffer was full", map[string]string{"/cidrx.toml": socketSource("unixgram:/run/cidrx/log.sock"), "/run/cidrx/log.sock": "a socket", "/proc/sys/net/unix/max_dgram_qlen": "512\n", "/proc/sys/net/core/wmem_default": "212992\n"}, func(s *doctor.System) {
			s.Status = status(control.Status{Evictions: []control.Count{{What: syslog.SenderFull + " in source web", N: 7}, {What: syslog.QueueFull + " in source web", N: 3}}})
		}, []string{
			"warning agent/losses: since the agent started: 7 times a sender's buffer was full: it may have lost datagrams in source web -> net.core.wmem_default is 212992 now: sysctl -w net.core.wmem_default=1048576 (in /etc/sysctl.d to last), then reload the web server",
			"warning agent/losses: since the agent started: 3 times the kernel's queue was full: senders may have lost datagrams in source web -> net.unix.max_dgram_qlen is 512 now: sysctl -w net.unix.max_dgram_qlen=2048 ",
		}},
		{"a UDP socket dropped", map[string]string{"/cidrx.toml": socketSource("udp:127.0.0.1:5514"), "/proc/sys/net/core/rmem_max": "212992\n", "/proc/77/status": "Uid:\t990\t990\t990\t990\nGid:\t980\t980\t980\t980\nGroups:\t4\nCapEff:\t0000000000000000\n"}, func(s *doctor.System) {
			s.Status = status(control.Status{Evictions: []control.Count{{What: syslog.KernelDrops + " in source web", N: 7}}})
		}, []string{"problem permissions/capabilities", "warning agent/losses: since the agent started: 7 datagrams dropped by the kernel in source web -> net.core.rmem_max is 212992 now: sysctl -w net.core.rmem_max=16777216 (in /etc/sysctl.d to last), then restart cidrx"}},
		{"a UDP socket of an agent with CAP_NET_ADMIN dropped", map[string]string{"/cidrx.toml": socketSource("udp:127.0.0.1:5514"), "/proc/sys/net/core/rmem_max": "212992\n"}, func(s *doctor.System) {
			s.Status = status(control.Status{Evictions: []control.Count{{What: syslog.KernelDrops + " in source web", N: 7}}})
		}, []string{"warning agent/losses: since the agent started: 7 datagrams dropped by the kernel in source web -> the socket's buffer has the 16 MiB that cidrx asks for: give the agent more CPU"}},
		{"the agent has no room for datagrams", nil, func(s *doctor.System) {
			s.Status = status(control.Status{Evictions: []control.Count{{What: syslog.NoRoom + " in source web", N: 7}}})
		}, []string{"warning agent/losses: since the agent started: 7 datagrams dropped for want of room in source web -> the agent is too slow for what comes in"}},
		{"descriptors are nearly used up", nil, func(s *doctor.System) {
			s.Status = status(control.Status{Limits: []control.Limit{{What: control.OpenFiles, Now: 900, Most: 1024}, {What: control.Memory, Now: 1 << 20, Most: 1 << 30, Bytes: true}}})
		}, []string{"warning limits/open files: the agent uses 900 of 1024 -> raise LimitNOFILE"}},
		{"memory without a limit of its own", map[string]string{"/proc/77/cgroup": "0::/system.slice/cidrx.service\n", "/sys/fs/cgroup/system.slice/cidrx.service/memory.max": "1610612736\n"}, func(s *doctor.System) {
			s.Status = status(control.Status{Limits: []control.Limit{{What: control.Memory, Now: 1 << 20, Bytes: true}}})
		}, []string{"warning limits/memory: GOMEMLIMIT is not below the limit of the agent's control group (1536 MiB)"}},
		{"agent is old", nil, func(s *doctor.System) {
			s.Status = func(context.Context, string) (control.Status, error) { return control.Status{Version: "v0.1"}, nil }
		}, []string{"warning agent/version: the agent is v0.1"}},
		{"not permitted to ask", nil, func(s *doctor.System) {
			s.Status = func(context.Context, string) (control.Status, error) { return control.Status{}, control.ErrForbidden }
		}, []string{"unknown agent/agent: runs, but does not answer to this user"}},
		{"disk is full", nil, func(s *doctor.System) {
			s.Free = func(string) (doctor.Disk, error) { return doctor.Disk{Bytes: 5 << 20, Inodes: 9999}, nil }
		}, []string{"warning agent/disk: only 5 MiB"}},
		{"no inodes", nil, func(s *doctor.System) {
			s.Free = func(string) (doctor.Disk, error) { return doctor.Disk{Bytes: 1 << 40, Inodes: 3}, nil }
		}, []string{"warning agent/disk: only 3 more files"}},
		{"logs on NFS", nil, func(s *doctor.System) {
			s.Free = func(string) (doctor.Disk, error) { return doctor.Disk{Bytes: 1 << 40, Inodes: 9999, Remote: true}, nil }
		}, []string{"warning logs/" + accessLog + ": lies on a network file system"}},
		{"no interval sets, and ipset", nil, func(s *doctor.System) {
			s.Probe = func(nftables.Options) ([]nftables.Check, error) {
				return []nftables.Check{{Name: "nf_tables"}, {Name: "interval sets", Err: unix.EOPNOTSUPP, Advice: "modprobe it"}}, nil
			}
		}, []string{"warning kernel/interval sets: does not work"}},
		{"no nf_tables, no ipset", nil, func(s *doctor.System) {
			s.Probe = func(nftables.Options) ([]nftables.Check, error) { return nil, unix.EPROTONOSUPPORT }
			s.Program = func(string) (string, bool) { return "", false }
		}, []string{"problem kernel/nftables: does not work"}},
		{"not root", nil, func(s *doctor.System) {
			s.UID = 1000
			s.Probe = func(nftables.Options) ([]nftables.Check, error) { return nil, fmt.Errorf("nftables: %w", unix.EPERM) }
			s.Ruleset = func() ([]doctor.Table, error) { return nil, unix.EPERM }
		}, []string{"unknown kernel/nftables: what the kernel can do was not tried", "unknown neighbours/ruleset: other programs' tables were not seen"}},
		{"container without rights", nil, func(s *doctor.System) {
			s.Probe = func(nftables.Options) ([]nftables.Check, error) { return nil, unix.EPERM }
		}, []string{"problem kernel/nftables: operation not permitted, though this is root"}},
		{"conntrack is full", map[string]string{"/proc/sys/net/netfilter/nf_conntrack_count": "950\n"}, nil, []string{"warning kernel/connection tracking: the table is nearly full: 950 of 1000"}},
		{"agent without the capability", map[string]string{"/proc/77/status": "Uid:\t990\t990\t990\t990\nGid:\t980\t980\t980\t980\nGroups:\t4\nCapEff:\t0\nNoNewPrivs:\t1\n"}, nil, []string{"problem permissions/capabilities: the agent has no CAP_NET_ADMIN; no_new_privs is set"}},
		{"unit without the capability", map[string]string{"/proc/77/comm": "", "/proc/self/limits": "Max open files 1024 1024 files\n", "/lib/systemd/system/cidrx.service": "[Service]\nUser=cidrx\n"}, nil, []string{"problem permissions/capabilities: cidrx.service runs as cidrx and gives it no CAP_NET_ADMIN"}},
		{"unit's user is away", map[string]string{"/proc/77/comm": "", "/proc/self/limits": "Max open files 1024 1024 files\n", "/etc/systemd/system/cidrx.service": "[Service]\nUser=guard\nAmbientCapabilities=CAP_NET_ADMIN\n"}, nil, []string{"problem permissions/user: cidrx.service wants the user guard"}},
		{"no log", map[string]string{accessLog: ""}, nil, []string{"warning logs/source web: " + accessLog + ": no such file"}},
		{"quiet log", map[string]string{accessLog: lines(100, ordinary)}, func(s *doctor.System) {
			s.Now = func() time.Time { return now.Add(72 * time.Hour) }
		}, []string{"warning logs/" + accessLog + ": nothing was written to it for 3d 0h"}},
		{"another format", map[string]string{"/cidrx.toml": webSource("sshd", "")}, nil, []string{"problem logs/" + accessLog + ": 100 of the last 100 lines do not parse as sshd"}},
		{"some lines do not parse", map[string]string{accessLog: lines(50, ordinary) + "\x1b[31mevil\n" + lines(40, ordinary)}, nil, []string{"warning logs/" + accessLog + ": 1 of the last 91 lines do not parse as combined"}},
		{"behind a proxy", map[string]string{accessLog: lines(100, func(n int) string { return strings.Replace(ordinary(n), "203.0.113.", "10.0.0.", 1) })}, nil, []string{"warning logs/" + accessLog + ": the clients look like a proxy: nearly all requests come from private addresses"}},
		{"two clients only", map[string]string{accessLog: lines(100, func(n int) string {
			return strings.Replace(ordinary(n), fmt.Sprintf("203.0.113.%d ", n%200), fmt.Sprintf("203.0.113.%d ", n%2), 1)
		})}, nil, []string{"warning logs/" + accessLog + ": the clients look like a proxy: all requests come from two addresses"}},
		{"trusted proxies without a list", map[string]string{"/cidrx.toml": webSource("combined", "trustedProxies = [\"10.0.0.0/8\"]")}, nil, []string{"warning logs/" + accessLog + ": trustedProxies is set, but combined has no forwarded list -> log X-Forwarded-For as the last field"}},
		{"no user agents", map[string]string{
			accessLog:     lines(100, func(n int) string { return strings.Replace(ordinary(n), "Mozilla/5.0", "-", 1) }),
			"/cidrx.toml": webSource("combined", "[live.scanners]\nuseragentRegex = \"nikto\"\nclusterArgSets = [[20, 32, 32, 0.0]]"),
		}, nil, []string{"warning logs/" + accessLog + ": has no user agents, so scanners never matches"}},
		{"another zone", map[string]string{accessLog: lines(100, func(n int) string { return ordinary(n + 7200) })}, nil, []string{"warning logs/" + accessLog + ": its stamps are 2h 0m behind the time at which they were written, which looks like another time zone"}},
		{"another clock", map[string]string{accessLog: lines(100, func(n int) string { return ordinary(n - 420) })}, nil, []string{"warning logs/" + accessLog + ": its stamps are 7m 0s ahead"}},
		{"copytruncate", map[string]string{"/etc/logrotate.d/nginx": "# a comment { copytruncate }\n/var/log/nginx/*.log {\n  daily\n  copytruncate\n}\n"}, nil, []string{"warning logs/" + accessLog + ": /etc/logrotate.d/nginx rotates it with copytruncate"}},
		{"journal's rate limit", map[string]string{"/cidrx.toml": journal, "/var/log/journal/": "", "/etc/systemd/journald.conf": "[Journal]\n#RateLimitBurst=1\nRateLimitBurst=500\n"}, nil, []string{"warning logs/journal: drops what a service writes beyond 500 messages in 30s"}},
		{"journal without a limit", map[string]string{"/cidrx.toml": journal, "/var/log/journal/": "", "/etc/systemd/journald.conf.d/a.conf": "[Journal]\nRateLimitIntervalSec=0\n"}, nil, nil},
		{"plain Debian 12, as installed", map[string]string{
			"/cidrx.toml": string(configs.Installed()), "/var/log/journal/0123/system.journal": "x", "/etc/ssh/sshd_config": "Port 22\n",
		}, nil, nil},
		{"as installed, and no journal, but the file", map[string]string{
			"/cidrx.toml": string(configs.Installed()), "/var/log/auth.log": now.Format(time.Stamp) + " host sshd[7]: Failed password for root from 203.0.113.9 port 2000 ssh2\n",
		}, nil, nil},
		{"as installed, and neither journal nor file", map[string]string{"/cidrx.toml": string(configs.Installed())}, func(s *doctor.System) {
			s.Status = status(control.Status{Sources: []control.Source{{Name: "ssh", Error: "the journal is empty; nor is there a file /var/log/auth.log"}}})
		}, []string{"warning logs/source ssh: /var/log/auth.log, /var/log/secure: no such file, so nothing is read until there is -> does sshd run here?"}},
		{"as installed, and the agent may not read the journal", map[string]string{"/cidrx.toml": string(configs.Installed()), "/var/log/journal/0123/system.journal": "x",
			"/proc/77/status": "Uid:\t990\t990\t990\t990\nGid:\t980\t980\t980\t980\nGroups:\t\nCapEff:\t0000000000001000\n",
		}, nil, []string{"warning logs/source ssh: /var/log/auth.log, /var/log/secure: no such file, so nothing is read until there is -> there is a journal, which cidrx may not read"}},
		{"the agent has trouble that cannot be seen", nil, func(s *doctor.System) {
			s.Status = status(control.Status{Sources: []control.Source{{Name: "web", Error: "too many open files"}}})
		}, []string{"problem logs/source web: the agent says: too many open files"}},
		{"nothing in the journal yet", nil, func(s *doctor.System) {
			s.Status = status(control.Status{Sources: []control.Source{{Name: "web", Note: "the journal has no entry"}}})
		}, []string{"warning logs/source web: the agent says: the journal has no entry"}},
		{"the agent and doctor see the same rights", map[string]string{"/cidrx.toml": journal, "/var/log/journal/": "",
			"/proc/77/status": "Uid:\t990\t990\t990\t990\nGid:\t980\t980\t980\t980\nGroups:\t\nCapEff:\t0000000000001000\n",
		}, func(s *doctor.System) {
			s.Status = status(control.Status{Sources: []control.Source{{Name: "ssh", Error: "the agent's user may not read the journal"}}})
		}, []string{"problem logs/journal: cidrx may not read it"}},
		{"journal is not kept", map[string]string{"/cidrx.toml": journal, "/etc/systemd/journald.conf": "[Journal]\nStorage=none\nRateLimitBurst=0\n"}, nil, []string{"problem logs/journal: nothing is kept"}},
		{"journal may not be read", map[string]string{
			"/cidrx.toml": journal, "/var/log/journal/": "", "/etc/systemd/journald.conf": "[Journal]\nRateLimitBurst=0\n",
			"/proc/77/status": "Uid:\t990\t990\t990\t990\nGid:\t980\t980\t980\t980\nGroups:\t\nCapEff:\t0000000000001000\n",
		}, nil, []string{"problem logs/journal: cidrx may not read it"}},
		{"sshd is silent", map[string]string{"/cidrx.toml": journal, "/run/log/journal/": "", "/etc/systemd/journald.conf": "[Journal]\nRateLimitBurst=0\n", "/etc/ssh/sshd_config": "Port 22\nLogLevel ERROR\n"}, nil, []string{"problem logs/sshd: LogLevel ERROR"}},
		{"clock runs free", nil, func(s *doctor.System) { s.Synced = func() (bool, error) { return false, nil } }, []string{"warning clock/clock: nobody keeps it right"}},
		{"fail2ban runs", map[string]string{"/proc/12/comm": "fail2ban-server\n", "/proc/12/cmdline": "/usr/bin/python3\x00/usr/bin/fail2ban-server\x00"}, nil, []string{"warning neighbours/fail2ban: runs (process 12)"}},
		{"crowdsec's table", nil, func(s *doctor.System) {
			s.Ruleset = func() ([]doctor.Table, error) { return []doctor.Table{ours, {Family: "ip", Name: "crowdsec"}}, nil }
		}, []string{"warning neighbours/crowdsec: has the table ip crowdsec"}},
		{"docker and the wrong hook", map[string]string{"/cidrx.toml": webSource("combined", "[firewall]\nhook = \"input\"")}, func(s *doctor.System) {
			s.Ruleset = func() ([]doctor.Table, error) {
				return []doctor.Table{ours, {Family: "ip", Name: "nat", Chains: []string{"DOCKER"}}}, nil
			}
		}, []string{"warning neighbours/docker: has chains in the table ip nat: published ports of containers go past input"}},
		{"the agent's table is elsewhere", nil, func(s *doctor.System) {
			s.Status = status(control.Status{Backend: "nftables"})
			s.Ruleset = func() ([]doctor.Table, error) { return []doctor.Table{{Family: "ip", Name: "cidrx"}}, nil }
		}, []string{"warning neighbours/inet cidrx: the agent says that it enforces, but its table is not in this network namespace"}},
		{"flow tables", nil, func(s *doctor.System) {
			s.Ruleset = func() ([]doctor.Table, error) {
				return []doctor.Table{ours, {Family: "inet", Name: "fw", Flowtables: 1}}, nil
			}
		}, []string{"warning neighbours/flow tables: inet fw offloads flows"}},
		{"few descriptors", map[string]string{"/proc/77/limits": "Max open files            256                  256                  files     \n"}, nil, []string{"warning limits/open files: the agent may open 256 files only"}},
		{"few watches", map[string]string{"/proc/sys/fs/inotify/max_user_watches": "100\n"}, nil, []string{"warning limits/inotify watches: only 100"}},
		{"little memory", map[string]string{"/proc/77/cgroup": "0::/system.slice/cidrx.service\n", "/sys/fs/cgroup/system.slice/cidrx.service/memory.max": "67108864\n"}, nil, []string{"warning limits/memory: the agent's control group has 64 MiB"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			sys := hostOf(t, tt.files)
			if tt.change != nil {
				tt.change(sys)
			}
			got := bad(examine(t, sys))
			for _, want := range tt.want {
				if !slices.ContainsFunc(strings.Split(got, "\n"), func(line string) bool { return strings.HasPrefix(line, want) }) {
					t.Errorf("no %q in:\n%s", want, got)
				}
			}
			if n := len(strings.Split(got, "\n")); got != "" && n != len(tt.want) || got == "" && len(tt.want) > 0 {
				t.Errorf("want %d findings, got:\n%s", len(tt.want), got)
			}
		})
	}
}

// TestRightsToLogs changes who may read and who may write a log.
func TestRightsToLogs(t *testing.T) {
	tests := []struct {
		name   string
		change func(log string) error
		want   string
	}{
		{"for root alone", func(log string) error { return os.Chmod(log, 0o600) }, "problem logs/" + accessLog + ": cidrx may not read it (-rw------- root:root)"},
		{"for the group adm", func(log string) error { return errors.Join(os.Chmod(log, 0o640), os.Chown(log, 33, 4)) }, ""},
		{"for a group that cidrx is not in", func(log string) error { return errors.Join(os.Chmod(log, 0o640), os.Chown(log, 33, 33)) }, "problem logs/" + accessLog + ": cidrx may not read it (-rw-r----- www-data:33)"},
		{"not for its owner", func(log string) error { return errors.Join(os.Chmod(log, 0o044), os.Chown(log, 990, 0)) }, "problem logs/" + accessLog + ": cidrx may not read it"},
		{"directory is closed", func(log string) error { return os.Chmod(filepath.Dir(log), 0o700) }, "problem logs/" + accessLog + ": cidrx may not enter /var/log/nginx (-rwx------ root:root)"},
		{"directory cannot be listed", func(log string) error { return os.Chmod(filepath.Dir(log), 0o711) }, ""},
		{"everybody may write", func(log string) error { return os.Chmod(log, 0o666) }, "warning logs/" + accessLog + ": only observes: log file /var/log/nginx/access.log is writable for everybody"},
		{"a user's file", func(log string) error { return os.Chown(log, 1000, 1000) }, "warning logs/" + accessLog + ": only observes: log file /var/log/nginx/access.log belongs to uid 1000"},
		{"access list lets in", func(log string) error { return errors.Join(os.Chmod(log, 0o600), acl(log, 0x02, 990, 4, 4)) }, ""},
		{"access list lets in, its mask does not", func(log string) error { return errors.Join(os.Chmod(log, 0o600), acl(log, 0x02, 990, 4, 0)) }, "problem logs/" + accessLog + ": cidrx may not read it"},
		{"access list lets a group in", func(log string) error { return errors.Join(os.Chmod(log, 0o600), acl(log, 0x08, 4, 4, 4)) }, ""},
		{"not a file", func(log string) error { return errors.Join(os.Remove(log), unix.Mkfifo(log, 0o644)) }, "warning logs/" + accessLog + ": is no regular file"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			sys := hostOf(t, nil)
			log := filepath.Join(sys.Root, accessLog)
			if err := tt.change(log); errors.Is(err, unix.ENOTSUP) {
				t.Logf("this file system has no access lists")
				return
			} else {
				must(t, err)
			}
			_ = os.Chtimes(log, now, now)
			got := bad(examine(t, sys))
			if tt.want == "" && got != "" || !strings.HasPrefix(got, tt.want) {
				t.Errorf("want %q, got:\n%s", tt.want, got)
			}
		})
	}
}

// acl sets an access list with one entry besides those of the mode.
func acl(path string, tag uint16, id uint32, rights, mask uint16) error {
	blob := []byte{2, 0, 0, 0}
	entry := func(tag, rights uint16, id uint32) {
		blob = append(blob, byte(tag), byte(tag>>8), byte(rights), byte(rights>>8), byte(id), byte(id>>8), byte(id>>16), byte(id>>24))
	}
	const none = ^uint32(0)
	entry(0x01, 6, none)
	if tag == 0x02 {
		entry(tag, rights, id)
	}
	entry(0x04, 0, none)
	if tag == 0x08 {
		entry(tag, rights, id)
	}
	entry(0x10, mask, none)
	entry(0x20, 0, none)
	return unix.Setxattr(path, "system.posix_acl_access", blob, 0)
}

// TestFallbackAskedFor wants ipset, which is not installed.
func TestFallbackAskedFor(t *testing.T) {
	sys := hostOf(t, nil)
	sys.Program = func(name string) (string, bool) { return "", name != "ipset" }
	found := doctor.Examine(t.Context(), sys, func() (*config.Config, []config.Warning, error) {
		cfg, warnings, err := config.Parse("/cidrx.toml", []byte(webSource("combined", "")), config.Inputs{})
		cfg.Firewall.Backend = "ipset"
		return cfg, warnings, err
	})
	if got, want := bad(found), "problem kernel/ipset fallback: ipset not installed -> apt install ipset"; !strings.HasPrefix(got, want) {
		t.Errorf("want %q, got:\n%s", want, got)
	}
}

// TestCancelled stops between checks.
func TestCancelled(t *testing.T) {
	sys := hostOf(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	found := doctor.Examine(ctx, sys, func() (*config.Config, []config.Warning, error) { return config.Parse("x", nil, config.Inputs{}) })
	for _, f := range found {
		if f.Topic != "configuration" {
			t.Fatalf("went on after the end: %+v", f)
		}
	}
}
