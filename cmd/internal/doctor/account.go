package doctor

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// account is a user with all of its groups.
type account struct {
	name   string
	uid    int
	groups []int
	from   string // how it was found, in words
	every  bool   // may read every file: CAP_DAC_READ_SEARCH or CAP_DAC_OVERRIDE, as root has
	wanted string // the user that the unit names and that does not exist
}

// agentAccount says as whom the agent runs, or will run: as the one that runs does, as the unit says, as the user cidrx if there is one.
func (x *examination) agentAccount() account {
	if x.agent != nil && x.agent.status != nil {
		uids, gids := numbers(x.agent.status["Uid"]), numbers(x.agent.status["Gid"])
		if len(uids) > 1 && len(gids) > 1 { // real, effective, …
			caps, _ := strconv.ParseUint(x.agent.status["CapEff"], 16, 64)
			return account{
				name: x.userName(uids[1]), uid: uids[1], groups: append(numbers(x.agent.status["Groups"]), gids[1]), from: "as the running agent",
				every: caps>>capDACOverride&1 != 0 || caps>>capDACReadSearch&1 != 0,
			}
		}
	}
	unit := x.unit("cidrx.service")
	name, from := unit["User"], "as cidrx.service says"
	if name == "" && len(unit) == 0 {
		name, from = "cidrx", "as the package does"
	}
	if a, ok := x.lookup(name); ok {
		a.from = from
		a.every = a.uid == 0 || strings.Contains(unit["AmbientCapabilities"], "CAP_DAC_")
		for group := range strings.FieldsSeq(unit["SupplementaryGroups"]) {
			a.groups = append(a.groups, x.groupIDs(group, "")...)
		}
		return a
	}
	if unit["User"] != "" {
		return account{name: "root", from: "as started by hand", every: true, wanted: name}
	}
	return account{name: "root", from: "there is no user cidrx", every: true}
}

// Capabilities that go before the rights to files; see capabilities(7).
const (
	capDACOverride   = 1
	capDACReadSearch = 2
)

// lookup finds a user in passwd(5), and its groups in group(5).
func (x *examination) lookup(name string) (account, bool) {
	for _, f := range x.database("/etc/passwd", 4) {
		if f[0] != name {
			continue
		}
		uid, err1 := strconv.Atoi(f[2])
		gid, err2 := strconv.Atoi(f[3])
		if err1 == nil && err2 == nil {
			return account{name: name, uid: uid, groups: append(x.groupIDs("", name), gid)}, true
		}
	}
	return account{}, false
}

// groupIDs are the groups of a name, or those that a user is a member of.
func (x *examination) groupIDs(name, member string) []int {
	var ids []int
	for _, f := range x.database("/etc/group", 4) {
		if f[0] != name && (member == "" || !slices.Contains(strings.Split(f[3], ","), member)) {
			continue
		}
		if id, err := strconv.Atoi(f[2]); err == nil {
			ids = append(ids, id)
		}
	}
	return ids
}

func (x *examination) userName(uid int) string {
	for _, f := range x.database("/etc/passwd", 3) {
		if f[2] == strconv.Itoa(uid) {
			return f[0]
		}
	}
	return "uid " + strconv.Itoa(uid)
}

// database reads a file of lines with fields between colons, those with at least so many.
func (x *examination) database(path string, fields int) [][]string {
	text, _ := x.sys.read(path) // without it nobody has a name
	var all [][]string
	for line := range strings.Lines(text) {
		if f := strings.Split(strings.TrimSpace(line), ":"); len(f) >= fields {
			all = append(all, f)
		}
	}
	return all
}

func numbers(text string) []int {
	var out []int
	for word := range strings.FieldsSeq(text) {
		if n, err := strconv.Atoi(word); err == nil {
			out = append(out, n)
		}
	}
	return out
}

// Rights to a file, as its mode has them.
const (
	mayExecute = 1
	mayWrite   = 2
	mayRead    = 4
)

// barred names the first of a path's directories, or the file itself, at which an account lacks the rights it needs; empty: none. The
// directories above need to be searched, the file wants as want says. What this process itself may not look at is an error.
func (x *examination) barred(a account, path string, want uint32) (string, error) {
	if a.every {
		return "", nil
	}
	for dir := "/"; dir != path; {
		allowed, err := x.allows(a, dir, mayExecute)
		if err != nil || !allowed {
			return dir, err
		}
		rest, _ := filepath.Rel(dir, path)
		first, _, _ := strings.Cut(rest, "/")
		dir = filepath.Join(dir, first)
	}
	allowed, err := x.allows(a, path, want)
	if err != nil || !allowed {
		return path, err
	}
	return "", nil
}

// allows says whether the mode of a file, and its access list, let an account do what want says; see acl(5), "access check algorithm".
func (x *examination) allows(a account, path string, want uint32) (bool, error) {
	info, err := os.Stat(x.sys.path(path))
	if err != nil {
		return false, err
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return true, nil
	}
	mode := uint32(info.Mode().Perm())
	if int(st.Uid) == a.uid {
		return mode>>6&want == want, nil
	}
	if acl := x.accessList(path); len(acl) > 0 {
		return acl.allows(a, int(st.Gid), want), nil
	}
	if slices.Contains(a.groups, int(st.Gid)) {
		return mode>>3&want == want, nil
	}
	return mode&want == want, nil
}

// accessList is a POSIX access list, as its extended attribute has it: a version, then entries of tag, rights and id.
type accessList []accessEntry

type accessEntry struct {
	tag, rights uint16
	id          uint32
}

// Tags of entries; see linux/posix_acl.h.
const (
	aclUser     = 0x02
	aclGroupObj = 0x04
	aclGroup    = 0x08
	aclMask     = 0x10
	aclOther    = 0x20
)

func (x *examination) accessList(path string) accessList {
	buf := make([]byte, 4096)
	n, err := unix.Getxattr(x.sys.path(path), "system.posix_acl_access", buf)
	if err != nil || n < 4 || binary.LittleEndian.Uint32(buf) != 2 {
		return nil
	}
	var list accessList
	for e := buf[4:n]; len(e) >= 8; e = e[8:] {
		list = append(list, accessEntry{binary.LittleEndian.Uint16(e), binary.LittleEndian.Uint16(e[2:]), binary.LittleEndian.Uint32(e[4:])})
	}
	return list
}

func (l accessList) allows(a account, owner int, want uint32) bool {
	mask := uint16(7)
	for _, e := range l {
		if e.tag == aclMask {
			mask = e.rights
		}
	}
	for _, e := range l {
		if e.tag == aclUser && int(e.id) == a.uid {
			return uint32(e.rights&mask)&want == want
		}
	}
	member := false
	for _, e := range l {
		mine := e.tag == aclGroupObj && slices.Contains(a.groups, owner) || e.tag == aclGroup && slices.Contains(a.groups, int(e.id))
		if mine && uint32(e.rights&mask)&want == want {
			return true
		}
		member = member || mine
	}
	for _, e := range l {
		if e.tag == aclOther && !member {
			return uint32(e.rights)&want == want
		}
	}
	return false
}
