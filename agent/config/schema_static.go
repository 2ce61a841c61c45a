package config

import "reflect"

// staticDocument is a file for 'cidrx static'. It may be the agent's as well, or one of the cidrx 1.x tool: sections that are about
// following logs are left alone.
type staticDocument struct {
	Global globalSection `toml:"global"`
	Static staticPart    `toml:"static"`
	Allow  listSection   `toml:"allow"`
	Jail   jailSection   `toml:"jail"`

	Agent    others `toml:"agent"`
	Log      others `toml:"log"`
	Source   others `toml:"source"`
	Deny     others `toml:"deny"`
	Firewall others `toml:"firewall"`
	Live     others `toml:"live"`
	Login    others `toml:"login"`
	Notify   others `toml:"notify"`
	Listen   others `toml:"listen"`
}

// staticPart is [static], which holds keys and named sections side by side. go-toml has no word for that and takes it as it comes; for
// the walk of strict.go its shape is staticSection.
type staticPart any

// shape is the type that strict.go holds a value of type t to.
func shape(t reflect.Type) reflect.Type {
	if t == reflect.TypeFor[staticPart]() {
		return reflect.TypeFor[staticSection]()
	}
	return t
}

type (
	texts  any // a text or a list of texts
	moment any // a time as text, or as one of TOML's dates and times
)

type globalSection struct {
	JailFile           string `toml:"jailFile"`
	BanFile            string `toml:"banFile"`
	Whitelist          string `toml:"whitelist"`
	Blacklist          string `toml:"blacklist"`
	UserAgentWhitelist string `toml:"userAgentWhitelist"`
	UserAgentBlacklist string `toml:"userAgentBlacklist"`
}

// staticSection is [static].
type staticSection struct {
	LogFile   texts  `toml:"logFile"`
	LogFormat string `toml:"logFormat"`
	Timezone  string `toml:"timezone"`
	PlotPath  string `toml:"plotPath"`

	Named map[string]analysisSection `toml:"*"` // [static.NAME]
}

// analysisSection is [static.NAME].
type analysisSection struct {
	UseragentRegex string        `toml:"useragentRegex"`
	EndpointRegex  string        `toml:"endpointRegex"`
	Methods        []string      `toml:"methods"`
	Statuses       []string      `toml:"statuses"`
	Hosts          []string      `toml:"hosts"`
	Outcomes       []string      `toml:"outcomes"`
	StartTime      moment        `toml:"startTime"`
	EndTime        moment        `toml:"endTime"`
	CidrRanges     []string      `toml:"cidrRanges"`
	ThresholdMode  string        `toml:"thresholdMode"`
	ClusterArgSets [][]float64   `toml:"clusterArgSets"`
	UseForJail     []bool        `toml:"useForJail"`
	Tier           []tierSection `toml:"tier"`
}

// live is the part of s that a strategy of the agent has too.
func (s analysisSection) live() liveSection {
	return liveSection{
		UseragentRegex: s.UseragentRegex, EndpointRegex: s.EndpointRegex,
		Methods: s.Methods, Statuses: s.Statuses, Hosts: s.Hosts, Outcomes: s.Outcomes,
		ThresholdMode: s.ThresholdMode, ClusterArgSets: s.ClusterArgSets, UseForJail: s.UseForJail, Tier: s.Tier,
	}
}

// defaultStatic is [static] when it says nothing, defaultAnalysis one of its sections.
func defaultStatic() staticSection     { return staticSection{LogFormat: "auto"} }
func defaultAnalysis() analysisSection { return analysisSection{ThresholdMode: "share"} }
