package doctor

import (
	"fmt"
	"strconv"
	"strings"

	"cidrx/agent/config"
	"cidrx/agent/syslog"
)

// Sysctls that bound what a syslog socket holds before the agent has read it.
const (
	queueSysctl  = "net.unix.max_dgram_qlen" // datagrams, for unix sockets; taken over when the socket is made
	senderSysctl = "net.core.wmem_default"   // bytes that a sender may have waiting at a unix socket; taken over when it opens its own
	udpSysctl    = "net.core.rmem_max"       // bytes that one without CAP_NET_ADMIN may have a UDP socket hold
)

// What they should be at the least on a host that loses datagrams.
const (
	goodQueue  = 512     // what systemd sets
	goodSender = 1 << 20 // 800 lines of each sender
	// shortQueue is where bursts of an ordinary site do not fit any more; the kernel's own default is 10.
	shortQueue = 100
)

const orUDP = `; or have nginx send to listen = "udp:127.0.0.1:5514", which holds more (any local user can send there)`

// datagramAdvice is what to do about datagrams that the agent has counted as lost, or as perhaps lost; ok is false for other things.
func (x *examination) datagramAdvice(what string) (do string, ok bool) {
	switch {
	case strings.HasPrefix(what, syslog.QueueFull):
		return x.raise(queueSysctl, goodQueue) + ", then restart cidrx" + orUDP, true
	case strings.HasPrefix(what, syslog.SenderFull):
		return x.raise(senderSysctl, goodSender) + ", then reload the web server, whose sockets are made anew by that" + orUDP, true
	case strings.HasPrefix(what, syslog.KernelDrops):
		return x.udpAdvice(), true
	case strings.HasPrefix(what, syslog.NoRoom):
		return "the agent is too slow for what comes in, no sysctl helps: give it more CPU, or leave out of the log what no strategy looks at", true
	}
	return "", false
}

// raise is how to raise a sysctl, to four times what it is where that is good already.
func (x *examination) raise(name string, good int) string {
	now, known := x.sysctl(name)
	if !known {
		return fmt.Sprintf("sysctl -w %s=%d (in /etc/sysctl.d to last)", name, good)
	}
	if now >= good {
		good = 4 * now
	}
	return fmt.Sprintf("%s is %d now: sysctl -w %s=%d (in /etc/sysctl.d to last)", name, now, name, good)
}

// udpAdvice knows that an agent with CAP_NET_ADMIN takes the buffer that it wants, whatever the sysctl says.
func (x *examination) udpAdvice() string {
	now, known := x.sysctl(udpSysctl)
	if x.agentMay(capNetAdmin) || known && now >= syslog.ReceiveBuffer {
		return fmt.Sprintf("the socket's buffer has the %d MiB that cidrx asks for: give the agent more CPU, or leave out of the log what no strategy looks at", syslog.ReceiveBuffer>>20)
	}
	do := fmt.Sprintf("sysctl -w %s=%d (in /etc/sysctl.d to last), then restart cidrx", udpSysctl, syslog.ReceiveBuffer)
	if known {
		do = fmt.Sprintf("%s is %d now: %s", udpSysctl, now, do)
	}
	return do
}

// agentMay says whether the running agent has a capability.
func (x *examination) agentMay(capability uint) bool {
	if x.agent == nil || x.agent.status == nil {
		return false
	}
	caps, _ := strconv.ParseUint(x.agent.status["CapEff"], 16, 64)
	return caps>>capability&1 != 0
}

// sysctl is the value of one that is a number.
func (x *examination) sysctl(name string) (n int, known bool) {
	n, err := x.number("/proc/sys/" + strings.ReplaceAll(name, ".", "/"))
	return n, err == nil
}

// queue looks at how many datagrams the kernel holds for a source.
func (x *examination) queue(src config.Source) {
	if n, known := x.sysctl(queueSysctl); known && n < shortQueue && src.Listen.Network == "unixgram" {
		x.add(Warning, "source "+src.Name, x.raise(queueSysctl, goodQueue)+", then restart cidrx", "the kernel holds few datagrams for a unix socket: what else a burst of requests writes is lost")
	}
}
