# The steps of the story with rpm. Sourced by test.sh.
# shellcheck shell=bash disable=SC2154,SC2034
look_with=rpm2archive
install_package() { inside rpm --install --nodeps "$1"; }
upgrade_package() { inside rpm --upgrade --nodeps "$1"; }
reinstall_package() { inside rpm --upgrade --nodeps --replacepkgs "$1"; }
remove_package() { inside rpm --erase cidrx; }
first_package() { echo "$work"/old/*.x86_64.rpm; }
later_package() { echo "$work"/new/*.x86_64.rpm; }
start_agent() { inside systemctl enable --now cidrx.service; } # the system's presets decide, and Debian's enable; it is not started

# forget says what stays: there is no purge. What was changed by hand is saved under another name.
forget() {
	must "the changed configuration is saved" test -e "$root/etc/cidrx/cidrx.toml.rpmsave"
	left_over="./etc/cidrx ./etc/cidrx/cidrx.toml.rpmsave ./etc/cidrx/conf.d ./etc/cidrx/conf.d/mine.toml ./var/lib/cidrx ./var/lib/cidrx/state.db"
	# On a system of rpms these belong to packages of the system; here nobody else has them.
	rmdir "$root/usr/share/fish/vendor_completions.d" "$root/usr/share/fish" "$root/usr/share/licenses" "$root/usr/share/zsh/site-functions"
}
