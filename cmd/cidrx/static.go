package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"cidrx/agent/config"
	"cidrx/agent/control"
	"cidrx/cmd/internal/term"
	"cidrx/detect/parse"
	"cidrx/detect/static"
)

// staticFlags are the flags of cidrx static.
type staticFlags struct {
	config.StaticFlags
	config        string
	minHosts      int64
	maxCollateral float64
	output
}

func staticCommand() *cobra.Command {
	var f staticFlags
	cmd := &cobra.Command{
		Use:   "static --logfile L... --clusterArgSets minSize,minDepth,maxDepth,threshold...",
		Short: "Analyse whole logs: which ranges attacked",
		Long:  staticHelp,
		Example: `  cidrx static --logfile access.log --clusterArgSets 500,28,32,0.1 --clusterArgSets 2000,20,28,0.2 --plain
  cidrx static --logfile 'access.log*' --suggest
  cidrx static --config audit.toml --compact | jq -r '.tries[].data[].merged_ranges[].cidr'
  zcat access.log.*.gz | cidrx static --logfile - --thresholdMode balance --clusterArgSets 1000,24,32,0.1`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(f.compare) > 0 {
				return nil // its second file may stand alone
			}
			return noArgs(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			f.compare = append(f.compare, args...)
			if err := f.check(cmd.Flags()); err != nil {
				return err
			}
			ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGINT, syscall.SIGTERM)
			defer stop()
			context.AfterFunc(ctx, stop) // a second signal kills
			tuneStatic()
			err := f.run(ctx, cmd.OutOrStdout(), cmd.ErrOrStderr())
			if err != nil && ctx.Err() != nil {
				err = errors.New("interrupted")
			}
			return err
		},
	}
	f.add(cmd.Flags())
	return cmd
}

const staticHelp = `static reads logs from beginning to end and reports the ranges that carry too much of the traffic, for each tier
(--clusterArgSets): a prefix of minDepth to maxDepth bits with at least minSize requests and threshold (0 to 1) of all of them.
Logs may be compressed (.gz, .zst, .bz2), globs, or - for standard input; several are read one after the other. A plain log that is
written to meanwhile is read as far as it went when it was opened; one that becomes shorter, as copytruncate makes it, is an error.

The report goes to standard output: indented JSON, --compact on one line, --plain for reading. --report writes a page to look at.
--tui explores it in the terminal. --suggest proposes tiers for a log; --compare A.toml B.toml shows what one configuration finds that
the other does not.

--config reads everything from a file with [static.NAME] sections; then only flags about the output may be added.`

// add defines the flags.
func (f *staticFlags) add(flags *pflag.FlagSet) {
	flags.StringVar(&f.config, "config", "", "configuration `file` in place of the flags that say what to analyse")
	flags.StringArrayVar(&f.Logs, "logfile", nil, "`log` to read; repeatable, globs, - for standard input")
	flags.StringVar(&f.Format, "logFormat", "auto", "preset or `format` string; cidrx parse --help lists them")
	flags.StringVar(&f.Timezone, "timezone", "", "time `zone` of stamps and times without one; default: the host's")
	flags.StringArrayVar(&f.ClusterArgSets, "clusterArgSets", nil, "a tier: `minSize,minDepth,maxDepth,threshold`; repeatable")
	flags.StringVar(&f.ThresholdMode, "thresholdMode", "share", "what threshold means: `share` of all requests; or balance, as in cidrx 1.x")
	flags.Int64Var(&f.minHosts, "minHosts", 0, "distinct hosts that a range needs")
	flags.Float64Var(&f.maxCollateral, "maxCollateral", 1, "`share` of a range's hosts that may be without a request that passes the filters")
	flags.Int64Var(&f.SizeAlone, "sizeAlone", 0, "`requests` that are enough whatever the share")
	flags.StringVar(&f.Depth6, "depth6", "", "IPv6 depths, `min,max`; default: twice those of IPv4")
	flags.StringVar(&f.UseragentRegex, "useragentRegex", "", "only requests whose user agent matches this `expression` (RE2)")
	flags.StringVar(&f.EndpointRegex, "endpointRegex", "", "only requests whose path and query match this `expression` (RE2)")
	flags.StringVar(&f.StartTime, "startTime", "", "only requests from this `time` on: YYYY-MM-DD[ HH[:MM]] or RFC 3339")
	flags.StringVar(&f.EndTime, "endTime", "", "only requests until this `time`, to the last second of the day, hour or minute it names")
	flags.StringArrayVar(&f.Ranges, "rangesCidr", nil, "report the requests of this `network`; repeatable")
	flags.StringVar(&f.Whitelist, "whitelist", "", "`file` of addresses and networks that are never reported")
	flags.StringVar(&f.Blacklist, "blacklist", "", "`file` of addresses and networks that go into the ban file as long as they are listed")
	flags.StringVar(&f.UserAgentWhitelist, "userAgentWhitelist", "", "`file` of parts of user agents whose requests only count in totals")
	flags.StringVar(&f.UserAgentBlacklist, "userAgentBlacklist", "", "`file` of parts of user agents whose hosts are listed and jailed")
	flags.StringVar(&f.JailFile, "jailFile", "", "`file` that remembers bans, so that they last longer each time")
	flags.StringVar(&f.BanFile, "banFile", "", "`file` to write the ranges that are banned now to, one a line")
	flags.StringVar(&f.PlotPath, "plotPath", "", "write the map of the address space to this `file`, as a page")
	f.output.add(flags)
}

// check looks for flags that are missing or do not go together.
func (f *staticFlags) check(flags *pflag.FlagSet) error {
	if err := f.output.check(); err != nil {
		return usageError{err}
	}
	if flags.Changed("minHosts") {
		f.MinHosts = &f.minHosts
	}
	if flags.Changed("maxCollateral") {
		f.MaxCollateral = &f.maxCollateral
	}
	f.NoTiers = f.suggest || len(f.Ranges) > 0
	switch {
	case f.config != "" && len(f.compare) > 0:
		return usageError{errors.New("--compare names its configurations itself; leave out --config")}
	case f.config != "" || len(f.compare) > 0:
		return f.onlyOutput(flags)
	case len(f.Logs) == 0:
		return usageError{errors.New("static needs --logfile, or --config")}
	case len(f.ClusterArgSets) == 0 && !f.NoTiers:
		return usageError{errors.New("static needs --clusterArgSets minSize,minDepth,maxDepth,threshold, such as 1000,24,32,0.1; --suggest proposes some")}
	}
	return nil
}

// onlyOutput refuses flags that a configuration stands in place of, with the key to write instead.
func (f *staticFlags) onlyOutput(flags *pflag.FlagSet) error {
	var wrong []string
	flags.Visit(func(flag *pflag.Flag) {
		name := "--" + flag.Name
		if key := config.KeyOf(name); key != "" && name != "--plotPath" && !(len(f.compare) > 0 && name == "--logfile") {
			wrong = append(wrong, fmt.Sprintf("in place of %s write %s", name, key))
		}
	})
	if len(wrong) == 0 {
		return nil
	}
	return usageError{errors.New("with a configuration file only flags about the output can be given: " + strings.Join(wrong, "; "))}
}

// load says what to analyse.
func (f *staticFlags) load(file string, stdout, stderr io.Writer) (*config.Static, error) {
	var (
		s        *config.Static
		warnings []config.Warning
		err      error
	)
	in := inputs(file)
	in.Flags["static.plotPath"] = f.PlotPath
	in.Stdin, in.Uses = regular(os.Stdin), f.uses(stdout)
	if file != "" {
		s, warnings, err = config.LoadStatic(in, f.Logs)
	} else {
		s, warnings, err = config.OfFlags(f.StaticFlags, in)
	}
	if list := (config.Errors)(nil); errors.As(err, &list) && list.AboutFlags() {
		return nil, usageError{flagErrors(list)}
	}
	if err != nil {
		return nil, err
	}
	for _, w := range warnings {
		w.File = strings.TrimSuffix(w.File, "flags")
		term.Note(stderr, "warning: %s", strings.TrimPrefix(w.Error(), ": "))
	}
	return s, nil
}

// flagErrors puts errors about flags on one line.
func flagErrors(list config.Errors) error {
	texts := make([]string, len(list))
	for i, e := range list {
		texts[i] = strings.TrimPrefix(e.Error(), e.File+": ")
	}
	return errors.New(strings.Join(texts, "; "))
}

// run analyses and reports.
func (f *staticFlags) run(ctx context.Context, stdout, stderr io.Writer) error {
	if len(f.compare) > 0 {
		return f.runCompare(ctx, stdout, stderr)
	}
	s, err := f.load(f.config, stdout, stderr)
	if err != nil {
		return err
	}
	if f.suggest { // nobody is banned for a proposal, and no map is drawn
		s.JailFile, s.BanFile, s.PlotPath = "", "", ""
	}
	if err := f.checkPages(s); err != nil {
		return err
	}
	keys, err := f.keyboard(stdout)
	if err != nil {
		return err
	}
	logs, err := openWhole(ctx, s.Logs, stderr)
	if err != nil {
		return err
	}
	defer logs.close()
	prison, err := openPrison(ctx, s, stderr)
	if err != nil {
		return err
	}
	defer prison.close()
	progress := watch(logs, stderr)
	defer progress.stop()
	o := analysisOptions(s)
	o.Progress, o.Spent, o.Sample = &progress.Progress, prison.spent(time.Now()), f.looks(s) || f.tui
	a, err := static.Analyze(ctx, o, logs.logs)
	if err != nil {
		return misfit(err)
	}
	if f.suggest {
		return f.propose(ctx, a, progress, stdout)
	}
	if err := f.look(ctx, s, a, progress); err != nil {
		return err
	}
	progress.stop()
	if err := prison.judge(a, time.Now()); err != nil {
		return err
	}
	if f.tui {
		prison.close() // others may go on with the jail file
		return errors.Join(f.pages(s, a), f.explore(ctx, a, keys, stdout))
	}
	return f.write(s, a, stdout)
}

// openWhole finds the logs and says what was left out.
func openWhole(ctx context.Context, names []string, stderr io.Writer) (*wholeLogs, error) {
	logs, err := findLogs(ctx, names)
	if err != nil {
		return nil, err
	}
	for _, note := range logs.notes {
		term.Note(stderr, "%s", note)
	}
	return logs, nil
}

// analysisOptions are the options of an analysis as configured.
func analysisOptions(s *config.Static) static.Options {
	zone := s.Timezone
	if zone == nil {
		zone = time.Local
	}
	return static.Options{
		Sections: s.Sections, Format: s.Format, Parse: parse.Options{Location: zone},
		Allow: s.Allow, AllowAgents: s.AllowAgents, DenyAgents: s.DenyAgents,
		Clock: time.Now, Version: control.Build().Version,
	}
}

// misfit says of a log in another format what to do.
func misfit(err error) error {
	var u *static.Unreadable
	if !errors.As(err, &u) {
		return err
	}
	fault := "parses as " + u.Format
	if u.Format == "auto" {
		fault = "is in a format that is known"
	}
	hint := "describe it with --logFormat '%h %^ %l [%t] \"%r\" …', or see cidrx parse --help"
	switch {
	case strings.ContainsRune(u.First, 0):
		hint = "that is no text: name a log, or turn it into UTF-8 with iconv"
	case u.Looks != "" && u.Looks != u.Format:
		hint = fmt.Sprintf("it looks like %s: --logFormat %[1]s, or logFormat = %[1]q in [static]", u.Looks)
	}
	return fmt.Errorf("%s: not one of %s %s; the first is %q; %s", u.Log, plural(u.Lines, "line"), fault, u.First, hint)
}

// tuneStatic leaves the garbage alone up to 32 MiB, which most logs never need, and makes the garbage collector work more often than its
// default from then on: most of the memory is a table of addresses that lives to the end. GOGC overrides it.
func tuneStatic() {
	if os.Getenv("GOGC") != "" {
		return
	}
	debug.SetGCPercent(800) // of Go's least heap, 4 MiB
	first := new([64]byte)  // what the first collection collects
	runtime.AddCleanup(first, func(percent int) { debug.SetGCPercent(percent) }, 40)
}
