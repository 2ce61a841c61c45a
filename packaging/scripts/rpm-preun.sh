# Before the files go; $1 is how many versions stay: 0, and it is not an upgrade. Nobody would lift bans that stay, or look after them.
if [ "$1" -eq 0 ]; then
	if [ -d /run/systemd/system ]; then
		systemctl --no-reload disable --now cidrx.service >/dev/null 2>&1
	else
		systemctl --no-reload disable cidrx.service >/dev/null 2>&1
	fi
	cidrx teardown || echo "cidrx: what is left in the kernel goes with: nft delete table inet cidrx" >&2
fi
exit 0
