package config

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// StaticFlags are the flags of 'cidrx static', as written. They stand for a configuration with one section, FlagSection.
type StaticFlags struct {
	Logs           []string
	Format         string // empty: auto
	Timezone       string
	ClusterArgSets []string // "1000,24,32,0.1"
	ThresholdMode  string   // empty: share
	MinHosts       *int64   // of each tier; nil: none
	MaxCollateral  *float64
	SizeAlone      int64
	Depth6         string // "48,64"

	UseragentRegex, EndpointRegex          string
	StartTime, EndTime                     string
	Ranges                                 []string
	Whitelist, Blacklist                   string
	UserAgentWhitelist, UserAgentBlacklist string
	JailFile, BanFile, PlotPath            string

	NoTiers bool // none are needed
}

// FlagSection is the name of the section that flags make.
const FlagSection = "cli_trie"

// flagFile is the file name in errors about flags.
const flagFile = "flags"

// flagKeys are the flags by the paths of the keys that they stand for.
var flagKeys = map[string]string{
	"static.logFile":                            "--logfile",
	"static.logFormat":                          "--logFormat",
	"static.timezone":                           "--timezone",
	"static.plotPath":                           "--plotPath",
	"static." + FlagSection:                     "--clusterArgSets",
	"static." + FlagSection + ".tier":           "--clusterArgSets",
	"static." + FlagSection + ".thresholdMode":  "--thresholdMode",
	"static." + FlagSection + ".useragentRegex": "--useragentRegex",
	"static." + FlagSection + ".endpointRegex":  "--endpointRegex",
	"static." + FlagSection + ".startTime":      "--startTime",
	"static." + FlagSection + ".endTime":        "--endTime",
	"static." + FlagSection + ".cidrRanges":     "--rangesCidr",
	"global.whitelist":                          "--whitelist",
	"global.blacklist":                          "--blacklist",
	"global.userAgentWhitelist":                 "--userAgentWhitelist",
	"global.userAgentBlacklist":                 "--userAgentBlacklist",
	"global.jailFile":                           "--jailFile",
	"global.banFile":                            "--banFile",
}

// tierFlags are the flags that stand for a key of every tier.
var tierFlags = map[string]string{
	"minHosts": "--minHosts", "maxCollateral": "--maxCollateral", "sizeAlone": "--sizeAlone", "depth6": "--depth6",
}

// KeyOf is the key of a configuration file that a flag of 'cidrx static' stands for, "" if there is none: "--logfile" gives
// "logFile in [static]".
func KeyOf(flag string) string {
	for key, name := range tierFlags {
		if name == flag {
			return key + " in [[static.NAME.tier]]"
		}
	}
	best := ""
	for path, name := range flagKeys {
		if name == flag && len(path) > len(best) {
			best = path
		}
	}
	at := strings.LastIndexByte(best, '.')
	switch {
	case best == "":
		return ""
	case flag == "--clusterArgSets":
		return "clusterArgSets in [static.NAME]"
	}
	return best[at+1:] + " in [" + strings.Replace(best[:at], FlagSection, "NAME", 1) + "]"
}

// OfFlags makes what 'cidrx static' runs by out of flags alone. The error is an Errors; those about flags have the File "flags".
func OfFlags(f StaticFlags, in Inputs) (*Static, []Warning, error) {
	p := newProblems()
	p.begin(flagFile)
	for path, flag := range flagKeys {
		p.note(path, place{file: flagFile, key: flag})
	}
	doc := staticDocument{Jail: defaults().Jail, Global: globalSection{
		JailFile: f.JailFile, BanFile: f.BanFile, Whitelist: f.Whitelist, Blacklist: f.Blacklist,
		UserAgentWhitelist: f.UserAgentWhitelist, UserAgentBlacklist: f.UserAgentBlacklist,
	}}
	part := defaultStatic()
	part.LogFile, part.Timezone, part.PlotPath = f.Logs, f.Timezone, f.PlotPath
	if f.Format != "" {
		part.LogFormat = f.Format
	}
	part.Named = map[string]analysisSection{FlagSection: f.section(p)}
	in.tierless = f.NoTiers || len(f.ClusterArgSets) > 0
	return buildStatic(p, doc, part, in)
}

// section is the section that the flags make.
func (f StaticFlags) section(p *problems) analysisSection {
	a := defaultAnalysis()
	a.UseragentRegex, a.EndpointRegex, a.CidrRanges = f.UseragentRegex, f.EndpointRegex, f.Ranges
	a.StartTime, a.EndTime = f.StartTime, f.EndTime
	if f.ThresholdMode != "" {
		a.ThresholdMode = f.ThresholdMode
	}
	depth6, err := numbers[int64](f.Depth6, parseInt)
	if err == nil && f.Depth6 != "" && len(depth6) != 2 {
		err = errors.New(`must be two depths, such as 48,64`)
	}
	if err != nil {
		p.errors = append(p.errors, &Error{File: flagFile, Key: "--depth6", Msg: err.Error()})
		depth6 = nil
	}
	for i, set := range f.ClusterArgSets {
		path := element("static."+FlagSection+".tier", i)
		p.note(path, place{file: flagFile, key: "--clusterArgSets " + short(set)})
		for key, flag := range tierFlags {
			p.note(path+"."+key, place{file: flagFile, key: flag})
		}
		t, err := tierOf(set)
		if err != nil {
			p.fail(path, "%v", err)
			t = anyTier() // keeps its place
		}
		t.MinHosts, t.SizeAlone, t.Depth6 = f.MinHosts, f.SizeAlone, depth6
		if f.MaxCollateral != nil {
			t.MaxCollateral = *f.MaxCollateral
		}
		a.Tier = append(a.Tier, t)
	}
	return a
}

// anyTier is a tier that nothing is wrong with.
func anyTier() tierSection {
	t, host, share := defaultTier(), int64(32), 0.0
	t.MinSize, t.MinDepth, t.MaxDepth, t.Threshold = &host, &host, &host, &share
	return t
}

// tierOf reads minSize,minDepth,maxDepth,threshold.
func tierOf(set string) (tierSection, error) {
	t := defaultTier()
	n, err := numbers(set, func(s string) (float64, error) { return strconv.ParseFloat(s, 64) })
	if err == nil && len(n) != 4 {
		err = fmt.Errorf("has %d numbers, but must have 4: minSize,minDepth,maxDepth,threshold", len(n))
	}
	if err != nil {
		return t, err
	}
	var first [3]int64
	for i := range first {
		if first[i], err = whole(n[i]); err != nil {
			return t, err
		}
	}
	t.MinSize, t.MinDepth, t.MaxDepth, t.Threshold = &first[0], &first[1], &first[2], &n[3]
	return t, nil
}

func parseInt(s string) (int64, error) { return strconv.ParseInt(s, 10, 64) }

// numbers reads a list with commas; none of an empty text.
func numbers[N int64 | float64](text string, one func(string) (N, error)) ([]N, error) {
	if text == "" {
		return nil, nil
	}
	var out []N
	for part := range strings.SplitSeq(text, ",") {
		n, err := one(strings.TrimSpace(part))
		switch {
		case errors.Is(err, strconv.ErrRange):
			return nil, fmt.Errorf("%s is too large", short(strings.TrimSpace(part)))
		case err != nil:
			return nil, fmt.Errorf("%q is not a number", short(part))
		}
		out = append(out, n)
	}
	return out, nil
}

// AboutFlags reports whether all that is wrong is in the flags.
func (e Errors) AboutFlags() bool {
	return !slices.ContainsFunc(e, func(one *Error) bool { return one.File != flagFile })
}
