# What the test says, and how it fails. Sourced by test.sh.
# shellcheck shell=bash disable=SC2154,SC2034
passed=0

say() { printf '\n== %s\n' "$*"; }

ok() {
	passed=$((passed + 1))
	printf 'ok   %s\n' "$*"
}

# fail ends the test with what is known of the agent.
fail() {
	printf 'FAIL %s\n' "$*" >&2
	if [ -n "${leader:-}" ]; then
		inside systemctl --no-pager --full status cidrx.service >&2 || true
		inside journalctl --no-pager -n 40 -u cidrx.service >&2 || true
		inside nft list ruleset >&2 || true
	fi
	printf '%d passed, 1 failed\n' "$passed" >&2
	exit 1
}

# must MESSAGE COMMAND…: the command has to succeed.
must() {
	local message=$1 out
	shift
	if out=$("$@" 2>&1); then ok "$message"; else fail "$message: $*: $out"; fi
}

# must_not MESSAGE COMMAND…: the command has to fail.
must_not() {
	local message=$1 out
	shift
	if out=$("$@" 2>&1); then fail "$message: $*: $out"; else ok "$message"; fi
}

# same MESSAGE GOT WANT
same() {
	if [ "$2" = "$3" ]; then ok "$1"; else fail "$1: got \"$2\", want \"$3\""; fi
}

# eventually MESSAGE COMMAND…: the command has to succeed within a minute.
eventually() {
	local message=$1 deadline=$((SECONDS + 60))
	shift
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $deadline ] || fail "$message: never within a minute: $*"
		sleep 0.1
	done
	ok "$message"
}

closing() { printf '\n%d passed, 0 failed\n' "$passed"; }
