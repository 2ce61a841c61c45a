package termtest

import (
	"fmt"
	"io"
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// OnTerminal is what arrives at a terminal of so many columns while f writes to it; the terminal makes \r\n of each line break.
func OnTerminal(t *testing.T, columns int, f func(terminal *os.File)) string {
	t.Helper()
	other, terminal := OpenPTY(t, columns)
	read := make(chan string)
	go func() {
		all, _ := io.ReadAll(other) // ends with EIO when nobody has the terminal open any more
		read <- string(all)
	}()
	f(terminal)
	terminal.Close()
	return <-read
}

// OpenPTY makes a pseudo-terminal of a width (pty(7)): what is written to the terminal is read from the other end.
func OpenPTY(t *testing.T, columns int) (other, terminal *os.File) {
	t.Helper()
	other, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { other.Close() })
	fd := int(other.Fd())
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: uint16(columns)}); err != nil {
		t.Fatal(err)
	}
	terminal, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { terminal.Close() })
	return other, terminal
}
