# The steps of the story with Debian's tools. Sourced by test.sh.
# shellcheck shell=bash disable=SC2154,SC2034
look_with=dpkg-deb
install_package() { inside env DEBIAN_FRONTEND=noninteractive dpkg -i "$1"; }
upgrade_package() { install_package "$1"; }
reinstall_package() { install_package "$1"; }
remove_package() { inside dpkg --remove cidrx; }
first_package() { echo "$work"/old/*_amd64.deb; }
later_package() { echo "$work"/new/*_amd64.deb; }
start_agent() { :; } # Debian's packages start what they install

# forget takes away the rest, and says what may stay all the same.
forget() {
	must "purged" inside dpkg --purge cidrx
	must_not "no user is left" inside getent passwd cidrx
	must_not "no group is left" inside getent group cidrx cidrx-read
	left_over="./etc/cidrx ./etc/cidrx/conf.d ./etc/cidrx/conf.d/mine.toml"
}
