// Package config turns files, environment and flags into one typed Config, strictly: what it does not understand is an error that
// names file, line, key and the nearest known key. Nothing later checks again.
package config

import (
	"io/fs"
	"log/slog"
	"net/netip"
	"path/filepath"
	"strings"
	"time"

	"cidrx/detect"
	"cidrx/detect/static"
)

// MaxStrategies is how many [live.NAME] sections there may be: every one of them looks at every event. One of the engine's is the self-test's.
const MaxStrategies = detect.MaxStrategies - 1

// DefaultFile is the configuration file when none is named.
const DefaultFile = "/etc/cidrx/cidrx.toml"

// Mode says whether bans reach the firewall.
type Mode string

const (
	Observe Mode = "observe" // detect and report, leave the firewall alone
	Enforce Mode = "enforce"
)

// Config is what the agent runs by. All of it has been checked; slices are sorted as their comments say.
type Config struct {
	Files    []string // files read, in the order in which they were layered
	Agent    Agent
	Log      Log
	Sources  []Source // sorted by name
	Allow    List
	Deny     List
	Firewall Firewall
	Jail     Jail
	Live     []detect.Strategy // sorted by name, at most MaxStrategies
	Static   []static.Section  // sorted by name, at most MaxAnalyses: not for the agent, but checked
}

// StateFile is where the agent keeps its state.
func (a Agent) StateFile() string { return filepath.Join(a.StateDir, "state.db") }

// Agent is the [agent] section.
type Agent struct {
	Mode          Mode
	StateDir      string // absolute
	Socket        string // absolute, short enough for a unix socket
	MetricsListen string // "host:port", or empty: no metrics are served
}

// Log is the [log] section.
type Log struct {
	Level  slog.Level
	Format string // "text", "json"
}

// Source is one [source.NAME] section: Paths, Journal or Listen say where its lines come from. With Journal and Paths they come from the
// files where the journal cannot be read; else it is one of the three.
type Source struct {
	Name           string
	Paths          []string          // absolute paths or globs; "-" is standard input
	Journal        []string          // units of the journal, such as "ssh.service", sorted
	Listen         Listen            // where syslog datagrams come in
	Format         string            // preset or format string, as the caller's check accepted it
	Fields         map[string]string // nginx-json: field of the event -> JSON key; nil: the usual names
	Timezone       *time.Location    // for stamps without a zone; nil: the host's
	StartAt        string            // "end", "window": where a file is read from when it is seen for the first time ever
	TrustedProxies []netip.Prefix    // sorted
	Forwarded      bool              // the server already replaced the address by the forwarded one
	Trust          bool              // believed although others than root could write it
}

// Listen is the place of a syslog socket.
type Listen struct {
	Network string // "unixgram", "udp"; empty: none
	Address string // an absolute path that fits into a socket's address; an address and a port
}

// String is l as it is written.
func (l Listen) String() string { return l.Network + ":" + l.Address }

// Where says in words where the lines of a source come from.
func (s Source) Where() string {
	switch {
	case len(s.Journal) > 0 && len(s.Paths) > 0:
		return "journal of " + strings.Join(s.Journal, ", ") + ", else " + strings.Join(s.Paths, ", ")
	case len(s.Journal) > 0:
		return "journal of " + strings.Join(s.Journal, ", ")
	case s.Listen != Listen{}:
		return s.Listen.String()
	}
	return strings.Join(s.Paths, ", ")
}

// List is the [allow] or the [deny] section with the contents of its files.
type List struct {
	Networks []netip.Prefix // of the section itself, sorted
	Files    []string       // absolute
	Entries  []ListEntry    // networks and what the files hold, sorted by prefix, each prefix once
}

// ListEntry is one network of a List.
type ListEntry struct {
	Prefix netip.Prefix
	Origin string // "allow.networks", or the file it stands in
	Note   string // the comment behind it in its file
}

// Prefixes returns the networks of the section and of its files, sorted by address (IPv4 first), each once.
func (l List) Prefixes() []netip.Prefix {
	out := make([]netip.Prefix, len(l.Entries))
	for i, e := range l.Entries {
		out[i] = e.Prefix
	}
	return out
}

// Firewall is the [firewall] section.
type Firewall struct {
	Backend         string   // "auto", "nftables", "ipset", "none"
	Hook            string   // "prerouting", "input"
	Ports           []uint16 // sorted; empty: all
	Action          string   // "drop", "reject"
	ProtectOutbound bool
}

// Jail is the [jail] section.
type Jail struct {
	Stages       []time.Duration // ascending, at least one
	ForgetAfter  time.Duration
	UnblockGrace time.Duration
	MaxPrefix4   int // 8 to 32
	MaxPrefix6   int // 16 to 64
	MaxBans      int
	BanPrivate   bool
}

// Inputs is everything a configuration is made of. The zero value reads DefaultFile and nothing else.
type Inputs struct {
	File        string                        // the main file; conf.d/*.toml beside it follow; empty: DefaultFile
	Flags       map[string]any                // key, such as "agent.mode" -> value, or its text; wins over everything
	Environ     []string                      // as os.Environ gives it; only CIDRX_ variables are looked at
	CheckFormat func(format string) error     // says what is wrong with a log format; nil: any will do
	CheckFields func(map[string]string) error // says what is wrong with a field map of nginx-json; nil: any will do

	Stdin fs.FileInfo // of standard input, where a log is "-"; nil: not looked at
	Uses  []Use       // what the command reads and writes besides: no file may be written over; see Overwritten

	files    []string // of the configuration itself
	tierless bool     // sections of 'cidrx static' need no tiers
}
