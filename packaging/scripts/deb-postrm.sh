#!/bin/sh
# After the files are gone. Purging takes away what the agent has written and the accounts that it needed. Files that the administrator
# has put into /etc/cidrx/conf.d are the administrator's and stay.
set -e

# What is still in use by somebody else stays, and is no reason to fail.
remove_accounts() {
	if getent passwd cidrx >/dev/null; then userdel cidrx >/dev/null 2>&1 || true; fi
	for group in cidrx cidrx-read; do
		if getent group "$group" >/dev/null; then groupdel "$group" >/dev/null 2>&1 || true; fi
	done
}

case "$1" in
remove)
	if [ -d /run/systemd/system ]; then
		systemctl --system daemon-reload >/dev/null || true
	fi
	;;
purge)
	rm -rf /var/lib/cidrx /run/cidrx
	if command -v deb-systemd-helper >/dev/null; then
		deb-systemd-helper purge cidrx.service >/dev/null || true
		deb-systemd-helper unmask cidrx.service >/dev/null || true
	fi
	remove_accounts
	;;
upgrade | failed-upgrade | abort-install | abort-upgrade | disappear) ;;
*)
	echo "postrm called with unknown argument '$1'" >&2
	exit 1
	;;
esac
