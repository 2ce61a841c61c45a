//go:build linux

package nftables

import (
	"bufio"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// generation is a state of the whole ruleset, of all tables: each commit, whoever makes it, gives it the next number.
type generation struct {
	id      uint32
	thread  uint32 // of the process that made the last commit, as the first PID namespace numbers it
	command string
}

func readGeneration(attrs []byte) generation {
	var g generation
	for kind, v := range attributes(attrs) {
		switch kind {
		case unix.NFTA_GEN_ID:
			g.id = be32(v)
		case unix.NFTA_GEN_PROC_PID:
			g.thread = be32(v)
		case unix.NFTA_GEN_PROC_NAME:
			g.command = cString(v)
		}
	}
	return g
}

// generation asks for the current one.
func (s *socket) generation() (generation, error) {
	b := s.newRequest()
	b.end(b.begin(subsystem|unix.NFT_MSG_GETGEN, 0, unix.AF_UNSPEC, 0))
	var g generation
	err := s.request(b, func(m message) error {
		g = readGeneration(m.nfAttributes())
		return nil
	})
	if err != nil {
		return g, fmt.Errorf("read the generation of the ruleset: %w", err)
	}
	return g, nil
}

// by is who made the commit, as "name[pid]"; empty if not known. The kernel names a thread: its process is looked up while it lives, and is the
// same for programs with one thread, such as nft.
func (g generation) by() string {
	if g.command == "" {
		return ""
	}
	return fmt.Sprintf("%s[%s]", g.command, processOf(g.thread))
}

func processOf(thread uint32) string {
	own := fmt.Sprint(thread)
	status, err := os.Open("/proc/" + own + "/status")
	if err != nil {
		return own
	}
	defer status.Close()
	for lines := bufio.NewScanner(status); lines.Scan(); {
		if tgid, ok := strings.CutPrefix(lines.Text(), "Tgid:"); ok {
			return strings.TrimSpace(tgid)
		}
	}
	return own
}

// later says whether a comes after b, numbers wrapping around.
func later(a, b uint32) bool { return int32(a-b) > 0 }
