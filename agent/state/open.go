package state

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"cidrx/agent/tail"
)

// A file is written anew when it opens, without its free pages, if it is at least this large and no more than a quarter of it is used.
const (
	compactFrom  = 8 << 20
	compactBelow = 4
)

// load reads what is at the path, and opens it or what takes its place.
func (s *Store) load() (*Recovered, error) {
	m, err := mapFile(s.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return emptyRecovered(), s.tolerate(s.begin(nil))
	case errors.Is(err, ErrInUse):
		return nil, err
	case err != nil:
		return s.rescue(nil, nil, err)
	}
	defer m.close()
	c, err := m.read()
	if err == nil {
		err = c.broken()
	}
	if err != nil {
		return s.rescue(m, c, err)
	}
	s.mine = m.info
	return &c.Recovered, s.tolerate(s.adopt(m, c))
}

func emptyRecovered() *Recovered { return &Recovered{Positions: map[string][]tail.Position{}} }

// adopt opens the whole file m.
func (s *Store) adopt(m *mapped, c *contents) error {
	if c.wasteful(m.info.Size()) {
		if err := create(s.path, copyOf(m, c)); err != nil {
			s.log.Warn("state file not made smaller", "path", s.path, "error", err)
		}
	}
	f, err := openFile(s.path)
	if errors.Is(err, fs.ErrPermission) { // it can be read, and perhaps replaced by one of our own
		if err = create(s.path, copyOf(m, c)); err == nil {
			f, err = openFile(s.path)
		}
	}
	if err == nil {
		s.use(f, c.stored)
	}
	return err
}

// wasteful says that most of the file is free pages.
func (c *contents) wasteful(size int64) bool {
	used := int64(c.pages-c.free) * int64(c.pageSize)
	return size >= compactFrom && used*compactBelow < size
}

// tolerate takes note of an error that does not keep the agent from starting. Run goes on trying.
func (s *Store) tolerate(err error) error {
	if err == nil {
		return nil
	}
	err = s.describe(err)
	if !transient(err) {
		return err
	}
	s.err = err
	s.log.Error("state cannot be saved", "error", err)
	return nil
}

// rescue keeps a file aside that is not whole, and begins a new one with the tables of it that are. m and c are nil if nothing of it can
// be read.
func (s *Store) rescue(m *mapped, c *contents, damage error) (*Recovered, error) {
	why := "corrupt"
	if c != nil && c.newer() {
		why, c = "newer", nil
	}
	if c == nil {
		c = &contents{Recovered: *emptyRecovered()}
	}
	for t := range tables {
		if m == nil || c.whole(t) != nil {
			c.drop(t)
		}
	}
	info, _ := os.Lstat(s.path)
	name, err := keepAside(s.path, why, time.Now())
	if err != nil {
		return nil, s.describe(fmt.Errorf("the file is damaged (%w) and cannot be kept aside: %w", damage, err))
	}
	s.kept, c.KeptAs = info, name
	if err := s.replace(m, c); err != nil {
		return nil, err
	}
	c.Damage = s.sentence(damage, &c.Recovered)
	return &c.Recovered, nil
}

// replace begins the file that takes the place of the damaged one, m. Where that cannot be done now, or the records cannot be copied after
// all, those in memory are asked for and written later; the audit trail stays in the file that was kept.
func (s *Store) replace(m *mapped, c *contents) error {
	if len(c.Lost) == int(tables) {
		return s.tolerate(s.begin(nil))
	}
	err := s.begin(copyOf(m, c))
	if err == nil {
		s.use(s.file, c.stored)
		return nil
	}
	if errors.As(err, new(*faultError)) {
		err = s.begin(nil)
	}
	s.next.giveUp()
	if audit := tableNames[auditTable]; !slices.Contains(c.Lost, audit) {
		c.Lost = append(c.Lost, audit)
	}
	return s.tolerate(err)
}

// maxDamage is how much of a description of damage is shown.
const maxDamage = 300

// sentence says for people what happened.
func (s *Store) sentence(damage error, rec *Recovered) string {
	what := strings.ReplaceAll(damage.Error(), "\n", "; ")
	if len(what) > maxDamage {
		what = strings.ToValidUTF8(what[:maxDamage], "") + "…"
	}
	lost := "everything in it was taken over"
	if len(rec.Lost) > 0 {
		lost = "lost: " + strings.Join(rec.Lost, ", ")
	}
	return fmt.Sprintf("state file %s was damaged (%s); it is kept as %s; %s", s.path, what, rec.KeptAs, lost)
}
