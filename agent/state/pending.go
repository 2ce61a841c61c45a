package state

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"cidrx/agent/jail"
	"cidrx/agent/tail"
)

// room is what may wait: bytes of records and of events. Beyond it the records are given up and a Full batch is asked for; of the events
// the oldest go.
type room struct{ records, audit int }

// There is much more room while the disk works, for a moment: a hundred thousand bans may end at once.
var (
	roomWhileSaving  = room{records: 128 << 20, audit: 64 << 20}
	roomWhileFailing = room{records: 16 << 20, audit: 8 << 20}
)

// recordOverhead is about what an entry of a map costs besides key and value.
const recordOverhead = 64

// pending is what is not on the disk yet: batches put together, of each record the last change.
type pending struct {
	full      bool                       // everything else in the tables is to be deleted
	stale     bool                       // changes were given up: nothing may be written before a Full batch
	records   [tables]map[string][]byte  // sealed, by key; nil: delete
	positions map[string][]tail.Position // encoded when they are written, for they change with every batch
	audit     []Event
	bytes     int // of records, so that they can be bounded
	auditSize int // of audit
	dropped   uint64
	last      uint64 // number of the newest batch in it
	urgent    bool   // more than positions
	prune     bool   // look for events that are too old, though nothing has changed
	waiting   []func(error)
}

// empty says that there is nothing to write and nobody to answer.
func (p *pending) empty() bool { return p.last == 0 && !p.stale && !p.prune }

// set notes a change of a record; a nil value deletes, which a Full batch does by not naming it.
func (p *pending) set(t table, key, value []byte) {
	if p.full && value == nil {
		p.forget(t, key)
		return
	}
	if p.records[t] == nil {
		p.records[t] = map[string][]byte{}
	}
	old, known := p.records[t][string(key)]
	if !known {
		p.bytes += len(key) + recordOverhead
	}
	p.bytes += len(value) - len(old)
	p.records[t][string(key)] = value
}

// forget takes a record out of a Full batch.
func (p *pending) forget(t table, key []byte) {
	if old, known := p.records[t][string(key)]; known {
		p.bytes -= len(key) + recordOverhead + len(old)
		delete(p.records[t], string(key))
	}
}

// clear forgets all changes of tables.
func (p *pending) clear() {
	p.records, p.positions, p.bytes = [tables]map[string][]byte{}, nil, 0
}

// begin makes room for a Full batch: what came before it counts no more.
func (p *pending) begin() {
	p.clear()
	p.full, p.stale = true, false
}

// add takes over a batch. The errors are of records that cannot be stored and are left out.
func (p *pending) add(b *Batch) []error {
	if b.Full {
		p.begin()
	}
	var errs problems
	for _, c := range b.Bans {
		errs.note(p.change(bansTable, c))
	}
	for _, c := range b.Ended {
		errs.note(p.change(endedTable, c))
	}
	for _, c := range b.Graces {
		errs.note(changeJSON(p, gracesTable, c, func(g jail.Grace) any { return graceRecord(g) }))
	}
	for _, c := range b.Allow {
		errs.note(changeJSON(p, allowTable, c, func(e jail.AllowEntry) any { return allowRecord(e) }))
	}
	if b.Mode != nil {
		errs.note(p.json(modeTable, modeKey, b.Mode))
	}
	p.setPositions(b.Positions)
	for _, e := range b.Audit {
		errs.note(p.append(e))
	}
	p.urgent = p.urgent || b.urgent()
	return errs
}

// problems gathers errors that do not stop the work.
type problems []error

func (e *problems) note(err error) {
	if err != nil {
		*e = append(*e, err)
	}
}

// urgent says whether somebody may be waiting for the batch: whether there is anything but positions in it.
func (b *Batch) urgent() bool {
	return len(b.Positions) == 0 || b.Full || b.Mode != nil || len(b.Bans)+len(b.Ended)+len(b.Graces)+len(b.Allow)+len(b.Audit) > 0
}

// change notes a change of a ban.
func (p *pending) change(t table, c Change[jail.Ban]) error {
	key, err := checkedKey(c.Prefix)
	if err != nil {
		return err
	}
	if c.Value == nil {
		p.set(t, key, nil)
		return nil
	}
	value, err := encodeBan(t, key, c.Value)
	if err == nil {
		p.set(t, key, value)
	}
	return err
}

// changeJSON notes a change of a record that is kept as JSON.
func changeJSON[V any](p *pending, t table, c Change[V], record func(V) any) error {
	key, err := checkedKey(c.Prefix)
	if err != nil {
		return err
	}
	if c.Value == nil {
		p.set(t, key, nil)
		return nil
	}
	return p.json(t, key, record(*c.Value))
}

// json notes a record that is kept as JSON.
func (p *pending) json(t table, key []byte, v any) error {
	payload, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("not stored: %s: %w", tableNames[t], err)
	}
	p.set(t, key, seal(bucketNames[t], key, payload))
	return nil
}

// setPositions takes over positions; the lists are copied.
func (p *pending) setPositions(by map[string][]tail.Position) {
	if len(by) > 0 && p.positions == nil {
		p.positions = map[string][]tail.Position{}
	}
	for source, list := range by {
		p.positions[source] = slices.Clone(list)
	}
}

// encodePositions makes records of the positions.
func (p *pending) encodePositions() error {
	for source, list := range p.positions {
		key := sourceKey(source)
		if len(list) == 0 {
			p.set(positionsTable, key, nil)
		} else if err := p.json(positionsTable, key, list); err != nil {
			return err
		}
	}
	p.positions = nil
	return nil
}

// append adds an event, of which the JSON is copied.
func (p *pending) append(e Event) error {
	if len(e.JSON) > maxEvent {
		p.dropped++
		return fmt.Errorf("not stored: an event of %d bytes, more than %d", len(e.JSON), maxEvent)
	}
	e.JSON = slices.Clone(e.JSON)
	p.audit = append(p.audit, e)
	p.auditSize += len(e.JSON) + recordOverhead
	return nil
}

// follow puts newer behind p. p is what could not be written.
func (p *pending) follow(newer *pending) {
	if newer.full {
		p.begin()
	}
	p.stale = p.stale || newer.stale
	for t := range newer.records {
		for key, value := range newer.records[t] {
			p.set(table(t), []byte(key), value)
		}
	}
	if p.positions == nil {
		p.positions = newer.positions
	} else {
		maps.Copy(p.positions, newer.positions)
	}
	p.audit = append(p.audit, newer.audit...)
	p.auditSize += newer.auditSize
	p.dropped += newer.dropped
	p.last = max(p.last, newer.last)
	p.urgent = p.urgent || newer.urgent
	p.prune = p.prune || newer.prune
	p.waiting = append(p.waiting, newer.waiting...)
}

// bound keeps p within bounds. A Full batch is as large as it has to be.
func (p *pending) bound(r room) {
	if p.bytes > r.records && !p.full || p.stale {
		p.giveUp()
	}
	drop := 0
	for p.auditSize > r.audit {
		p.auditSize -= len(p.audit[drop].JSON) + recordOverhead
		drop++
	}
	if drop > 0 {
		p.audit = slices.Delete(p.audit, 0, drop)
		p.dropped += uint64(drop)
	}
}

// giveUp forgets the changes, and remembers that a Full batch is needed.
func (p *pending) giveUp() {
	p.clear()
	p.full, p.stale = false, true
}
