package parse

import (
	"errors"
	"fmt"
	"strings"
)

// Preset is a format known by name.
type Preset struct{ Name, About string }

// preset is a Preset and how to make its parser.
type preset struct {
	Preset
	make func(Options) (Parser, error)
}

// presets are in the order in which Detect prefers them.
func presets() []preset {
	return []preset{
		{Preset{"caddy", "Caddy's JSON access log, with all request headers"}, newCaddy},
		{Preset{"nginx-json", "nginx access log in JSON, one flat object a line, best with escape=json"}, newFlatJSON},
		{Preset{"traefik-json", "Traefik's JSON access log"}, newFlatKind(&traefikKind)},
		{Preset{"envoy-json", "Envoy's access log in JSON, with the keys of Envoy's documentation, Istio or Envoy Gateway"}, newFlatKind(&envoyKind)},
		{Preset{"traefik", "Traefik's access log in text: the common log format and five more fields"}, newTraefik},
		{Preset{"combined", "nginx's default access log and Apache's combined; more fields may follow"}, accessPreset(combined, false, true)},
		{Preset{"vhost_combined", "Apache's combined with the virtual host and port in front"}, accessPreset("%v:%^ "+combined, true, true)},
		{Preset{"common", "the common log format; more fields may follow"}, accessPreset(common, false, false)},
		{Preset{"sshd", "OpenSSH's server in a syslog file, stamps with or without year"}, newSSHD},
		{Preset{"haproxy", "HAProxy's HTTP log (httplog, httpslog), with or without the head of a syslog file"}, newHAProxy},
		{Preset{"alb", "access log of AWS's application load balancers"}, newALB},
		{Preset{"nginx-error", "nginx error log: limit_req, auth_basic and access rules"}, newNginxError},
		{Preset{"apache-error", "Apache error log: failed logins, denied access, ModSecurity"}, newApacheError},
	}
}

const (
	common   = `%h %^ %l [%t] "%r" %s %b`
	combined = common + ` "%R" "%u"`
	auto     = "auto"
)

// Presets lists the formats that New knows by name, in the order in which Detect prefers them, auto last.
func Presets() []Preset {
	var out []Preset
	for _, p := range presets() {
		out = append(out, p.Preset)
	}
	return append(out, Preset{auto, "the first preset that accepts a line, kept from then on"})
}

// New makes a parser for a preset's name or a format string (any text with a % in it). An unknown format is an error that lists the
// presets and names the nearest; a bad format string is one that names the specifier.
func New(format string, opts Options) (Parser, error) {
	if strings.Contains(format, "%") {
		return newFormat(format, opts)
	}
	if format == auto {
		return newAuto(opts)
	}
	for _, p := range presets() {
		if p.Name == format {
			return p.make(opts)
		}
	}
	return nil, unknownFormat(format)
}

// unknownFormat says what there is instead of format.
func unknownFormat(format string) error {
	var names []string
	nearest, distance := "", len(format)/2+2
	for _, p := range Presets() {
		names = append(names, p.Name)
		if d := editDistance(strings.ToLower(format), p.Name); d < distance {
			nearest, distance = p.Name, d
		}
	}
	hint := "there"
	if nearest != "" {
		hint = fmt.Sprintf("did you mean %q? There", nearest)
	}
	if format == "" {
		return errors.New("no log format given: use one of " + strings.Join(names, ", ") + ` or a format string such as ` + combined)
	}
	return fmt.Errorf("unknown log format %q: %s are %s, and format strings such as %s", format, hint, strings.Join(names, ", "), combined)
}

// editDistance counts the insertions, deletions and replacements of bytes that turn a into b (Levenshtein).
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}
