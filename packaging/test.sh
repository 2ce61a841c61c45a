#!/usr/bin/env bash
# The packages, tried on a system that boots: built twice and compared, linted, then for deb and rpm installed, started, made to ban, upgraded
# under traffic, removed, and purged. Takes some minutes; wants root, and Debian's packages named in the Makefile.
#
#   packaging/test.sh [deb|rpm]...        (default: both)
#
# The system is a debootstrap root with systemd as its init in systemd-nspawn, in network namespaces made here: this host's rules, users and
# services are not touched. For rpm it is the same root with Debian's rpm and an empty rpm database, as no repository of rpms is needed
# then; the root's own programs are no rpms, so rpm is told not to look for them (--nodeps).
#
# PACKAGE_TEST_ROOT names a tar file of the root that is made if it is not there and used if it is: a second run is quicker.
set -Eeuo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
. "$here/testlib/report.sh"
. "$here/testlib/build.sh"
. "$here/testlib/network.sh"
. "$here/testlib/system.sh"
. "$here/testlib/story.sh"
. "$here/testlib/quick.sh"
. "$here/testlib/dying.sh"
. "$here/testlib/looking.sh"

[ $# -gt 0 ] || set -- deb rpm
[ "$(id -u)" = 0 ] || { echo "packaging/test.sh: root is needed to boot a system in a directory" >&2; exit 2; }
trap 'stop_system; remove_network; rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
trap 'fail "${BASH_SOURCE[0]##*/}, line $LINENO: $BASH_COMMAND"' ERR

build_packages
check_bytes
check_contents
check_texts
make_network
for format in "$@"; do
	say "the life of a package: $format"
	make_root
	start_system
	# shellcheck source=/dev/null
	. "$here/testlib/$format.sh"
	story
	stop_system
done
closing
