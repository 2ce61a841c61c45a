#!/bin/sh
# Builds the packages, deb and rpm, from the tree as it stands: packaging/build.sh DIRECTORY [ARCHITECTURE]...   (default: amd64 arm64)
#
# The same commit makes the same bytes, wherever and whenever: times are the commit's, paths are trimmed, nothing of this machine is named.
# Changes that are not committed are packed too; the version then ends in "dirty".
set -eu
# Given as an argument of "go run" it stays out of go.mod. Later versions need a module that is not to be had.
NFPM=github.com/goreleaser/nfpm/v2/cmd/nfpm@v2.45.0

[ $# -ge 1 ] || { echo "usage: packaging/build.sh DIRECTORY [ARCHITECTURE]..." >&2; exit 2; }
mkdir -p "$1"
out=$(cd "$1" && pwd)
shift
[ $# -gt 0 ] || set -- amd64 arm64
cd "$(dirname "$0")/.."
export LC_ALL=C TZ=UTC CGO_ENABLED=0 GOAMD64=v1 GOARM64=v8.0
umask 022

# version is that of the last tag vX.Y.Z, or 0~ before the first one, and what has come since: 1.2.0+git20260504.1a2b3c4.
version() {
	since=git$(date -u -d "@$SOURCE_DATE_EPOCH" +%Y%m%d%H%M%S).$(git rev-parse --short=10 HEAD)
	[ -z "$(git status --porcelain)" ] || since=$since.dirty
	if tag=$(git describe --tags --match 'v[0-9]*' --abbrev=0 2>/dev/null); then
		if [ "$(git rev-list -n 1 "$tag")" = "$(git rev-parse HEAD)" ] && [ "$since" = "${since%.dirty}" ]; then
			echo "${tag#v}"
		else
			echo "${tag#v}+$since"
		fi
	else
		echo "0~$since"
	fi
}

# pack writes a compressed copy without the time of day in it.
pack() { gzip -9nc >"$1"; }

# programs DIRECTORY ARCHITECTURE: static, and with the commit in them.
programs() {
	mkdir -p "$1"
	GOOS=linux GOARCH=$2 go build -buildvcs=true -trimpath -ldflags "-s -w -X cidrx/agent/control.release=$VERSION" -o "$1/" ./cmd/cidrx ./cmd/cidrxctl
}

# pages writes what is made from the code: the manual pages and the completions. DIRECTORY of programs that run here, DIRECTORY.
pages() {
	mkdir -p "$2/man" "$2/completion"
	"$1/cidrx" manual | pack "$2/man/cidrx.8.gz"
	"$1/cidrxctl" manual | pack "$2/man/cidrxctl.8.gz"
	"$1/cidrx" manual cidrx.toml | pack "$2/man/cidrx.toml.5.gz"
	for program in cidrx cidrxctl; do
		for shell in bash zsh fish; do
			"$1/$program" completion "$shell" >"$2/completion/$program.$shell"
		done
	done
}

# documents DIRECTORY: pages, examples and changelogs.
documents() {
	mkdir -p "$1/examples"
	cp -R docs "$1/docs"
	cp configs/reference.toml configs/static.toml "$1/examples/"
	[ ! -d configs/examples ] || cp -R configs/examples/. "$1/examples/"
	cp -R packaging/systemd/examples "$1/examples/systemd"
	mkdir -p "$1/examples/grafana"
	cp packaging/grafana/*.json "$1/examples/grafana/"
	find "$1/examples" "$1/docs" -type f -exec chmod 0644 {} +
	find "$1/examples" "$1/docs" -exec touch -d "@$SOURCE_DATE_EPOCH" {} +
	pack "$1/changelog.gz" <CHANGELOG.md
	cat >"$1/changelog.yaml" <<-TEXT
		- semver: "$VERSION-1"
		  date: $(date -u -d "@$SOURCE_DATE_EPOCH" +%Y-%m-%dT%H:%M:%SZ)
		  packager: $MAINTAINER
		  deb: {urgency: medium, distributions: [unstable]}
		  changes:
		    - note: |-
		        Built from commit $(git rev-parse HEAD).
		        The changelog of cidrx says what is new.
	TEXT
}

# describe FORMAT prints nfpm.yaml with what nfpm cannot fill in. Debian's control file has no field for the licence.
describe() {
	license=Apache-2.0
	[ "$1" != deb ] || license=
	(cd "$STAGE" && find docs examples | sort | while read -r path; do
		if [ -d "$path" ]; then
			printf '  - {dst: "/usr/share/doc/cidrx/%s", type: dir, packager: rpm, file_info: {mode: 0755}}\n' "$path"
		else
			printf '  - {src: "%s", dst: "/usr/share/doc/cidrx/%s", type: doc, packager: rpm, file_info: {mode: 0644}}\n' "$PWD/$path" "$path"
		fi
	done) >"$work/examples.yaml"
	sed -e "s|\${CHANGELOG}|$STAGE/changelog.yaml|" -e "s|\${LICENSE}|$license|" -e "/build.sh adds the examples/r $work/examples.yaml" packaging/nfpm.yaml
}

SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
export SOURCE_DATE_EPOCH
VERSION=$(version)
MAINTAINER="cidrx maintainers <maintainers@cidrx.invalid>"
export VERSION MAINTAINER

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
host=$(go env GOHOSTARCH)
programs "$work/here" "$host"
pages "$work/here" "$work/all"
documents "$work/all"
for ARCH in "$@"; do
	STAGE=$work/$ARCH
	export ARCH STAGE
	cp -R "$work/all" "$STAGE"
	find "$STAGE/examples" "$STAGE/docs" -exec touch -d "@$SOURCE_DATE_EPOCH" {} +
	if [ "$ARCH" = "$host" ]; then cp -R "$work/here" "$STAGE/bin"; else programs "$STAGE/bin" "$ARCH"; fi
	for format in deb rpm; do
		describe "$format" >"$STAGE/nfpm.yaml"
		go run "$NFPM" package --config "$STAGE/nfpm.yaml" --packager "$format" --target "$out/"
	done
done
