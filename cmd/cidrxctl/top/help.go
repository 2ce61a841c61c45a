package top

// helpText explains the keys and the words: see term.Help.
var helpText = [][2]string{
	{"", "Keys"},
	{"tab, 1-4", "overview, hottest, bans, events"},
	{"arrows, jk", "choose; pgup, pgdn, home, end for more at once"},
	{"enter", "explain what is chosen: its first address, as cidrxctl why does"},
	{"w", "explain an address that you type"},
	{"u", "unblock what is chosen; it asks first"},
	{"b", "ban what is chosen, or what you type; it asks first"},
	{"s", "on bans: sort newest, most dropped, ending, by address"},
	{"esc, backspace", "back"},
	{"read only", "group cidrx-read may look; root and group cidrx may ban and unblock as well"},
	{"q, ctrl-c", "quit; the agent goes on"},
	{"", "Words"},
	{"lag", "how long the newest line of a source waited before it was counted"},
	{"reached", "of what the nearest tier of a strategy asks for in requests and in hosts, the part that is there, whichever is less: at 100 % a ban follows, unless the tier may not ban or another condition refuses it"},
	{"requests, hosts", "what the network has within the strategy's window, of what the tier asks for; an estimate where very many are equally hot"},
	{"dropped", "packets that the kernel dropped, read every five seconds"},
	{"drift", "elements by which the kernel differs from what it should hold"},
	{"observed", "a ban that is noted only: its packets pass"},
}
