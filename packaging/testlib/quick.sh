# How long the agent takes from its start until it is ready. Sourced by test.sh.
# shellcheck shell=bash disable=SC2154,SC2034

# quick starts the installed program as the unit does, with the bans that there are, and holds the best of several starts against the limit.
# At real-time priority, so that what else runs on this machine does not count; and not through systemd, whose own work would.
quick() {
	local said
	CGO_ENABLED=0 go -C "$here/.." build -o "$root/root/ready" ./packaging/testlib/ready
	must "stop, to start it for the clock" inside systemctl stop cidrx.service
	inside install -d -o cidrx -g cidrx -m 0755 /run/cidrx
	said=$(inside chrt --rr 10 /root/ready -most 100ms -starts 10 -- \
		setpriv --reuid cidrx --regid cidrx --groups "$(inside id -G cidrx | tr ' ' ,)" --inh-caps=-all,+net_admin --ambient-caps=-all,+net_admin \
		--bounding-set=-all,+net_admin cidrx agent 2>&1) || fail "from start to ready: $said"
	ok "from start to ready: $said, at a load of $(cut -d ' ' -f 1 /proc/loadavg)"
	must "start" inside systemctl start cidrx.service
	eventually "the ban is in force" banned in_force
}
