package doctor

import (
	"strconv"
	"strings"
)

// capNetAdmin is the bit of CAP_NET_ADMIN; see capabilities(7).
const capNetAdmin = 12

// permissions looks at what the agent may do: the one that runs, or the one that the unit would start. What this process may do itself is
// the measure where there is neither.
func (x *examination) permissions() {
	if x.account.wanted != "" {
		x.add(Problem, "user", "useradd --system --no-create-home "+x.account.wanted, "cidrx.service wants the user %s, who does not exist: it cannot start", x.account.wanted)
	} else {
		x.ok("user", "the agent runs as %s (%s)", x.account.name, x.account.from)
	}
	if x.cfg.Firewall.Backend == "none" {
		return
	}
	if x.agent != nil && x.agent.status != nil {
		x.capabilities("the agent", x.agent.status)
		return
	}
	if unit := x.unit("cidrx.service"); len(unit) > 0 {
		x.unitRights(unit)
		return
	}
	status := x.sys.status("self")
	if status == nil {
		x.add(Unknown, "capabilities", "", "/proc/self/status cannot be read")
		return
	}
	x.capabilities("this process", status)
}

// capabilities reads the sets of a process.
func (x *examination) capabilities(who string, status map[string]string) {
	var have []string
	for _, set := range []struct{ field, name string }{{"CapEff", "effective"}, {"CapAmb", "ambient"}, {"CapBnd", "bounding"}} {
		if bits, err := strconv.ParseUint(status[set.field], 16, 64); err == nil && bits>>capNetAdmin&1 != 0 {
			have = append(have, set.name)
		}
	}
	effective := len(have) > 0 && have[0] == "effective"
	privileges := ""
	if status["NoNewPrivs"] == "1" {
		privileges = "; no_new_privs is set, so that programs it starts gain none"
	}
	switch {
	case effective:
		x.ok("capabilities", "%s has CAP_NET_ADMIN (%s)%s", who, strings.Join(have, ", "), privileges)
	case x.agent != nil:
		x.add(Problem, "capabilities", "AmbientCapabilities=CAP_NET_ADMIN in the unit, then systemctl daemon-reload and restart", "%s has no CAP_NET_ADMIN%s: it cannot ban", who, privileges)
	case x.sys.UID == 0:
		x.add(Problem, "capabilities", "give the container CAP_NET_ADMIN (docker: --cap-add NET_ADMIN --network host)", "root has no CAP_NET_ADMIN here: the agent could not ban")
	default:
		x.add(Unknown, "capabilities", "run doctor as root", "this user has no CAP_NET_ADMIN, and no agent runs that could be looked at")
	}
}

// unitRights reads what the unit gives.
func (x *examination) unitRights(unit map[string]string) {
	ambient := unit["AmbientCapabilities"]
	bounding, limited := unit["CapabilityBoundingSet"]
	user := unit["User"]
	switch {
	case user != "" && user != "root" && !strings.Contains(ambient, "CAP_NET_ADMIN"):
		x.add(Problem, "capabilities", "AmbientCapabilities=CAP_NET_ADMIN in the unit", "cidrx.service runs as %s and gives it no CAP_NET_ADMIN: it cannot ban", user)
	case limited && !strings.Contains(bounding, "CAP_NET_ADMIN") && !strings.HasPrefix(bounding, "~"):
		x.add(Problem, "capabilities", "CapabilityBoundingSet=CAP_NET_ADMIN in the unit", "cidrx.service bounds its capabilities without CAP_NET_ADMIN: it cannot ban")
	case x.cfg.Firewall.Backend == "ipset" && user != "" && user != "root" && !strings.Contains(ambient, "CAP_NET_RAW"):
		x.add(Problem, "capabilities", "a drop-in with AmbientCapabilities=CAP_NET_RAW and CapabilityBoundingSet=CAP_NET_RAW", "the ipset backend needs CAP_NET_RAW too, which cidrx.service does not give")
	default:
		x.ok("capabilities", "cidrx.service gives CAP_NET_ADMIN")
	}
}
