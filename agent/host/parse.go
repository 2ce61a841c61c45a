package host

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"runtime"
	"strings"
)

// parseResolvConf returns the name servers of a resolv.conf (resolv.conf(5)). Names and rubbish are skipped; the zone is dropped.
func parseResolvConf(text []byte) (servers []netip.Addr) {
	for line := range bytes.Lines(text) {
		f := strings.Fields(string(line))
		if len(f) < 2 || f[0] != "nameserver" {
			continue
		}
		if addr, err := netip.ParseAddr(f[1]); err == nil {
			servers = append(servers, addr.WithZone(""))
		}
	}
	return servers
}

// login is an authenticated session from elsewhere.
type login struct {
	User string // as it may be shown
	From netip.Addr
}

// userProcess is the type of a utmp record that is somebody's session (utmp(5)).
const userProcess = 7

// utmpLayout is what differs between platforms in struct utmp of glibc's bits/utmp.h.
type utmpLayout struct {
	size int // of a record
	addr int // offset of ut_addr_v6
}

// Offsets that are the same everywhere.
const (
	utmpUser, utmpUserLen = 44, 32
	utmpAddrLen           = 16
)

// thisUtmp is the layout on this machine. Most 64-bit platforms keep the 32-bit times of their 32-bit ancestors
// (__WORDSIZE_TIME64_COMPAT32); arm64 has none.
func thisUtmp() utmpLayout {
	if runtime.GOARCH == "arm64" {
		return utmpLayout{size: 400, addr: 360}
	}
	return utmpLayout{size: 384, addr: 348}
}

// parseUtmp returns the sessions in a utmp file that have the address of their far end. ut_host is not looked at: any local user can have
// utempter(3) write a name of their choice there.
func parseUtmp(records []byte, l utmpLayout) (logins []login) {
	for ; len(records) >= l.size; records = records[l.size:] {
		rec := records[:l.size]
		if binary.NativeEndian.Uint16(rec) != userProcess {
			continue
		}
		if addr := utmpAddr(rec[l.addr : l.addr+utmpAddrLen]); addr.IsValid() {
			logins = append(logins, login{User: shown(rec[utmpUser : utmpUser+utmpUserLen]), From: addr})
		}
	}
	return logins
}

// utmpAddr decodes ut_addr_v6: an IPv4 address takes the first of four words, the others are zero.
func utmpAddr(b []byte) netip.Addr {
	addr := netip.AddrFrom16([16]byte(b)).Unmap()
	if addr.IsUnspecified() {
		return netip.Addr{}
	}
	if bytes.Equal(b[4:], make([]byte, 12)) {
		return netip.AddrFrom4([4]byte(b))
	}
	return addr
}

// parseSession reads a session file of logind (/run/systemd/sessions/ID, KEY=VALUE). ok is false if the session is not from elsewhere, is
// being closed, or is from a host that is only known by name: names are not looked up.
func parseSession(text []byte) (l login, ok bool) {
	l.User = shown(nil)
	open := true
	for line := range bytes.Lines(text) {
		key, value, _ := strings.Cut(strings.TrimSpace(string(line)), "=")
		value = strings.Trim(value, `"`)
		switch key {
		case "USER":
			l.User = shown([]byte(value))
		case "REMOTE_HOST":
			l.From, _ = netip.ParseAddr(value)
		case "STATE":
			open = value != "closing"
		case "CLASS":
			open = open && strings.HasPrefix(value, "user")
		}
	}
	l.From = l.From.WithZone("").Unmap()
	return l, open && l.From.IsValid()
}

// maxUser is the longest user name shown.
const maxUser = 32

// shown makes a user name from a file fit to be shown: up to a NUL, printable ASCII only.
func shown(name []byte) string {
	name, _, _ = bytes.Cut(name, []byte{0})
	if len(name) > maxUser {
		name = name[:maxUser]
	}
	user := strings.Map(func(c rune) rune {
		if c <= ' ' || c > '~' {
			return '?'
		}
		return c
	}, string(name))
	if user == "" {
		return "somebody"
	}
	return user
}
