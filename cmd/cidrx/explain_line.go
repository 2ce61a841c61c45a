package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"cidrx/agent/config"
	"cidrx/cmd/internal/term"
	"cidrx/detect/login"
	"cidrx/detect/parse"
)

// lineAnswer is what explain --line says.
type lineAnswer struct {
	Line    string       `json:"line"`
	OK      bool         `json:"ok"` // a source reads it
	Looks   string       `json:"looks_like,omitempty"`
	Sources []lineSource `json:"sources"`
}

// lineSource is how one source reads the line.
type lineSource struct {
	Source     string          `json:"source"`
	Format     string          `json:"format"`
	OK         bool            `json:"ok"`
	Error      string          `json:"error,omitempty"`
	Ignored    string          `json:"ignored,omitempty"`
	Event      json.RawMessage `json:"event,omitempty"`
	Login      string          `json:"login,omitempty"` // which part of a login attempt it is
	Client     *standing       `json:"client,omitempty"`
	Forwarded  bool            `json:"forwarded,omitempty"` // a ban earned here is not enforceable in this kernel
	Strategies []lineStrategy  `json:"strategies,omitempty"`

	event parse.Event
}

func explainLine(ctx context.Context, cfg *config.Config, f explainFlags, out io.Writer) error {
	sources, err := candidateSources(cfg, f)
	if err != nil {
		return err
	}
	line := []byte(strings.TrimRight(f.line, "\r\n"))
	a := lineAnswer{Line: string(line), Sources: []lineSource{}}
	a.Looks, _ = parse.Detect([][]byte{line})
	for _, src := range sources {
		s, err := readLine(cfg, src, line)
		if err != nil {
			return err
		}
		if s.OK && s.Ignored == "" {
			st := standingOf(ctx, cfg, s.event.Client, time.Now())
			s.Client = &st
		}
		a.OK = a.OK || s.OK
		a.Sources = append(a.Sources, s)
	}
	a.Sources = best(a.Sources)
	if err := printLineAnswer(out, a, f.json); err != nil {
		return err
	}
	if !a.OK {
		return exitCode(exitFailed)
	}
	return nil
}

// candidateSources are the sources that may read the line. Without any, it is looked at as the format that is named.
func candidateSources(cfg *config.Config, f explainFlags) ([]config.Source, error) {
	sources := cfg.Sources
	if f.source != "" {
		src, err := namedSource(cfg.Sources, f.source)
		if err != nil {
			return nil, err
		}
		sources = []config.Source{src}
	}
	if f.format == "" {
		if len(sources) == 0 {
			return nil, errors.New("the configuration has no [source.NAME] section; name a format: --logFormat auto")
		}
		return sources, nil
	}
	if err := checkFormat(f.format); err != nil {
		return nil, usageError{err}
	}
	if len(sources) != 1 { // filters on sources then depend on the name
		sources = []config.Source{{Name: f.source}}
	}
	src := sources[0]
	src.Format = f.format
	return []config.Source{src}, nil
}

// best are the sources that read the line; if none does, those to which it is another program's; else all.
func best(all []lineSource) []lineSource {
	for _, better := range []func(lineSource) bool{
		func(s lineSource) bool { return s.OK && s.Ignored == "" },
		func(s lineSource) bool { return s.OK },
	} {
		var some []lineSource
		for _, s := range all {
			if better(s) {
				some = append(some, s)
			}
		}
		if len(some) > 0 {
			return some
		}
	}
	return all
}

// readLine reads a line as a source does.
func readLine(cfg *config.Config, src config.Source, line []byte) (lineSource, error) {
	zone := src.Timezone
	if zone == nil {
		zone = time.Local
	}
	parser, err := parse.New(src.Format, parse.Options{
		Location: zone, Year: time.Now, Fields: src.Fields, TrustedProxies: src.TrustedProxies, Forwarded: src.Forwarded,
	})
	if err != nil {
		return lineSource{}, err
	}
	s := lineSource{Source: src.Name, Format: src.Format}
	var arena parse.Arena
	switch err := parser.Parse(line, &s.event, &arena); {
	case errors.Is(err, parse.ErrIgnored):
		s.OK, s.Ignored = true, err.Error()
		return s, nil
	case err != nil:
		s.Error = err.Error()
		return s, nil
	}
	s.OK, s.Forwarded = true, s.event.Forwarded
	counts := s.attempt()
	s.Event = json.RawMessage(term.AppendPrintableJSON(nil, parse.AppendJSON(nil, &s.event)))
	if counts {
		s.Strategies, err = enters(cfg, src.Name, &s.event)
	}
	return s, err
}

// attempt puts the line to its login attempt, as far as one line can tell, and says whether it counts.
func (s *lineSource) attempt() (counts bool) {
	if s.event.Part.Kind == parse.NotPart {
		return true
	}
	stage := login.New(0)
	kind := s.event.Part.Kind
	counts = stage.Add(&s.event)
	switch {
	case counts && s.event.Outcome == parse.Success:
		s.Login = "a login that succeeded"
	case counts:
		s.Login = fmt.Sprintf("a login that failed; counts %d", s.event.Repeat)
	case kind == parse.PartNamed:
		s.Login = "names a user: counts as one failed login when the connection ends, or after two minutes, unless a line says how it went"
	default:
		s.Login = "the end of a connection: counts as a failed login only if a line before named a user and none said how it went"
	}
	if kind == parse.PartNamed {
		stage.Flush()
		if due := stage.Due(nil); len(due) == 1 {
			s.event.Outcome, s.event.Repeat = due[0].Outcome, due[0].Repeat
			return true
		}
	}
	return counts
}

func printLineAnswer(out io.Writer, a lineAnswer, asJSON bool) error {
	if asJSON {
		return printJSON(out, a)
	}
	var b bytes.Buffer
	for i, s := range a.Sources {
		if i > 0 {
			b.WriteByte('\n')
		}
		s.print(&b)
	}
	if !a.OK {
		advice := "No preset reads it: write a format string; cidrx parse --help lists what goes into one."
		if a.Looks != "" {
			advice = fmt.Sprintf("It looks like %s: write format = %q in the source's section.", a.Looks, a.Looks)
		}
		printField(&b, "", advice)
	}
	_, err := out.Write(b.Bytes())
	return err
}

// fieldIndent is where the values of fields begin.
const fieldIndent = 12

// printField prints a name and its value, wrapped.
func printField(b *bytes.Buffer, name, value string) {
	pad := strings.Repeat(" ", fieldIndent)
	lines := wrapped(value, pageWidth-fieldIndent)
	fmt.Fprintf(b, "%-*s%s\n", fieldIndent, name, strings.Join(lines, "\n"+pad))
}

func (s *lineSource) print(b *bytes.Buffer) {
	name := s.Format
	if s.Source != "" {
		name = s.Source + ", format " + s.Format
	}
	printField(b, "Source", name)
	switch {
	case s.Error != "":
		printField(b, "Parsed", "no: "+s.Error)
		return
	case s.Ignored != "":
		printField(b, "Parsed", "well-formed, but none of its business: "+s.Ignored)
		return
	}
	printEvent(b, &s.event)
	if s.Login != "" {
		printField(b, "Login", s.Login)
	}
	printField(b, "Standing", s.event.Client.String()+" "+s.Client.words())
	if s.Forwarded {
		printField(b, "Forwarded", "the client is behind a proxy: a ban that it earns is shown and exported, but not enforceable in this host's kernel")
	}
	for i, st := range s.Strategies {
		title := ""
		if i == 0 {
			title = "Strategies"
		}
		printField(b, title, st.words())
	}
}

// printEvent prints each field that the line has.
func printEvent(b *bytes.Buffer, ev *parse.Event) {
	at := "none: it counts when it arrives"
	if !ev.Time.IsZero() {
		at = stamp(ev.Time)
	}
	printField(b, "Time", at)
	printField(b, "Client", ev.Client.String())
	for _, f := range []struct {
		name  string
		value []byte
	}{{"Method", ev.Method}, {"Target", ev.Target}, {"Host", ev.Host}, {"User agent", ev.UserAgent}, {"Referer", ev.Referer}, {"User", ev.User}} {
		if f.value != nil {
			printField(b, f.name, string(f.value))
		}
	}
	if ev.Status > 0 {
		printField(b, "Status", fmt.Sprint(ev.Status))
	}
	if ev.Bytes >= 0 {
		printField(b, "Bytes", thousands(ev.Bytes))
	}
	if ev.Repeat > 1 {
		printField(b, "Repeat", fmt.Sprintf("stands for %d", ev.Repeat))
	}
	if len(ev.Headers) > 0 {
		var names []string
		for _, h := range ev.Headers {
			names = append(names, string(h.Name))
		}
		printField(b, "Headers", strings.Join(names, ", "))
	}
}
