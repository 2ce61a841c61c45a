package main

import (
	"fmt"
	"net/netip"
	"strings"
	"time"
)

// plan is how long and how hard the agent is soaked.
type plan struct {
	total  time.Duration
	rotate time.Duration // between rotations of the log
	reload time.Duration // between reloads of the configuration
	flush  time.Duration // between somebody's "nft flush ruleset"
	kill   time.Duration // between kills
	check  time.Duration // between checks of what was counted
	audit  time.Duration // between looks at all that the kernel holds

	lines     int           // a second, of ordinary clients
	addresses int           // that those come from
	attackers time.Duration // one that is to be banned, and one that just is not, each such time
	hosts     int           // banned all the time
	networks  int           // banned all the time
	window    time.Duration // of the strategies
	ban       time.Duration // how long one lasts, and up to a tenth longer

	endPatience time.Duration // how long after that it may be seen: a busy machine holds up the agent, the kernel and us
}

// newPlan is the soak that the product promises to stand: 50,000 lines a second, rotation every 10 s, a reload every 30 s, a flush every
// minute, kill -9 every 5 minutes. A shorter one has all of that more often, so that each comes up.
func newPlan(total time.Duration) plan {
	p := plan{
		total: total, rotate: min(10*time.Second, total/18), reload: min(30*time.Second, total/12), flush: min(time.Minute, total/6),
		kill: min(5*time.Minute, total/3), lines: 50_000, addresses: 200_000, attackers: 100 * time.Millisecond, hosts: 9_000, networks: 1_000,
		endPatience: 5 * time.Second,
	}
	p.check, p.audit = p.rotate*73/100, p.flush // out of step with rotations
	p.window = max(2*shortestBan, p.kill/6).Round(time.Second)
	p.ban = max(shortestBan, p.kill/10).Round(time.Second)
	return p
}

// maxBans is how many bans there may be at a time: the standing ones, and with room to spare those that come and go. The agent remembers as
// many that have ended, for a day at least.
func (p plan) maxBans() int { return p.hosts + p.networks + 2_000 }

// history is so many bans that have ended that no more are remembered: from the first minute on, each one that ends takes the place of another,
// and memory is what it will be after weeks.
func (p plan) history() []netip.Prefix {
	all := make([]netip.Prefix, p.maxBans())
	for i := range all {
		n := uint32(i) * 641 // scattered, and no two alike
		all[i] = netip.PrefixFrom(netip.AddrFrom4([4]byte{60, byte(n >> 16), byte(n >> 8), byte(n)}), 32)
	}
	return all
}

// shortestBan is long enough for whoever looks for one in the kernel, on a slow machine too.
const shortestBan = 6 * time.Second

// brief is the same with so little of everything that it passes on any machine, for the tests.
func brief() plan {
	p := newPlan(12 * time.Second)
	p.lines, p.addresses, p.attackers, p.hosts, p.networks = 2_000, 5_000, 300*time.Millisecond, 450, 50
	p.endPatience = time.Minute
	return p
}

// What attackers need to be banned: more than any ordinary client sends of what scanners send, even when a machine that stood still for half a
// minute makes up for it.
const (
	hostNeeds    = 150 // lines of one host
	networkNeeds = 256 // lines of one /26
)

// The strategies of the agent. Ordinary traffic comes nowhere near their tiers.
const strategies = `
[agent]
mode          = "enforce"
stateDir      = "DIR/state"
socket        = "DIR/c.sock"
metricsListen = "127.0.0.1:9464"
[source.web]
paths    = ["DIR/access.log"]
format   = "combined"
timezone = "ZONE"
[jail]
maxBans     = MAXBANS
stages      = ["BAN"]
forgetAfter = "FORGET"
[live.all]
window         = "WINDOW"
clusterArgSets = [[1000, 16, 32, 0.1]]
[live.scanners]
useragentRegex = "(?i)nikto|sqlmap|wpscan|nuclei|zgrab|masscan|nmap scripting|gobuster|dirbuster|dirsearch|feroxbuster|fuzz faster"
window         = "WINDOW"
clusterArgSets = [[HOST, 32, 32, 0.0]]
[live.botnet]
useragentRegex = "^soak-botnet"
window         = "WINDOW"
clusterArgSets = [[NETWORK, 26, 26, 0.0]]
[live.probes]
endpointRegex  = '(?i)/\.env|/\.git/|/\.svn/|/\.aws/|/\.ssh/|/wp-login\.php|/wp-config|/xmlrpc\.php|/phpmyadmin|/vendor/phpunit|/cgi-bin/luci'
window         = "WINDOW"
clusterArgSets = [[1000, 24, 32, 0.1]]
`

// extraStrategy comes and goes with reloads.
const extraStrategy = `
[live.extra]
statuses       = ["5xx"]
window         = "WINDOW"
clusterArgSets = [[1000, 32, 32, 0.5]]
`

// zones are what the source's zone is in turn: stamps have their own, so that nothing follows from it but a new source in place of the old.
var zones = [...]string{"UTC", "Europe/Berlin"}

// configuration is the agent's. Each version of it differs: the odd ones have the extra strategy, every other two another source.
func (p plan) configuration(version int) string {
	text := strategies
	if version%2 == 1 {
		text += extraStrategy
	}
	return strings.NewReplacer("ZONE", zones[version/2%len(zones)], "WINDOW", p.window.String(), "BAN", p.ban.String(), "MAXBANS", fmt.Sprint(p.maxBans()),
		"FORGET", (2 * p.ban).String(), "HOST", fmt.Sprint(hostNeeds), "NETWORK", fmt.Sprint(networkNeeds)).Replace(text)
}

// badConfiguration is refused.
func (p plan) badConfiguration() string {
	return strings.Replace(p.configuration(0), "26, 26", "26, 33", 1)
}
