#!/bin/sh
# Before the files go. An upgrade stops nothing: the old agent goes on until the new one is there.
set -e

case "$1" in
remove | deconfigure)
	if [ -d /run/systemd/system ]; then
		deb-systemd-invoke stop cidrx.service >/dev/null || true
	fi
	# Nobody would lift bans that stay, or look after them.
	if [ "$1" = remove ]; then
		cidrx teardown || echo "cidrx: what is left in the kernel goes with: nft delete table inet cidrx" >&2
	fi
	;;
upgrade | failed-upgrade) ;;
*)
	echo "prerm called with unknown argument '$1'" >&2
	exit 1
	;;
esac
