package control_test

import (
	"fmt"
	"io"
	"net"
	"os/user"
	"runtime"
	"strconv"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// who is credentials to connect with.
type who struct {
	uid, gid int
	groups   []int
}

// dialAs connects with other credentials: those of a thread, which ends with them. Needs root.
func dialAs(t *testing.T, w who, path string) net.Conn {
	t.Helper()
	var conn net.Conn
	errs := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread goes with the goroutine
		err := become(w)
		if err == nil {
			conn, err = net.Dial("unix", path) // connect(2) is where the kernel takes the credentials down
		}
		errs <- err
	}()
	if err := <-errs; err != nil {
		t.Fatalf("connect as %+v: %v", w, err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(deadline)); err != nil {
		t.Fatal(err)
	}
	return conn
}

// become changes the credentials of this thread alone; the functions of package syscall change all threads.
func become(w who) error {
	groups := make([]uint32, len(w.groups)+1) // one more, so that there is an address to take
	for i, g := range w.groups {
		groups[i] = uint32(g)
	}
	if _, _, errno := unix.RawSyscall(unix.SYS_SETGROUPS, uintptr(len(w.groups)), uintptr(unsafe.Pointer(&groups[0])), 0); errno != 0 {
		return fmt.Errorf("setgroups: %w", errno)
	}
	if _, _, errno := unix.RawSyscall(unix.SYS_SETRESGID, uintptr(w.gid), uintptr(w.gid), uintptr(w.gid)); errno != 0 {
		return fmt.Errorf("setresgid: %w", errno)
	}
	if _, _, errno := unix.RawSyscall(unix.SYS_SETRESUID, uintptr(w.uid), uintptr(w.uid), uintptr(w.uid)); errno != 0 {
		return fmt.Errorf("setresuid: %w", errno)
	}
	return nil
}

// exchange sends text and returns all that comes back.
func exchange(t *testing.T, c net.Conn, text string) string {
	t.Helper()
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(c)
	if err != nil {
		t.Fatal(err)
	}
	return string(answer)
}

// fakeGroups resolves names to ids that need not exist on this host.
func fakeGroups(ids map[string]int) func(string) (*user.Group, error) {
	return func(name string) (*user.Group, error) {
		id, ok := ids[name]
		if !ok {
			return nil, user.UnknownGroupError(name)
		}
		return &user.Group{Name: name, Gid: strconv.Itoa(id)}, nil
	}
}
