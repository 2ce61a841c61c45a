#!/bin/sh
# After unpacking: make user and groups, start the agent (which observes), or restart it after an upgrade. Its stop leaves the kernel's
# table where it is, so bans hold throughout.
set -e

make_accounts() {
	getent group cidrx >/dev/null || groupadd --system cidrx
	getent group cidrx-read >/dev/null || groupadd --system cidrx-read
	getent passwd cidrx >/dev/null || useradd --system --gid cidrx --home-dir /var/lib/cidrx --no-create-home \
		--shell /usr/sbin/nologin --comment "cidrx agent" cidrx
}

enable_unit() {
	# Whoever has disabled it wants it disabled after an upgrade too.
	deb-systemd-helper unmask cidrx.service >/dev/null || true
	if deb-systemd-helper --quiet was-enabled cidrx.service; then
		deb-systemd-helper enable cidrx.service >/dev/null || true
	else
		deb-systemd-helper update-state cidrx.service >/dev/null || true
	fi
}

start_or_restart() {
	[ -d /run/systemd/system ] || return 0
	systemctl --system daemon-reload >/dev/null || true
	# An agent that runs is worth more than a new one that does not start.
	if ! why=$(cidrx check 2>&1); then
		echo "cidrx: the configuration is not valid for this version, so the agent is left as it is:" >&2
		echo "$why" >&2
		echo "cidrx: mend it, see that \"cidrx check\" is content, then: systemctl restart cidrx" >&2
		return 0
	fi
	deb-systemd-invoke restart cidrx.service >/dev/null || echo "cidrx: the agent did not start: systemctl status cidrx" >&2
}

welcome() {
	cat <<'TEXT'
cidrx is installed. It observes: it reports who would be banned, and bans nobody.
    cidrxctl status                        how it is, and which logs it reads
    cidrx doctor                           what is missing on this host, and what to do about it
    cidrxctl mode enforce --preview        who would be banned at once, and who if they go on
    cidrxctl mode enforce --confirm 10m    ban, and go back by itself unless "cidrxctl confirm" follows
The configuration is /etc/cidrx/cidrx.toml; the manual is cidrx(8).
TEXT
}

case "$1" in
configure | abort-upgrade | abort-remove | abort-deconfigure)
	make_accounts
	install -d -o cidrx -g cidrx -m 0750 /var/lib/cidrx
	enable_unit
	start_or_restart
	# $2 is the version that was configured before: none, and it is the first time.
	[ "$1" != configure ] || [ -n "$2" ] || welcome
	;;
*)
	echo "postinst called with unknown argument '$1'" >&2
	exit 1
	;;
esac
