// Package bench measures the figures that cidrx promises, on the built commands, the real kernel in network namespaces of its own, and
// real log files. It has benchmarks only: run it with -bench, and it prints one table at its end.
package bench

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"cidrx/cmd/internal/rig"
)

// binaries is where TestMain put cidrx.
var binaries string

func TestMain(m *testing.M) {
	if os.Getenv(measureVariable) != "" {
		os.Exit(runMeasured(os.Args[1:]))
	}
	flag.Parse()
	if flag.Lookup("test.bench").Value.String() == "" {
		os.Exit(m.Run()) // nothing to measure, nothing to build
	}
	dir, err := os.MkdirTemp("", "cidrx-bench-")
	if err == nil {
		binaries = dir
		err = rig.Build(dir, "cidrx")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "building cidrx:", err)
		os.Exit(1)
	}
	load := rig.LoadAverage()
	code := m.Run()
	fmt.Println()
	if err := results.print(os.Stdout, rig.Machine(), load); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.RemoveAll(dir)
	os.Exit(code)
}

func cidrx() string { return filepath.Join(binaries, "cidrx") }

// configuration has the three strategies of the figures: one without a filter, one with a user agent expression, one with an endpoint
// expression. Ordinary lines come nowhere near their tiers; 1,000 lines of one scanner ban it.
const configuration = `
[agent]
mode     = "enforce"
stateDir = "DIR/state"
socket   = "DIR/c.sock"
[source.web]
paths  = ["DIR/access.log"]
format = "combined"
[live.all]
window         = "10m"
clusterArgSets = [[1000, 16, 32, 0.1]]
[live.scanners]
useragentRegex = "(?i)nikto|sqlmap|wpscan|nuclei|zgrab|masscan|nmap scripting|gobuster|dirbuster|dirsearch|feroxbuster|fuzz faster"
window         = "10m"
clusterArgSets = [[1000, 32, 32, 0.0], [2000, 24, 31, 0.1]]
[live.probes]
endpointRegex  = '(?i)/\.env|/\.git/|/\.svn/|/\.aws/|/\.ssh/|/wp-login\.php|/wp-config|/xmlrpc\.php|/phpmyadmin|/vendor/phpunit|/cgi-bin/luci'
window         = "10m"
clusterArgSets = [[1000, 24, 32, 0.1]]
`

// linesToBan is how many lines of a scanner the strategy scanners of configuration wants.
const linesToBan = 1000
