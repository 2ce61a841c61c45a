# The life of a package on a host, from installing to nothing left. Sourced by test.sh; the steps that differ are in deb.sh and rpm.sh.
# shellcheck shell=bash disable=SC2154,SC2034

story() {
	files >"$work/before"
	installing
	observing
	enforcing
	quick
	surviving
	dying
	looking_before
	upgrading
	removing
	coming_back
	forgetting
}

property() { inside systemctl show --value --property "$1" cidrx.service; }

installing() {
	local said
	said=$(install_package "$(give "$(first_package)")" 2>&1) || fail "installing: $said"
	ok "installed"
	[[ $said == *"It observes"*"cidrxctl mode enforce --confirm 10m"* ]] || fail "the message of the first installation: $said"
	ok "it says that it observes, and how to enforce"
	start_agent >/dev/null 2>&1
	eventually "the agent is ready" inside systemctl is-active cidrx.service
	must "it starts with the system" inside systemctl is-enabled cidrx.service
	must "the configuration is valid for the agent's user" inside setpriv --reuid cidrx --regid cidrx --clear-groups cidrx check
	local pid
	pid=$(property MainPID)
	same "its user" "$(inside stat -c %U "/proc/$pid")" cidrx
	same "its rights are CAP_NET_ADMIN alone" "$(inside awk '/^Cap(Prm|Eff|Bnd|Amb)/ {printf "%s ", $2}' "/proc/$pid/status")" \
		"0000000000001000 0000000000001000 0000000000001000 0000000000001000 "
	same "modes of its directories" "$(inside stat -c '%U %a' /var/lib/cidrx /run/cidrx | tr '\n' ' ')" "cidrx 750 cidrx 755 "
}

# attack_log writes what an attack leaves in the log of a web server, as its master does: readable for group adm.
attack_log() {
	inside install -d -m 0755 /var/log/nginx
	inside sh -c 'umask 027; touch /var/log/nginx/access.log; chgrp adm /var/log/nginx/access.log'
	local i
	for i in 1 2 3 4 5 6 7 8; do
		printf '%s - - [%s] "GET /%d HTTP/1.1" 404 162 "-" "Mozilla/5.00 (Nikto/2.1.6)"\n' "$attacker" "$(date -u '+%d/%b/%Y:%H:%M:%S +0000')" "$i"
	done >>"$root/var/log/nginx/access.log"
}

# failed_logins says what sshd says, as a unit of its name; the system has no other. Nothing was written by one before the agent followed.
failed_logins() {
	# shellcheck disable=SC2016
	inside systemd-run --quiet --wait --unit=ssh.service --property=SyslogIdentifier=sshd \
		sh -c 'for port in 4001 4002 4003 4004 4005 4006 4007 4008; do echo "Failed password for root from $0 port $port ssh2"; done' "$guesser"
}

# banned STATE [ADDRESS]: the ban of the attacker, or of the address, is in this state.
banned() { inside cidrxctl bans --json | jq -e --arg state "$1" --arg prefix "${2:-$attacker}/32" 'any(.[]; .prefix == $prefix and .state == $state)'; }

until_when() { inside cidrxctl bans --json | jq -r --arg prefix "$attacker/32" '.[] | select(.prefix == $prefix) | .until'; }

tables() { inside nft list tables | grep -c 'table inet cidrx$' || true; }

observing() {
	[[ $(inside cidrxctl status) == OBSERVING* ]] || fail "status does not begin with OBSERVING: $(inside cidrxctl status)"
	ok "status: OBSERVING"
	attack_log
	eventually "the attacker is seen" banned observed
	must "failed logins are written to the journal" failed_logins
	eventually "and who guesses there is seen" banned observed "$guesser"
	must "and not banned" reaches "$attacker"
	same "tables of cidrx in the kernel" "$(tables)" 0
}

enforcing() {
	must "enforce on trial" inside cidrxctl mode enforce --confirm 10m
	must "and confirm" inside cidrxctl confirm
	attack_log
	eventually "the attacker is banned" banned in_force
	must_not "no packet of the attacker comes back" reaches "$attacker"
	must "those of a visitor do" reaches "$visitor"
	must "why names the strategy" shows scanners cidrxctl why "$attacker"
	must "the selftest passes" inside cidrxctl selftest
}

# surviving is what may happen on a host while the agent goes on: other people's firewalls, reload.
surviving() {
	local pid
	pid=$(property MainPID)
	must "restart of nftables.service, which flushes everything" inside systemctl restart nftables.service
	eventually "the table is repaired" shows "$attacker" nft list table inet cidrx
	same "by the same process" "$(property MainPID)" "$pid"
	eventually "the log says who did it" shows 'nft\[' journalctl --no-pager -u cidrx.service
	must "reload" inside systemctl reload cidrx.service
	same "still the same process" "$(property MainPID)" "$pid"
}

# shows PATTERN COMMAND…: the command's output, inside, has a line like that.
shows() {
	local pattern=$1
	shift
	inside "$@" | grep -E -- "$pattern" >/dev/null
}

upgrading() {
	inside sh -c 'printf "\n# changed by hand\n" >>/etc/cidrx/cidrx.toml; printf "[allow]\nnetworks = [\"203.0.113.77\"]\n" >/etc/cidrx/conf.d/mine.toml'
	local version ends said
	version=$(inside cidrx version)
	ends=$(until_when)
	witness
	traffic
	eventually "packets of the attacker arrive" arrived 100
	said=$(upgrade_package "$(give "$(later_package)")" 2>&1) || fail "upgrading: $said"
	eventually "packets of the attacker arrive after the upgrade" arrived $(($(seen arrived attacker) + 100))
	stop_traffic
	same "packets of the attacker that came through during the upgrade, of $(seen arrived attacker)" "$(seen through attacker)" 0
	[ "$(seen through visitor)" -gt 200 ] || fail "packets of the visitor: $(seen through visitor)"
	ok "packets of the visitor: $(seen through visitor)"
	[ "$(inside cidrx version)" != "$version" ] || fail "the version is still $version"
	eventually "the agent runs" inside systemctl is-active cidrx.service
	must "it is the new one" inside cmp "/proc/$(property MainPID)/exe" /usr/bin/cidrx
	same "the ban ends when it did" "$(until_when)" "$ends"
	must "the changed configuration is untouched" grep -q "changed by hand" "$root/etc/cidrx/cidrx.toml"
	[[ $said != *"It observes"* ]] || fail "an upgrade of a host that enforces says: $said"
	broken_upgrade
}

arrived() { [ "$(seen arrived attacker)" -gt "$1" ]; }

# broken_upgrade installs over a configuration that the new version refuses: the agent that runs is left alone.
broken_upgrade() {
	local pid said
	pid=$(property MainPID)
	echo 'nonsense = 1' >"$root/etc/cidrx/conf.d/old.toml"
	said=$(reinstall_package "$(give "$(later_package)")" 2>&1) || fail "installing over a wrong configuration: $said"
	[[ $said == *"old.toml"* ]] || fail "nothing is said of the wrong configuration: $said"
	same "with a wrong configuration the agent is left as it is" "$(property MainPID)" "$pid"
	rm "$root/etc/cidrx/conf.d/old.toml"
}

removing() {
	local said
	said=$(remove_package 2>&1) || fail "removing: $said"
	ok "removed"
	must_not "the agent is gone" pgrep -P "$leader" -f /usr/bin/cidrx
	same "tables of cidrx in the kernel" "$(tables)" 0
	must "the attacker comes through" reaches "$attacker"
	must "the administrator's file is still there" test -e "$root/etc/cidrx/conf.d/mine.toml"
}

# coming_back installs again: what was kept is in force again.
coming_back() {
	install_package "$(give "$(later_package)")" >/dev/null 2>&1 || fail "installing again"
	start_agent >/dev/null 2>&1
	eventually "installed again, the ban is in force again" banned in_force
	must_not "no packet of the attacker comes back" reaches "$attacker"
	remove_package >/dev/null 2>&1 || fail "removing again"
}

forgetting() {
	left_over=
	forget
	inside rm -rf /var/log/nginx
	files >"$work/after"
	same "files that are left" "$(LC_ALL=C comm -13 "$work/before" "$work/after" | tr '\n' ' ')" "$(printf '%s' "$left_over" | tr ' ' '\n' | LC_ALL=C sort | sed '$a\' | tr '\n' ' ')"
	same "files that are missing" "$(LC_ALL=C comm -23 "$work/before" "$work/after" | tr '\n' ' ')" ""
	on_host nft delete table inet witness
	on_host nft delete table inet filter # that of nftables.service
	same "rules that are left" "$(on_host nft list ruleset | tr -d ' \t\n')" ""
}
