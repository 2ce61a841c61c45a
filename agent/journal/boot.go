package journal

import (
	"bytes"
	"context"
	"os"
)

// machineIDFile is machine-id(5). journald writes what it says into each entry.
const machineIDFile = "/etc/machine-id"

// following are the arguments of a journalctl that shows what is written from now on. It shows entries of the running boot only, which it
// looks up in /proc. LXC and systemd-nspawn mount a boot of the container's own over that, and a unit of the container whose /proc is a
// new one, such as ours, sees the host's beneath it: journalctl waits for entries of that boot, for ever. So it is asked for one first.
// If there is none, it is told to merge: then it does not look at the boot. Nor does it leave out the journals of other machines that
// are kept here, which the machine's name among the matches does.
func (f *Follower) following(ctx context.Context) []string {
	args := []string{"--follow", "--no-tail", seek(f.pos)}
	if f.opt.machine == "" || f.knowsBoot(ctx) {
		return f.entries(args...)
	}
	f.log.Info("the journal has nothing of the running boot as /proc names it, as in some containers; entries of any boot are read")
	only := "_MACHINE_ID=" + f.opt.machine
	return append(f.entries(append(args, "--merge", only)...), only) // a "+" between them parts alternatives: each has its own
}

// knowsBoot says whether journalctl finds entries of what it takes for the running boot, or could not look.
func (f *Follower) knowsBoot(ctx context.Context) bool {
	found := false
	err := f.run(ctx, []string{"--boot", "--lines=1"}, func(*entry) bool { found = true; return false })
	return found || err != nil
}

// machineID is empty if the host has none.
func machineID() string {
	text, err := os.ReadFile(machineIDFile)
	if err != nil {
		return ""
	}
	return string(bytes.TrimSpace(text))
}
