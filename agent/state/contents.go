package state

import (
	"encoding/json"
	"errors"
	"fmt"

	"cidrx/agent/jail"
	"cidrx/agent/tail"
)

// contents is what a file holds, gathered while it is walked.
type contents struct {
	Recovered
	walked
	format  byte
	counted [tables]tally // of the records that were found
	stored  [tables]tally // as the file says
	told    [tables]bool  // the file has a tally of the table
}

// read walks a file and decodes it. The error means that nothing of it can be read; broken says what else was wrong.
func read(file []byte) (*contents, error) {
	c := &contents{}
	c.Positions = map[string][]tail.Position{}
	var err error
	c.walked, err = walk(file, c.record)
	if err != nil {
		return nil, err
	}
	return c, nil
}

// record takes one record.
func (c *contents) record(bucket string, key, value []byte) error {
	payload, err := unseal(bucket, key, value)
	if err != nil {
		return err
	}
	if bucket == metaBucket {
		return c.meta(key, payload)
	}
	t, ok := tableOf(bucket)
	if !ok {
		return fmt.Errorf("unknown bucket %q", bucket)
	}
	c.counted[t].add(key, value)
	if err := c.decode(t, key, payload); err != nil {
		return fmt.Errorf("record %x: %w", key, err)
	}
	return nil
}

// meta takes a record of the meta bucket.
func (c *contents) meta(key, payload []byte) (err error) {
	if string(key) == string(formatKey) && len(payload) == 1 {
		c.format = payload[0]
		return nil
	}
	t, ok := tableOf(string(key))
	if !ok {
		return fmt.Errorf("unknown key %q", key)
	}
	c.told[t] = true
	if c.stored[t], err = decodeTally(payload); err != nil {
		return err
	}
	switch n := min(c.stored[t].Count, maxRoom); t {
	case bansTable:
		c.Bans = make([]jail.Ban, 0, n)
	case endedTable:
		c.Ended = make([]jail.Ban, 0, n)
	}
	return nil
}

// maxRoom is for how many bans room is made before any is read.
const maxRoom = 200_000

// decode takes a record of a table.
func (c *contents) decode(t table, key, payload []byte) error {
	switch t {
	case bansTable:
		return appendDecoded(&c.Bans, key, payload, decodeBan)
	case endedTable:
		return appendDecoded(&c.Ended, key, payload, decodeBan)
	case gracesTable:
		return appendDecoded(&c.Graces, key, payload, decodeGrace)
	case allowTable:
		return appendDecoded(&c.Allow, key, payload, decodeAllow)
	case modeTable:
		c.Mode = new(Mode)
		return json.Unmarshal(payload, c.Mode)
	case positionsTable:
		return c.position(key, payload)
	case auditTable:
		e, err := decodeEvent(key, payload)
		c.counted[t].Last = e.Seq // not above the stored one, which deleted events have raised too
		return err
	}
	return errors.New("unknown table")
}

func (c *contents) position(key, payload []byte) error {
	if len(key) == 0 {
		return errShort
	}
	list, err := decodeJSON[[]tail.Position](key, payload)
	c.Positions[string(key[1:])] = list
	return err
}

func appendDecoded[V any](list *[]V, key, payload []byte, decode func(key, payload []byte) (V, error)) error {
	v, err := decode(key, payload)
	*list = append(*list, v)
	return err
}

// whole says whether a table holds all that was ever put into it.
func (c *contents) whole(t table) error {
	counted, stored := c.counted[t], c.stored[t]
	switch {
	case c.bad[bucketNames[t]] != nil:
		return c.bad[bucketNames[t]]
	case c.bad[metaBucket] != nil:
		return c.bad[metaBucket]
	case !c.told[t]:
		return errors.New("no tally")
	case counted.Count != stored.Count:
		return fmt.Errorf("%d records instead of %d", counted.Count, stored.Count)
	case counted.Bytes != stored.Bytes || counted.Sum != stored.Sum || counted.Last > stored.Last:
		return errors.New("the records are not those that were written last")
	}
	return nil
}

// broken says what is wrong with the file; nil: nothing.
func (c *contents) broken() error {
	if c.format != format && c.bad[metaBucket] == nil {
		return fmt.Errorf("format %d instead of %d", c.format, format)
	}
	errs := []error{c.note}
	for t := range tables {
		if err := c.whole(t); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", tableNames[t], err))
		}
	}
	return errors.Join(errs...)
}

// newer says that a newer program has written the file.
func (c *contents) newer() bool { return c.format > format }

// drop forgets the records of a table that is not whole.
func (c *contents) drop(t table) {
	switch t {
	case bansTable:
		c.Bans = nil
	case endedTable:
		c.Ended = nil
	case gracesTable:
		c.Graces = nil
	case allowTable:
		c.Allow = nil
	case modeTable:
		c.Mode = nil
	case positionsTable:
		c.Positions = map[string][]tail.Position{}
	}
	c.stored[t] = tally{}
	c.Lost = append(c.Lost, tableNames[t])
}
