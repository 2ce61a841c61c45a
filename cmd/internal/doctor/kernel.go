package doctor

import (
	"errors"
	"io/fs"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"cidrx/firewall/nftables"
)

// kernel tries what the firewall needs, one by one.
func (x *examination) kernel() {
	release, _ := x.sys.read("/proc/sys/kernel/osrelease")
	release = strings.TrimSpace(release)
	f := x.cfg.Firewall
	if f.Backend == "none" {
		x.ok("firewall", "the backend is none: nothing is banned in this kernel (%s)", release)
		return
	}
	checks, err := x.sys.Probe(nftables.Options{Hook: nftables.Hook(f.Hook), Ports: f.Ports, Action: nftables.Action(f.Action), ProtectOutbound: f.ProtectOutbound})
	if err != nil {
		x.failed("nftables", err, "use the ipset backend, or load nfnetlink and nf_tables")
		return
	}
	for _, c := range checks {
		if c.Err != nil {
			x.failed(c.Name, c.Err, c.Advice)
			return
		}
		x.ok(c.Name, "works")
	}
	if before(release, 6, 12) {
		x.ok("timeouts", "kernel %s cannot renew a timeout in place: the element is replaced, without a gap", release)
	} else {
		x.ok("timeouts", "kernel %s renews them in place", release)
	}
}

// failed reports what nf_tables refused. What is refused to this process for want of rights the agent may be able to do.
func (x *examination) failed(check string, err error, advice string) {
	denied := errors.Is(err, unix.EPERM) || errors.Is(err, unix.EACCES)
	switch {
	case denied && x.sys.UID != 0:
		x.add(Unknown, check, "run doctor as root: sudo cidrx doctor", "what the kernel can do was not tried: it takes CAP_NET_ADMIN")
	case denied:
		x.add(Problem, check, "give the container CAP_NET_ADMIN, or run cidrx on its host", "%v, though this is root: a container, or a sandbox, withholds CAP_NET_ADMIN", err)
	case x.cfg.Firewall.Backend == "auto" && x.ipsetReady():
		x.add(Warning, check, advice+"; backend = \"auto\" falls back on ipset", "does not work: %v", err)
	default:
		x.add(Problem, check, advice, "does not work: %v", err)
	}
}

// before says whether a kernel's release, such as 6.1.0-18-amd64, is older than a version.
func before(release string, major, minor int) bool {
	parts := strings.FieldsFunc(release, func(r rune) bool { return r < '0' || r > '9' })
	if len(parts) < 2 {
		return false
	}
	a, _ := strconv.Atoi(parts[0])
	b, _ := strconv.Atoi(parts[1])
	return a < major || a == major && b < minor
}

// fallbackPrograms are what the ipset backend runs.
var fallbackPrograms = []string{"ipset", "iptables", "ip6tables"}

// missingPrograms of the ipset backend.
func (x *examination) missingPrograms() []string {
	var missing []string
	for _, name := range fallbackPrograms {
		if _, ok := x.sys.Program(name); !ok {
			missing = append(missing, name)
		}
	}
	return missing
}

func (x *examination) ipsetReady() bool {
	return len(x.missingPrograms()) == 0 && x.hasModule("ip_set")
}

// hasModule says whether a part of the kernel is there: loaded, built in, or in the modules of this kernel.
func (x *examination) hasModule(name string) bool {
	if x.sys.exists("/sys/module/" + name) {
		return true
	}
	release, _ := x.sys.read("/proc/sys/kernel/osrelease")
	dir := "/lib/modules/" + strings.TrimSpace(release)
	for _, index := range []string{"/modules.builtin", "/modules.dep"} {
		if text, err := x.sys.read(dir + index); err == nil && strings.Contains(text, "/"+name+".ko") {
			return true
		}
	}
	symbols, _ := x.sys.read("/proc/net/ip_tables_matches") // where sets are built in, the match on them is listed
	return name == "ip_set" && strings.Contains("\n"+symbols, "\nset\n")
}

// fallback says whether the ipset backend could be used.
func (x *examination) fallback() {
	wanted := x.cfg.Firewall.Backend == "ipset"
	level, note := OK, "; it is not needed while nftables works"
	if wanted {
		level, note = Problem, ""
	}
	missing := x.missingPrograms()
	switch {
	case len(missing) > 0:
		x.add(level, "ipset fallback", x.only(wanted, "apt install ipset iptables (dnf install ipset iptables)"), "%s not installed%s", strings.Join(missing, ", "), note)
	case !x.hasModule("ip_set"):
		if wanted {
			level = Warning // some kernels have it built in and list it nowhere
		}
		x.add(level, "ipset fallback", x.only(wanted, "modprobe ip_set"), "the programs are there; the kernel's ip_set is not loaded and not found among its modules%s", note)
	default:
		x.ok("ipset fallback", "could be used: ipset and iptables are there")
	}
}

func (x *examination) only(is bool, text string) string {
	if is {
		return text
	}
	return ""
}

// network looks at connection tracking and IPv6.
func (x *examination) network() {
	x.conntrack()
	x.ipv6()
}

func (x *examination) conntrack() {
	count, err1 := x.number("/proc/sys/net/netfilter/nf_conntrack_count")
	most, err2 := x.number("/proc/sys/net/netfilter/nf_conntrack_max")
	protect := x.cfg.Firewall.ProtectOutbound
	switch {
	case errors.Join(err1, err2) != nil && !protect:
		x.ok("connection tracking", "is off, and not needed: protectOutbound is false")
	case errors.Is(err1, fs.ErrNotExist):
		x.ok("connection tracking", "is not loaded yet: the table of bans loads it, for protectOutbound")
	case errors.Join(err1, err2) != nil:
		x.add(Unknown, "connection tracking", "", "%v", errors.Join(err1, err2))
	case most > 0 && count*10 >= most*9:
		x.add(Warning, "connection tracking", "raise net.netfilter.nf_conntrack_max; bans of single hosts work before it and relieve it", "the table is nearly full: %d of %d", count, most)
	default:
		x.ok("connection tracking", "%d of %d entries", count, most)
	}
}

func (x *examination) number(path string) (int, error) {
	text, err := x.sys.read(path)
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(strings.TrimSpace(text))
}
