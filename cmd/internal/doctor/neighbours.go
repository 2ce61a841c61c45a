package doctor

import (
	"slices"
	"strings"
)

// neighbour is another program that has a say in the packet filter.
type neighbour struct {
	name   string
	runs   []string // names of its processes
	tables []string // of its own in nf_tables
	chains []string // of its own in tables that others have too
	setup  string   // a file of settings
	says   string   // what it says where the program is switched on
	bans   bool     // it does what we do
	means  string
	do     string
}

const banToo = "it keeps bans of its own: whoever is unblocked here may still be banned there"

var knownNeighbours = []neighbour{
	{name: "firewalld", runs: []string{"firewalld"}, tables: []string{"firewalld"}, means: "its table and ours are independent: a packet must pass both, and firewall-cmd --reload leaves ours alone"},
	{name: "ufw", setup: "/etc/ufw/ufw.conf", says: "ENABLED=yes", chains: []string{"ufw-user-input", "ufw6-user-input"}, means: "its rules and ours are independent; ours come first, so 'ufw allow' lets nobody in who is banned here"},
	{name: "fail2ban", runs: []string{"fail2ban-server"}, tables: []string{"f2b-table"}, bans: true, means: banToo, do: "fail2ban-client unban ADDRESS as well; or stop it when cidrx covers its jails"},
	{name: "crowdsec", runs: []string{"crowdsec-firewall-bouncer", "crowdsec-firewal"}, tables: []string{"crowdsec", "crowdsec6"}, bans: true, means: banToo, do: "cscli decisions delete --ip ADDRESS as well"},
	{name: "sshguard", runs: []string{"sshguard", "sshg-blocker"}, tables: []string{"sshguard"}, bans: true, means: banToo, do: "cidrx covers sshd: systemctl disable --now sshguard"},
	{name: "kubernetes", runs: []string{"kube-proxy", "kubelet"}, chains: []string{"KUBE-SERVICES", "KUBE-FORWARD"}, means: "services are DNATed after our chains: bans cover them, where packets keep the client's address"},
	{name: "libvirt", tables: []string{"libvirt_network"}, means: "guests are behind our chains: bans cover them"},
}

// neighbours looks for other programs that have a say in the packet filter. The ruleset is only read.
func (x *examination) neighbours() {
	tables, err := x.sys.Ruleset()
	if err != nil {
		x.add(Unknown, "ruleset", "run doctor as root", "other programs' tables were not seen, only their processes and files: it takes CAP_NET_ADMIN")
	}
	x.ourTable(tables, err)
	x.docker(tables)
	for _, n := range knownNeighbours {
		if from := x.presence(n, tables); from != "" {
			level := OK
			if n.bans {
				level = Warning
			}
			x.add(level, n.name, n.do, "%s: %s", from, n.means)
		}
	}
	x.nftablesService()
	x.flowtables(tables)
}

// presence says how a neighbour was seen; empty: it was not.
func (x *examination) presence(n neighbour, tables []Table) string {
	if p, ok := x.running(n.runs...); ok {
		return "runs (process " + p.pid + ")"
	}
	if text, err := x.sys.read(n.setup); n.setup != "" && err == nil && strings.Contains("\n"+text, "\n"+n.says) {
		return "is switched on in " + n.setup
	}
	for _, t := range tables {
		if slices.Contains(n.tables, t.Name) {
			return "has the table " + t.Family + " " + t.Name
		}
		for _, chain := range t.Chains {
			if slices.Contains(n.chains, chain) {
				return "has chains in the table " + t.Family + " " + t.Name
			}
		}
	}
	return ""
}

// ourTable says what is left of us in the kernel.
func (x *examination) ourTable(tables []Table, err error) {
	there := slices.ContainsFunc(tables, func(t Table) bool { return t.Family == "inet" && t.Name == "cidrx" })
	switch {
	case there && x.agent == nil:
		x.ok("inet cidrx", "our table is there without an agent: bans go on until their timeouts; nft delete table inet cidrx lifts them")
	case there && x.cfg.Firewall.Hook == "input":
		x.ok("inet cidrx", "our table is there, at input: what is forwarded, to containers and other hosts, goes past it")
	case there:
		x.ok("inet cidrx", "our table is there, at prerouting before conntrack and DNAT: no other table can accept what it drops")
	case err == nil && x.backend == "nftables":
		x.add(Warning, "inet cidrx", "run doctor where the agent runs; is it in a container, or another network namespace? If not, look again: it repairs within a second",
			"the agent says that it enforces, but its table is not in this network namespace")
	}
	if err == nil {
		x.ok("ruleset", "%d tables of others; ours is independent of them", len(tables)-count(there))
	}
}

func count(is bool) int {
	if is {
		return 1
	}
	return 0
}

// docker publishes ports with DNAT at prerouting, and forwards: what hooks into input does not see it.
func (x *examination) docker(tables []Table) {
	from := x.presence(neighbour{runs: []string{"dockerd", "podman"}, chains: []string{"DOCKER", "NETAVARK-HOSTPORT-DNAT"}}, tables)
	switch {
	case from == "":
	case x.cfg.Firewall.Hook == "input":
		x.add(Warning, "docker", `hook = "prerouting" in [firewall]`, "%s: published ports of containers go past input, so bans do not cover them", from)
	default:
		x.ok("docker", "%s: bans cover published ports, since they come before DNAT", from)
	}
}

// nftablesService empties the ruleset whenever it is started, stopped or reloaded, ours included.
func (x *examination) nftablesService() {
	text, err := x.sys.read("/etc/nftables.conf")
	if err != nil {
		text, err = x.sys.read("/etc/sysconfig/nftables.conf")
	}
	flushes := false
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "#")
		flushes = flushes || strings.Join(strings.Fields(line), " ") == "flush ruleset"
	}
	switch {
	case err != nil || !flushes:
	case x.enabled("nftables.service"):
		x.ok("nftables.service", "is enabled, and its file begins with 'flush ruleset': a restart of it takes our table away too; the agent notices and repairs within a second")
	default:
		x.ok("nftables.service", "is not enabled; /etc/nftables.conf would empty the whole ruleset, ours included, which the agent repairs")
	}
}

// flowtables let packets of known flows pass by all chains at prerouting.
func (x *examination) flowtables(tables []Table) {
	for _, t := range tables {
		if t.Flowtables > 0 {
			x.add(Warning, "flow tables", "expect that a banned forwarded connection goes on until it is idle; new ones are stopped", "%s %s offloads flows: what is offloaded passes by our chains", t.Family, t.Name)
		}
	}
}
