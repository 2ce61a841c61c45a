package explore

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"testing"

	"cidrx/cmd/internal/term/termtest"
	"cidrx/detect/cidr"
	"cidrx/detect/report"
)

// viewVariable makes the test binary show the view in place of running tests: "view", or "hosts", "try", "look" for one that panics there.
const viewVariable = "CIDRX_TEST_VIEW"

func TestMain(m *testing.M) {
	if where := os.Getenv(viewVariable); where != "" {
		if err := Show(context.Background(), &explosive{newFake(questions), where}, os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, "error:", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// explosive is an analysis with a fault.
type explosive struct {
	*fake
	where string
}

func (e *explosive) blow(where string) {
	if e.where == where {
		panic("fault of the test in " + where)
	}
}

func (e *explosive) Hosts(section int, p netip.Prefix, most int) []report.Host {
	e.blow("hosts")
	return e.fake.Hosts(section, p, most)
}

func (e *explosive) Try(section int, t cidr.Tier) report.Tier {
	e.blow("try")
	return e.fake.Try(section, t)
}

// start shows the view in a terminal; environ goes before the command.
func start(t *testing.T, where, environ string) *termtest.Terminal {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return termtest.Start(t, fmt.Sprintf("%s %s=%s '%s' 2>/dev/null", environ, viewVariable, where, self))
}

// A user's way through all pages, on a real terminal.
func TestTerminal(t *testing.T) {
	s := start(t, "view", "")
	s.Until("4 ranges hold 5,000", "at most 272", "q quit")
	s.Keys("Tab")
	s.Until("Tier 1 found 4 ranges")
	s.Keys("Down", "Down")
	s.Until("Tier 3 found nothing")
	s.Keys("t")
	s.Until("T is 9,000 requests")
	s.Keys("C-u", "5", "0", "0", "Tab", "Tab", "Tab", "C-u", "0", ".", "0", "1")
	s.Until("--clusterArgSets 500,8,16,0.01", "new, 0 gone")
	s.Keys("Escape")
	s.Until("Tier 3 found nothing")
	s.Keys("3")
	s.Until("5 ranges of all tiers")
	s.Keys("/", "192.0.2.70")
	s.Until("filter: 192.0.2.70", "1 shown")
	s.Keys("Enter", "Enter", "Tab")
	s.Until("› 192.0.2.64/26", `\x1b[2J`, `\u202e`, `\xff\xfe\x80`)
	s.Keys("m", "n")
	s.Until("of all IPv4", "192.0.2.64/26")
	s.Resize(59, 20)
	s.Until("This terminal is 59x20")
	s.Resize(120, 40)
	s.Until("of all IPv4")
	s.Keys("?")
	s.Until("Everywhere")
	s.Keys("q")
	s.Ends(0, "Summary")
}

func TestTerminalWithoutColour(t *testing.T) {
	s := start(t, "view", "NO_COLOR=yes")
	s.Until("4 ranges hold 5,000")
	s.Keys("m")
	s.Until("X range found")
	s.Colourless()
	s.Keys("C-c")
	s.Ends(0, "Summary")
}

// However it ends, the terminal is usable.
func TestTerminalAfterFaults(t *testing.T) {
	for where, keys := range map[string]string{"hosts": "Enter", "try": "t"} {
		t.Run(where, func(t *testing.T) {
			s := start(t, where, "")
			s.Until("4 ranges hold 5,000")
			s.Keys("3")
			s.Until("5 ranges of all tiers")
			s.Keys(keys)
			s.Ends(1, "Summary")
		})
	}
}

func TestTerminalAfterSignals(t *testing.T) {
	for _, signal := range []string{"TERM", "INT", "HUP"} {
		t.Run(signal, func(t *testing.T) {
			s := start(t, "view", "")
			s.Until("4 ranges hold 5,000")
			s.Signal(signal)
			s.Ends(0, "Summary")
		})
	}
}
