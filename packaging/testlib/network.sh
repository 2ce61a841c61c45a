# The network: a host that is protected and a client with two addresses, one that attacks and one that visits. Sourced by test.sh.
# shellcheck shell=bash disable=SC2154,SC2034
host=cidrx-pt-host-$$
client=cidrx-pt-client-$$
attacker=198.51.100.7
visitor=203.0.113.9
guesser=203.0.113.50 # is only in a log
target=192.0.2.1

make_network() {
	ip netns add "$host"
	ip netns add "$client"
	ip -n "$host" link add web type veth peer name edge netns "$client"
	ip -n "$host" link set lo up
	ip -n "$client" link set lo up
	ip -n "$host" address add $target/24 dev web
	ip -n "$client" address add 192.0.2.2/24 dev edge
	ip -n "$client" address add $attacker/32 dev edge
	ip -n "$client" address add $visitor/32 dev edge
	ip -n "$host" link set web up
	ip -n "$client" link set edge up
	ip -n "$host" route add default via 192.0.2.2
}

remove_network() {
	ip netns delete "$client" 2>/dev/null || true
	ip netns delete "$host" 2>/dev/null || true
}

on_host() { ip netns exec "$host" "$@"; }

# reaches ADDRESS: a packet from it comes through, and the answer back.
reaches() { ip netns exec "$client" ping -q -n -c 1 -W 1 -I "$1" $target; }

# witness counts who arrives at the host, before any ban can act, and who comes through to it.
witness() {
	on_host nft delete table inet witness 2>/dev/null || true
	on_host nft -f - <<-RULES
		table inet witness {
			chain arrived {
				type filter hook prerouting priority -400; policy accept;
				ip saddr $attacker counter comment "attacker"
				ip saddr $visitor counter comment "visitor"
			}
			chain through {
				type filter hook input priority 300; policy accept;
				ip saddr $attacker counter comment "attacker"
				ip saddr $visitor counter comment "visitor"
			}
		}
	RULES
}

# seen CHAIN WHO: packets that the witness has counted.
seen() { on_host nft list chain inet witness "$1" | awk -v who="\"$2\"" '$0 ~ who {for (i = 1; i < NF; i++) if ($i == "packets") print $(i + 1)}'; }

# traffic keeps packets of both coming until stop_traffic.
traffic() {
	ip netns exec "$client" ping -q -n -i 0.002 -W 1 -I $attacker $target >/dev/null 2>&1 &
	pinging_attacker=$!
	ip netns exec "$client" ping -q -n -i 0.002 -W 1 -I $visitor $target >/dev/null 2>&1 &
	pinging_visitor=$!
}

stop_traffic() {
	kill -INT "$pinging_attacker" "$pinging_visitor" 2>/dev/null || true
	wait "$pinging_attacker" "$pinging_visitor" 2>/dev/null || true
}
