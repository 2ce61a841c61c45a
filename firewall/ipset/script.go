//go:build linux

package ipset

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/bits"
	"net/netip"
	"os"
	"strconv"
	"time"

	"cidrx/firewall"

	"golang.org/x/sys/unix"
)

const (
	minTimeout = time.Second           // 0 would be for ever
	maxTimeout = 2147483 * time.Second // what fits the kernel's milliseconds; more is refused
)

// maxElements is the limit of each set: over what the jail ever holds, with room for a network beside the prefixes it replaces.
const maxElements = 1 << 24

// strayTimeout is what an element gets that somebody else adds without one: nothing in our sets is for ever.
const strayTimeout = 3600

// script is a text for "ipset restore". It is in memory as a file, whole before the child reads it: through a pipe, the end of this process could cut
// a line short, and 203.0.113.0/2 is another network than 203.0.113.0/24.
type script struct {
	file *os.File
	w    *bufio.Writer
	line []byte
	err  error
}

func newScript() (*script, error) {
	fd, err := unix.MemfdCreate("cidrx-ipset-restore", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("memfd_create: %w", err)
	}
	file := os.NewFile(uintptr(fd), "ipset restore")
	return &script{file: file, w: bufio.NewWriterSize(file, 1<<16)}, nil
}

func (s *script) printf(format string, args ...any) {
	if _, err := fmt.Fprintf(s.w, format, args...); err != nil && s.err == nil {
		s.err = err
	}
}

// create begins a new set for so many prefixes; a hash of about that size from the start need not grow.
func (s *script) create(set string, f family, n int, bans bool) {
	size := 1 << max(10, bits.Len(uint(min(n, maxElements))/2))
	s.printf("create %s hash:net family %s hashsize %d maxelem %d", set, f.inet(), size, maxElements)
	if bans {
		s.printf(" timeout %d counters", strayTimeout)
	}
	s.printf("\n")
}

// add adds a prefix, or gives it another timeout (0: none). /0 is two halves: a hash of networks knows no prefix of length 0.
func (s *script) add(set string, p netip.Prefix, timeout time.Duration, network bool) {
	if p.Bits() == 0 {
		for _, half := range halves(p) {
			s.add(set, half, timeout, network)
		}
		return
	}
	s.prefix("add ", set, p)
	if timeout > 0 {
		s.line = append(s.line, " timeout "...)
		s.line = strconv.AppendInt(s.line, int64(timeout/time.Second), 10)
	}
	if network {
		s.line = append(s.line, " nomatch"...)
	}
	s.end()
}

func (s *script) remove(set string, p netip.Prefix) {
	s.prefix("del ", set, p)
	s.end()
}

func (s *script) prefix(verb, set string, p netip.Prefix) {
	s.line = append(append(append(s.line[:0], verb...), set...), ' ')
	s.line = p.AppendTo(s.line)
}

func (s *script) end() {
	if _, err := s.w.Write(append(s.line, '\n')); err != nil && s.err == nil {
		s.err = err
	}
}

// run gives the script to ipset, which stops at the first line that it cannot carry out. The script is over then.
func (s *script) run(ctx context.Context, f *Firewall) error {
	defer s.file.Close() // of memory
	err := errors.Join(s.err, s.w.Flush())
	if err == nil {
		_, err = s.file.Seek(0, 0)
	}
	if err != nil {
		return fmt.Errorf("write the input of ipset restore: %w", err)
	}
	return f.ipset(ctx, s.file, nil, "-exist", "restore")
}

// halves is p, or what makes up p if it is a whole address space.
func halves(p netip.Prefix) []netip.Prefix {
	if p.Bits() != 0 {
		return []netip.Prefix{p}
	}
	raw := p.Addr().AsSlice()
	raw[0] = 0x80
	upper, _ := netip.AddrFromSlice(raw)
	return []netip.Prefix{netip.PrefixFrom(p.Addr(), 1), netip.PrefixFrom(upper, 1)}
}

// left is the timeout of an element: whole seconds, rounded up.
func left(until, now time.Time) time.Duration {
	d := until.Sub(now)
	if d > maxTimeout-time.Second {
		return maxTimeout
	}
	return max((d + time.Second - 1).Truncate(time.Second), minTimeout)
}

// isNetwork says whether a ban is looked up as a network, and not as a host; see firewall.SetOf.
func isNetwork(p netip.Prefix) bool {
	set := firewall.SetOf(p)
	return set == firewall.Net4 || set == firewall.Net6
}

func familyOf(p netip.Prefix) family {
	if p.Addr().Is4() {
		return v4
	}
	return v6
}
