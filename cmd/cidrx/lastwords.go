package main

import (
	"fmt"
	"strings"

	"github.com/coreos/go-systemd/v22/daemon"

	"cidrx/cmd/internal/term"
)

// maxLastWords is how much of an error goes to systemd, in bytes.
const maxLastWords = 1000

// tellSystemd leaves in "systemctl status" why the agent has ended: of a unit that waits for its next start that shows no log. Nobody is
// left to hear that it could not be told, and the error itself goes to standard error.
func tellSystemd(err error) {
	_, _ = daemon.SdNotify(false, "STATUS="+lastWords(err))
}

// lastWords is the error in a line: its first one, and how many follow. A file's name, which is in many errors, may hold anything; a line
// break would begin another notice (sd_notify(3)), such as READY=1.
func lastWords(err error) string {
	first, rest, more := strings.Cut(err.Error(), "\n")
	words := term.Printable(first[:min(len(first), maxLastWords)])
	if more {
		words += fmt.Sprintf(" (and %s: journalctl -u cidrx)", plural(strings.Count(rest, "\n")+1, "more line"))
	}
	return words
}
