# After unpacking; $1 is how many versions are installed now. What the system's presets say decides whether the agent is enabled. After
# an upgrade a running agent is restarted: its stop leaves the kernel's table where it is, so bans hold throughout.
install -d -o cidrx -g cidrx -m 0750 /var/lib/cidrx
if [ -d /run/systemd/system ]; then
	systemctl daemon-reload >/dev/null 2>&1
fi
if [ "$1" -eq 1 ]; then
	systemctl preset cidrx.service >/dev/null 2>&1
	cat <<'TEXT'
cidrx is installed. It observes: it reports who would be banned, and bans nobody.
    systemctl enable --now cidrx           start it, now and with the system
    cidrxctl status                        how it is, and which logs it reads
    cidrx doctor                           what is missing on this host, and what to do about it
    cidrxctl mode enforce --preview        who would be banned at once, and who if they go on
    cidrxctl mode enforce --confirm 10m    ban, and go back by itself unless "cidrxctl confirm" follows
The configuration is /etc/cidrx/cidrx.toml; the manual is cidrx(8).
TEXT
elif [ -d /run/systemd/system ]; then
	# An agent that runs is worth more than a new one that does not start.
	if why=$(cidrx check 2>&1); then
		systemctl try-restart cidrx.service >/dev/null 2>&1 || echo "cidrx: the agent did not start: systemctl status cidrx" >&2
	else
		echo "cidrx: the configuration is not valid for this version, so the agent is left as it is:" >&2
		echo "$why" >&2
		echo "cidrx: mend it, see that \"cidrx check\" is content, then: systemctl restart cidrx" >&2
	fi
fi
exit 0
