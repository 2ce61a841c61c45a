# The agent ends in all the ways there are, and comes back. Sourced by test.sh.
# shellcheck shell=bash disable=SC2154,SC2034

# dying: Go programs end with code 2 on ABRT, QUIT and SEGV, and the agent with 0 on TERM.
dying() {
	local signal
	for signal in KILL ABRT QUIT SEGV TERM; do
		comes_back "$signal" "$signal"
	done
	watched
	unheard
	misconfigured
}

# comes_back HOW SIGNAL: the signal ends the agent, at once or later; the ban is in force throughout.
comes_back() {
	local how=$1 pid ends
	pid=$(property MainPID)
	ends=$(until_when)
	inside sh -c "kill -$2 $pid"
	eventually "$how: the process ends" ended "$pid"
	must_not "$how: the attacker stays out" reaches "$attacker"
	eventually "$how: it is started again" replaced "$pid"
	eventually "$how: the new one knows the ban" banned in_force
	same "$how: which ends when it did" "$(until_when)" "$ends"
}

ended() { [ "$(property MainPID)" != "$1" ]; }

# replaced PID: another process has taken its place.
replaced() { [[ $(property MainPID) != "$1" && $(property MainPID) != 0 ]] && inside systemctl --quiet is-active cidrx.service; }

# drop_in [SETTING]: the unit with another setting; without one, as it was. Takes effect with the next start.
drop_in() {
	inside mkdir -p /run/systemd/system/cidrx.service.d
	if [ $# -gt 0 ]; then
		printf '[Service]\n%s\n' "$1" | inside tee /run/systemd/system/cidrx.service.d/test.conf >/dev/null
	else
		inside rm -r /run/systemd/system/cidrx.service.d
	fi
	inside systemctl daemon-reload
}

# watched: a process that does nothing any more is ended by the watchdog, here within fewer seconds.
watched() {
	drop_in WatchdogSec=5s
	must "restart with a quicker watchdog" inside systemctl restart cidrx.service
	comes_back watchdog STOP
	must "the log names the watchdog" shows 'Watchdog timeout \(limit 5s\)' journalctl --no-pager -u cidrx.service
	drop_in
	must "restart with the watchdog of the unit" inside systemctl restart cidrx.service
}

# unheard: with journald gone there is nobody at the other end of standard error.
unheard() {
	local pid
	pid=$(property MainPID)
	inside systemctl stop systemd-journald.socket systemd-journald-dev-log.socket systemd-journald.service
	must_not "journald is gone" inside systemctl is-active systemd-journald.service
	must "a ban without journald, which is logged to nobody" inside cidrxctl ban 203.0.113.60 --for 1m
	same "without journald the same process goes on" "$(property MainPID)" "$pid"
	must "journald again" inside systemctl start systemd-journald.socket systemd-journald-dev-log.socket systemd-journald.service
	must "the ban without journald is lifted" inside cidrxctl unblock 203.0.113.60
	same "and still the same process" "$(property MainPID)" "$pid"
	must "restart, so that it is heard again" inside systemctl restart cidrx.service
}

# misconfigured: the reason is in the status, the attacker stays out, and once it is mended nobody needs to start anything.
misconfigured() {
	local ends
	ends=$(until_when)
	echo 'nonsense = 1' >"$root/etc/cidrx/conf.d/wrong.toml"
	must_not "restart with a wrong configuration" inside systemctl restart cidrx.service
	eventually "it is tried again" tried 3
	eventually "the status says what is wrong" says_what_is_wrong
	must_not "the attacker stays out all the same" reaches "$attacker"
	rm "$root/etc/cidrx/conf.d/wrong.toml"
	eventually "mended, it is started again" replaced 0
	eventually "and knows the ban" banned in_force
	same "which ends when it did" "$(until_when)" "$ends"
}

# Of a unit that is not active the status ends with an exit code of its own.
says_what_is_wrong() { { inside systemctl --no-pager --full status cidrx.service || true; } | grep 'Status: ".*wrong\.toml:1:1: nonsense'; }

tried() { [ "$(property NRestarts)" -ge "$1" ]; }
