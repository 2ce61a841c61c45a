# After the files are gone. The state stays, as there is no purge: bans go on if the package comes back. To forget it: rm -r /var/lib/cidrx
if [ -d /run/systemd/system ]; then
	systemctl daemon-reload >/dev/null 2>&1
fi
if [ "$1" -eq 0 ]; then
	rm -rf /run/cidrx
fi
exit 0
