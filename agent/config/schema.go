package config

// document is a configuration file as it is written. Its tags are the keys, its types what may stand there; strict.go holds files to
// it. Keys of sections that this version does not have are listed, so that their error can say more than "unknown".
type document struct {
	Agent    agentSection             `toml:"agent"`
	Log      logSection               `toml:"log"`
	Source   map[string]sourceSection `toml:"source"`
	Allow    listSection              `toml:"allow"`
	Deny     listSection              `toml:"deny"`
	Firewall firewallSection          `toml:"firewall"`
	Jail     jailSection              `toml:"jail"`
	Live     map[string]liveSection   `toml:"live"`

	Static staticPart `toml:"static"`

	Global unavailable `toml:"global" later:"is for 'cidrx static --config' only; move it into a file of its own, or write [allow] for whitelist and [deny] for blacklist; the agent keeps its bans itself"`
	Login  unavailable `toml:"login" later:"not available in this version; failed sshd logins are found by a [live.NAME] section with outcomes = [\"failure\"]"`
	Notify unavailable `toml:"notify" later:"not available in this version; 'cidrxctl events -f' prints what happens"`
	Listen unavailable `toml:"listen" later:"write it into a [source.NAME] section, such as listen = \"unixgram:/run/cidrx/log.sock\""`
}

type (
	duration    string // "90s", "10m", "2d", "1w"
	others      any    // belongs to another command that reads the same file: accepted, and left alone
	unavailable any    // belongs to a later version
)

type agentSection struct {
	Mode          string `toml:"mode"`
	StateDir      string `toml:"stateDir"`
	Socket        string `toml:"socket"`
	MetricsListen string `toml:"metricsListen"`
}

type logSection struct {
	Level  string `toml:"level"`
	Format string `toml:"format"`
}

type sourceSection struct {
	Paths          []string          `toml:"paths"`
	Journal        texts             `toml:"journal"`
	Listen         string            `toml:"listen"`
	Format         string            `toml:"format"`
	Fields         map[string]string `toml:"fields"`
	Timezone       string            `toml:"timezone"`
	StartAt        string            `toml:"startAt"`
	TrustedProxies []string          `toml:"trustedProxies"`
	Forwarded      bool              `toml:"forwarded"`
	Trust          bool              `toml:"trust"`
}

type listSection struct {
	Networks []string `toml:"networks"`
	Files    []string `toml:"files"`
}

type firewallSection struct {
	Backend         string  `toml:"backend"`
	Hook            string  `toml:"hook"`
	Ports           []int64 `toml:"ports"`
	Action          string  `toml:"action"`
	ProtectOutbound bool    `toml:"protectOutbound"`
}

type jailSection struct {
	Stages       []duration `toml:"stages"`
	ForgetAfter  duration   `toml:"forgetAfter"`
	UnblockGrace duration   `toml:"unblockGrace"`
	MaxPrefix4   int64      `toml:"maxPrefix4"`
	MaxPrefix6   int64      `toml:"maxPrefix6"`
	MaxBans      int64      `toml:"maxBans"`
	BanPrivate   bool       `toml:"banPrivate"`
}

type liveSection struct {
	UseragentRegex string        `toml:"useragentRegex"`
	EndpointRegex  string        `toml:"endpointRegex"`
	Methods        []string      `toml:"methods"`
	Statuses       []string      `toml:"statuses"`
	Hosts          []string      `toml:"hosts"`
	Sources        []string      `toml:"sources"`
	Outcomes       []string      `toml:"outcomes"`
	Window         duration      `toml:"window"`
	MaxEntries     int64         `toml:"maxEntries"`
	ThresholdMode  string        `toml:"thresholdMode"`
	ClusterArgSets [][]float64   `toml:"clusterArgSets"` // compact form of tiers: [minSize, minDepth, maxDepth, threshold]
	UseForJail     []bool        `toml:"useForJail"`     // with clusterArgSets; nil: all may ban
	Tier           []tierSection `toml:"tier"`
}

// tierSection has pointers where "not given" is something of its own.
type tierSection struct {
	MinSize       *int64   `toml:"minSize"`
	MinDepth      *int64   `toml:"minDepth"`
	MaxDepth      *int64   `toml:"maxDepth"`
	Threshold     *float64 `toml:"threshold"`
	MinHosts      *int64   `toml:"minHosts"` // not given: by the length of the prefix
	MaxCollateral float64  `toml:"maxCollateral"`
	SizeAlone     int64    `toml:"sizeAlone"`
	Depth6        []int64  `toml:"depth6"`
	ThresholdMode string   `toml:"thresholdMode"` // empty: the strategy's
	Jail          bool     `toml:"jail"`
}

// defaults is the configuration when no file says anything.
func defaults() document {
	return document{
		Agent:    agentSection{Mode: "observe", StateDir: "/var/lib/cidrx", Socket: "/run/cidrx/cidrx.sock"},
		Log:      logSection{Level: "info", Format: "text"},
		Firewall: firewallSection{Backend: "auto", Hook: "prerouting", Action: "drop", ProtectOutbound: true},
		Jail: jailSection{
			Stages: []duration{"10m", "1h", "12h", "2d", "7d"}, ForgetAfter: "7d", UnblockGrace: "1h",
			MaxPrefix4: 16, MaxPrefix6: 32, MaxBans: 100_000,
		},
	}
}

// defaultSource is a [source.NAME] section that says nothing, defaultLive a [live.NAME] section, defaultTier one of its tiers.
func defaultSource() sourceSection { return sourceSection{Format: "auto", StartAt: "end"} }

func defaultLive() liveSection {
	return liveSection{Window: "10m", MaxEntries: 1_000_000, ThresholdMode: "share"}
}

func defaultTier() tierSection { return tierSection{MaxCollateral: 1, Jail: true} }
