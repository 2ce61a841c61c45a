# A Debian system that boots in a directory. Sourced by test.sh.
# shellcheck shell=bash disable=SC2154,SC2034
root=$work/root
leader=

# make_root makes the directory anew: from PACKAGE_TEST_ROOT, or with debootstrap.
make_root() {
	local tar=${PACKAGE_TEST_ROOT:-$work/root.tar}
	if [ ! -e "$tar" ]; then
		debootstrap --variant=minbase --include=systemd-sysv,dbus,nftables,rpm bookworm "$work/fresh" >"$work/debootstrap.log" 2>&1 ||
			fail "debootstrap: $(tail -n 3 "$work/debootstrap.log")"
		tar --numeric-owner -C "$work/fresh" -cf "$tar.part" .
		mv "$tar.part" "$tar"
		rm -rf "$work/fresh"
	fi
	rm -rf "$root"
	mkdir "$root"
	tar --numeric-owner -C "$root" -xf "$tar"
	rm -f "$root/usr/sbin/policy-rc.d" "$root/etc/resolv.conf"
	echo "cidrx-test" >"$root/etc/hostname"
}

# start_system boots it. nspawn gets a /run/systemd of its own, so that it neither finds this host's systemd nor leaves anything there.
start_system() {
	unshare --mount sh -c 'mkdir -p /run/systemd && mount -t tmpfs tmpfs /run/systemd && exec "$@"' sh \
		systemd-nspawn --quiet --boot --register=no --keep-unit --directory="$root" --machine=cidrx-test \
		--network-namespace-path="/run/netns/$host" --capability=CAP_NET_ADMIN --console=read-only --link-journal=no --resolv-conf=off \
		</dev/null >"$work/console" 2>&1 &
	nspawn=$!
	eventually "the system begins" find_leader
	eventually "systemd is up as init" booted
}

# find_leader finds the system's first process: the child of nspawn that is number 1 where it lives.
find_leader() {
	local pid
	for pid in $(pgrep -P "$nspawn"); do
		if awk '/^NSpid:/ {exit $NF == 1 && NF > 2 ? 0 : 1}' "/proc/$pid/status"; then
			leader=$pid
			return
		fi
	done
	return 1
}

booted() { [[ $(inside systemctl is-system-running 2>/dev/null) =~ ^(running|degraded)$ ]]; }

# inside runs a command in the system.
inside() { nsenter --target "$leader" --mount --uts --ipc --net --pid --root -- env -C / -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 "$@"; }

stop_system() {
	[ -n "${leader:-}" ] || return 0
	kill -s RTMIN+4 "$leader" 2>/dev/null || true # to systemd: power off
	local deadline=$((SECONDS + 30))
	while kill -0 "$leader" 2>/dev/null && [ $SECONDS -lt $deadline ]; do sleep 0.1; done
	kill -KILL "$leader" 2>/dev/null || true
	wait "$nspawn" 2>/dev/null || true
	leader=
}

# give puts a file of the host into the system and prints its name there.
give() {
	cp "$1" "$root/root/"
	echo "/root/${1##*/}"
}

# files lists what is in the system, less what every use of it changes: logs, caches, and the backup copies of databases.
files() {
	(cd "$root" && find . -xdev \( -path ./proc -o -path ./sys -o -path ./dev -o -path ./run -o -path ./tmp -o -path ./root -o -path ./var/log \
		-o -path ./var/cache -o -path ./var/tmp -o -path ./var/lib/systemd -o -path ./var/lib/dpkg/triggers -o -path ./var/lib/rpm \) -prune -o -print |
		grep -vE '^\./var/lib/dpkg/.*-old$|^\./etc/(passwd|group|shadow|gshadow|subuid|subgid)-$|\.lock$|^\./etc/machine-id$|^\./etc/systemd/system/.*\.service\.d$' | LC_ALL=C sort)
}
