# Building, and what the packages hold. Sourced by test.sh.
# shellcheck shell=bash disable=SC2154,SC2034

# build_packages makes the packages of this commit in two places, and those of a later version to upgrade to.
build_packages() {
	say "building the packages of commit $(git -C "$here/.." rev-parse --short HEAD)"
	[ -z "$(git -C "$here/.." status --porcelain)" ] || echo "(what is not committed is not in them)"
	local begun=$SECONDS
	git clone -q "$here/.." "$work/one"
	git clone -q "$here/.." "$work/two/elsewhere"
	"$work/one/packaging/build.sh" "$work/old" >/dev/null
	ok "built in $((SECONDS - begun)) s"
	"$work/two/elsewhere/packaging/build.sh" "$work/again" >/dev/null
	local later
	later=$(($(git -C "$work/one" log -1 --format=%ct) + 3600))
	GIT_AUTHOR_DATE="@$later +0000" GIT_COMMITTER_DATE="@$later +0000" \
		git -C "$work/one" -c user.name=test -c user.email=test@example.org commit -q --allow-empty -m "A later version"
	"$work/one/packaging/build.sh" "$work/new" amd64 >/dev/null
}

check_bytes() {
	local file
	for file in "$work"/old/*; do
		must "the same bytes twice: ${file##*/}" cmp "$file" "$work/again/${file##*/}"
	done
	same "packages" "$(find "$work/old" -type f | wc -l)" 4
}

# check_contents asks the packages themselves, and the linters.
check_contents() {
	local deb rpm size
	for deb in "$work"/old/*.deb; do
		size=$(dpkg-deb --field "$deb" Installed-Size)
		[ "$size" -le 40960 ] || fail "installed size of ${deb##*/}: $size KiB"
		ok "installed size of ${deb##*/}: $size KiB"
		same "configuration files" "$(dpkg-deb --info "$deb" conffiles)" /etc/cidrx/cidrx.toml
		must "lintian: ${deb##*/}" lintian --fail-on error,warning --allow-root "$deb"
	done
	# rpmlint unpacks with cpio, and the names in these packages begin with a slash: they are not to be unpacked into this host.
	mkdir -p "$work/bin"
	printf '#!/bin/sh\nexec /usr/bin/cpio --no-absolute-filenames "$@"\n' >"$work/bin/cpio"
	chmod +x "$work/bin/cpio"
	for rpm in "$work"/old/*.rpm; do
		same "configuration files" "$(rpm -qp --qf '[%{FILENAMES} %{FILEFLAGS:fflags}\n]' "$rpm" | awk '$2 ~ /c/ {print $1, $2}')" "/etc/cidrx/cidrx.toml cn"
		PATH=$work/bin:$PATH rpmlint -c "$here/rpmlint.toml" "$rpm" >"$work/rpmlint" 2>&1 || true
		must_not "rpmlint: ${rpm##*/}" grep -E '^cidrx.*: E: ' "$work/rpmlint"
		must "rpmlint has looked at it" grep -q '1 packages and 0 specfiles checked; 0 errors' "$work/rpmlint"
	done
}

# check_texts has the manual pages, the completions and the unit read by those who will read them.
check_texts() {
	local files=$work/files exposure
	dpkg-deb -x "$work"/old/*_amd64.deb "$files"
	find "$files" -type f -perm /022 | grep . && fail "others may write these files"
	local page
	for page in "$files"/usr/share/man/man?/*.gz; do
		must "manual page ${page##*/}" mandoc -T lint -W warning "$page"
	done
	local program=cidrx
	for program in cidrx cidrxctl; do
		must "completion of $program, bash" bash -n "$files/usr/share/bash-completion/completions/$program"
		must "completion of $program, zsh" zsh -n "$files/usr/share/zsh/vendor-completions/_$program"
		must "completion of $program, fish" fish -n "$files/usr/share/fish/vendor_completions.d/$program.fish"
	done
	exposure=$(systemd-analyze security --offline=true "$files/usr/lib/systemd/system/cidrx.service" | awk '/Overall exposure/ {print $(NF-2)}')
	awk -v e="$exposure" 'BEGIN {exit !(e > 0 && e <= 2.0)}' || fail "exposure of the unit: $exposure"
	ok "exposure of the unit: $exposure"
}
