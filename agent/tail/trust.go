package tail

import (
	"fmt"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// firstLogin is the lowest uid that people have; below are root and the accounts of services (login.defs(5), UID_MIN).
const firstLogin = 1000

// untrusted says why a file's content may be forged by somebody who is not the system: the file or a directory that leads to it is
// writable for everybody or belongs to a login user, who could put another file there. Sticky directories such as /tmp do not let
// others replace a file. Both the directory of the path and, through a symbolic link, the one where the file really is count.
func untrusted(path string, file info) string {
	if why := forgeable("log file "+path, file); why != "" {
		return why
	}
	dirs := []string{filepath.Dir(path)}
	if real, err := filepath.EvalSymlinks(path); err == nil && filepath.Dir(real) != dirs[0] {
		dirs = append(dirs, filepath.Dir(real))
	}
	for _, dir := range dirs {
		i, err := statPath(dir)
		if err != nil || i.mode&unix.S_ISVTX != 0 {
			continue
		}
		if why := forgeable("directory "+dir, i); why != "" {
			return why
		}
	}
	return ""
}

func forgeable(what string, i info) string {
	if i.mode&unix.S_IWOTH != 0 {
		return fmt.Sprintf("%s is writable for everybody (mode %04o)", what, i.mode&0o7777)
	}
	if i.uid >= firstLogin {
		return fmt.Sprintf("%s belongs to uid %d, a login user", what, i.uid)
	}
	return ""
}
