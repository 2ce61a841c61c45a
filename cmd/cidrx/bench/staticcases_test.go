package bench

import "cidrx/detect/static/logtest"

// The logs of the cases.
var (
	smallLog = logtest.Options{Lines: 1_000_000, Addresses: 200_000, Seed: 1}
	longLog  = logtest.Options{Lines: 5_000_000, Addresses: 200_000, Seed: 2}
	wideLog  = logtest.Options{Lines: 5_000_000, Addresses: 1_000_000, Seed: 3}
	caddyLog = logtest.Options{Lines: 500_000, Addresses: 50_000, Seed: 4, Format: logtest.Caddy}
)

// threeTiers find single hosts, small networks and large ones in these logs.
var threeTiers = []string{"--clusterArgSets", "500,28,32,0.002", "--clusterArgSets", "2000,20,28,0.005", "--clusterArgSets", "10000,16,24,0.02"}

const (
	agentsWithLiterals    = `(?i)nikto|sqlmap|wpscan|nuclei|zgrab|masscan|gobuster`
	endpointsWithLiterals = `^/api/v[12]/.*|/wp-login\.php|/\.env`
)

// staticCase is a run of cidrx static that may take only so many times as long as wc -l.
type staticCase struct {
	name, figure string
	log          logtest.Options
	args         []string
	config       string // in place of the arguments; LOG in it stands for the log
	most         float64
	peak         float64 // MiB; 0: not promised
	whole        bool    // one section has no filter: it has to count every line and every host
}

var staticCases = []staticCase{
	{name: "small", figure: "three tiers, no filter, 200,000 addresses, 1 million lines", log: smallLog, args: threeTiers, most: 3, whole: true},
	{name: "long", figure: "the same, 5 million lines", log: longLog, args: threeTiers, most: 3, whole: true},
	{name: "agents", figure: "user agent expression, three tiers", log: longLog, most: 3,
		args: append([]string{"--useragentRegex", agentsWithLiterals}, threeTiers...)},
	{name: "endpoints", figure: "endpoint expression, three tiers", log: longLog, most: 3,
		args: append([]string{"--endpointRegex", endpointsWithLiterals}, threeTiers...)},
	{name: "both", figure: "both expressions, three tiers", log: longLog, most: 3,
		args: append([]string{"--useragentRegex", agentsWithLiterals, "--endpointRegex", endpointsWithLiterals}, threeTiers...)},
	{name: "sections", figure: "five sections in one pass", log: longLog, config: fiveSections, most: 6, whole: true},
	{name: "wide", figure: "three tiers, no filter, 1 million addresses, 5 million lines", log: wideLog, args: threeTiers, most: 4, peak: 96, whole: true},
}

// fiveSections have one without a filter among them.
const fiveSections = `
[static]
logFile = "LOG"
[static.audit]
clusterArgSets = [[100, 28, 32, 0.05], [1000, 24, 28, 0.1], [5000, 20, 24, 0.02], [10000, 16, 20, 0.03]]
useForJail     = [false, false, false, false]
[static.api_protection]
endpointRegex  = "/api/.*"
clusterArgSets = [[100, 30, 32, 0.002], [500, 28, 30, 0.005]]
useForJail     = [true, true]
[static.scanners]
useragentRegex = ".*scanner.*|.*nikto.*|.*sqlmap.*"
clusterArgSets = [[50, 30, 32, 0.01]]
useForJail     = [true]
[static.morning]
startTime      = "2026-03-14T06:00:00Z"
endTime        = "2026-03-14T11:59:59Z"
clusterArgSets = [[1000, 24, 32, 0.01], [5000, 16, 24, 0.02]]
useForJail     = [true, true]
[static.probes]
useragentRegex = "python-requests|Go-http-client|curl/"
endpointRegex  = '/wp-login\.php|/xmlrpc\.php|/\.env|/\.git/'
clusterArgSets = [[100, 24, 32, 0.05]]
useForJail     = [true]
`
