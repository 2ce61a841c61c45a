# Looking at a new package before it is installed, with the commands of the documentation. Sourced by test.sh.
# shellcheck shell=bash disable=SC2154,SC2034

# looking_before runs what docs/upgrade.md says for this format, word by word, in a directory with the later package, and finds nothing of
# the system changed.
looking_before() {
	local words said before
	words=$(sed -n '/^## Look before/,/^## If/s/^    //p' "$here/../docs/upgrade.md" | grep -E "$look_with|new-cidrx check")
	same "commands of the documentation" "$(wc -l <<<"$words")" 2
	inside rm -rf /root/look
	inside mkdir /root/look
	cp "$(later_package)" "$root/root/look/"
	before=$(state_of_system)
	said=$(inside sh -ec "cd /root/look; $words" 2>&1) || fail "looking before: $words: $said"
	[[ $said == *"cidrx.toml: valid"* ]] || fail "looking before says: $said"
	ok "the new version says of the configuration that it is valid"
	must "it was the new version" grep -q -F "$(inside /root/look/new-cidrx version | cut -d ' ' -f 2)" <<<"$(later_package)"
	same "nothing of the system is changed by looking" "$(state_of_system)" "$before"
	echo 'nonsense = 1' >"$root/etc/cidrx/conf.d/wrong.toml"
	must_not "looking finds a wrong configuration" inside sh -ec "cd /root/look; $words"
	rm "$root/etc/cidrx/conf.d/wrong.toml"
}

state_of_system() { (cd "$root" && find usr etc -xdev -type f \( -path '*cidrx*' \) -printf '%p %i %s %C@\n' | LC_ALL=C sort); }
