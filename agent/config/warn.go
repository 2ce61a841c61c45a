package config

import (
	"net/netip"
	"regexp"
	"strconv"

	"cidrx/detect/cidr"
	"cidrx/detect/match"
)

// warn adds what is allowed in cfg but hardly meant.
func warn(p *problems, cfg *Config) {
	if len(cfg.Sources) == 0 {
		p.warn("source", "there are no sources, so no log is read; write a [source.NAME] section")
	}
	if len(cfg.Live) == 0 {
		p.warn("live", "there are no strategies, so nothing is ever reported; write a [live.NAME] section")
	}
	if cfg.Agent.Mode == Enforce && cfg.Firewall.Backend == "none" {
		p.warn("firewall.backend", `is "none", so the mode "enforce" bans nobody`)
	}
	warnLists(p, cfg)
	warnPaths(p, cfg.Sources)
	for _, s := range cfg.Live {
		warnFilter(p, "live."+s.Name, s.Filter)
		for i, t := range s.Tiers {
			warnTier(p, "live."+s.Name, i, s.Filter, t, cfg.Jail)
		}
	}
}

// warnLists looks for an allowlist that lets everybody in, and for denied networks that it lets in.
func warnLists(p *problems, cfg *Config) {
	for _, a := range cfg.Allow.Entries {
		if a.Prefix.Bits() == 0 {
			p.warn("allow", "%s allows everybody, so nobody is ever banned", a.Prefix)
		}
	}
	for _, d := range cfg.Deny.Networks {
		for _, a := range cfg.Allow.Networks {
			if covers(a, d) {
				p.warn("deny.networks", "%s is inside %s of allow.networks, which wins", d, a)
			}
		}
	}
}

func covers(a, b netip.Prefix) bool { return a.Bits() <= b.Bits() && a.Contains(b.Addr()) }

// warnPaths looks for files that two sources read: each of their lines counts twice.
func warnPaths(p *problems, sources []Source) {
	seen := map[string]string{}
	for _, s := range sources {
		for i, path := range s.Paths {
			if other, known := seen[path]; known && other != s.Name {
				p.warn(element("source."+s.Name+".paths", i), "%q is read by [source.%s] too, so each of its lines counts twice", path, other)
			}
			seen[path] = s.Name
		}
		if other, known := seen[s.Listen.String()]; known && s.Listen != (Listen{}) {
			p.warn("source."+s.Name+".listen", "[source.%s] listens there already, so this source receives nothing", other)
		}
		seen[s.Listen.String()] = s.Name
	}
}

// warnFilter looks for expressions that everything matches, such as "nikto|".
func warnFilter(p *problems, path string, o match.Options) {
	if o.UserAgent != "" && matchesAll(o.UserAgent) {
		p.warn(path+".useragentRegex", "every user agent matches this")
	}
	if o.Endpoint != "" && matchesAll(o.Endpoint) {
		p.warn(path+".endpointRegex", "every endpoint matches this")
	}
}

// matchesAll guesses whether expr, which has been checked, matches everything, by texts that nobody would look for.
func matchesAll(expr string) bool {
	re := regexp.MustCompile(expr)
	return re.MatchString("") && re.MatchString("\x01") && re.MatchString("/\x02\n")
}

// warnTier looks for tiers of a section that report everybody, or nobody.
func warnTier(p *problems, section string, i int, o match.Options, t cidr.Tier, jail Jail) {
	path := tierPath(p, section, i)
	if t.Needed(1) == 1 && t.Threshold == 0 && filterless(o) && t.MinHosts <= 1 {
		p.warn(path, "without a filter, a single request is enough to be reported; raise minSize or threshold")
	}
	if t.SizeAlone > 0 && t.SizeAlone <= t.MinSize {
		p.warn(path, "sizeAlone is not above minSize, so the share is never looked at")
	}
	if t.MinHosts > 0 && tooMany(t.MinHosts, 32-t.MinDepth) && tooMany(t.MinHosts, 64-depths6(t)[0]) {
		p.warn(path, "not even the widest prefix has %d hosts, so nothing is ever reported", t.MinHosts)
	}
	if t.Jail && t.MinDepth < jail.MaxPrefix4 {
		p.warn(path, "reports prefixes as wide as /%d, but jail.maxPrefix4 lets none be banned that is wider than /%d", t.MinDepth, jail.MaxPrefix4)
	}
	if wide := depths6(t)[0]; t.Jail && wide < jail.MaxPrefix6 {
		p.warn(path, "reports IPv6 prefixes as wide as /%d, but jail.maxPrefix6 lets none be banned that is wider than /%d", wide, jail.MaxPrefix6)
	}
}

// tierPath is where tier i of a strategy stands, in whichever form.
func tierPath(p *problems, section string, i int) string {
	path := section + ".clusterArgSets"
	if _, compact := p.where[path]; !compact {
		path = section + ".tier"
	}
	return path + "[" + strconv.Itoa(i) + "]"
}

// filterless reports whether a filter lets all requests of its sources pass.
func filterless(o match.Options) bool {
	return o.UserAgent == "" && o.Endpoint == "" && len(o.Methods)+len(o.Statuses)+len(o.Hosts)+len(o.Outcomes) == 0
}

// tooMany reports whether n hosts do not fit into a prefix with that many bits left for them.
func tooMany(n, bits int) bool { return bits < 31 && n > 1<<bits }

// depths6 are the IPv6 depths of a tier.
func depths6(t cidr.Tier) [2]int {
	if t.Depth6 == [2]int{} {
		return [2]int{2 * t.MinDepth, 2 * t.MaxDepth}
	}
	return t.Depth6
}
