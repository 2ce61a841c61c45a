package state

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.etcd.io/bbolt"
)

// Events are numbered in the order of writing, not keyed by their time: a clock that steps back must not put new events before old ones,
// where a reader who follows the trail would miss them.

// maxEvent is the longest JSON of an event that is kept.
const maxEvent = 64 << 10

// maxPrune is how many events one transaction deletes at most, so that a bound that was lowered does not hold up everything else.
const maxPrune = 5000

// What a reader of the audit trail takes at a time. Its transaction ends before they are sent: one that stayed open while a slow client
// reads would keep free pages from being used again, and the file from growing.
const (
	chunkEvents = 256
	chunkBytes  = 1 << 20
)

// append adds events.
func (b *book) append(events []Event) error {
	if len(events) == 0 {
		return nil
	}
	bucket := b.bucket(auditTable)
	bucket.FillPercent = fillFull
	for _, e := range events {
		b.tallies[auditTable].Last++
		key := eventKey(b.tallies[auditTable].Last)
		if err := b.put(auditTable, bucket, key, seal(bucketNames[auditTable], key, encodeEvent(e))); err != nil {
			return err
		}
	}
	return nil
}

// prune deletes the oldest events until the trail is within its bounds.
func (b *book) prune(maxBytes uint64, before time.Time) (uint64, error) {
	bucket := b.bucket(auditTable)
	old, err := b.tooOld(bucket, maxBytes, before)
	for _, key := range old {
		err = errors.Join(err, b.delete(auditTable, bucket, key))
	}
	return uint64(len(old)), err
}

// tooOld lists the keys of events to delete. Deleting while a cursor is at them would make it skip some.
func (b *book) tooOld(bucket *bbolt.Bucket, maxBytes uint64, before time.Time) (keys [][]byte, err error) {
	left := b.tallies[auditTable].Bytes
	c := bucket.Cursor()
	for key, value := c.First(); key != nil && len(keys) < maxPrune; key, value = c.Next() {
		e, err := openEvent(key, value)
		if err != nil {
			return nil, err
		}
		if left <= maxBytes && !e.At.Before(before) {
			break
		}
		left -= uint64(len(key) + len(value))
		keys = append(keys, bytes.Clone(key))
	}
	return keys, nil
}

// openEvent decodes a sealed event. Its JSON is not copied.
func openEvent(key, value []byte) (Event, error) {
	payload, err := unseal(bucketNames[auditTable], key, value)
	if err != nil {
		return Event{}, err
	}
	return decodeEvent(key, payload)
}

// Audit sends the audit trail from the oldest event kept and, if follow, what is added until ctx is done (nil then). It ends with the
// error that send returns, or with one if events were pruned before they could be sent. Only what is on the disk is sent.
func (s *Store) Audit(ctx context.Context, follow bool, send func(Event) error) error {
	var last uint64
	for ctx.Err() == nil {
		added := s.addition()
		events, err := s.eventsAfter(last)
		if err != nil {
			return fmt.Errorf("audit trail: %w", err)
		}
		if err := sendAll(ctx, events, last, send); err != nil {
			return err
		}
		if len(events) > 0 {
			last = events[len(events)-1].Seq
			continue
		}
		if !follow {
			return nil
		}
		select {
		case <-ctx.Done():
		case <-added:
		}
	}
	return nil
}

// sendAll sends events, of which the first shall follow number last.
func sendAll(ctx context.Context, events []Event, last uint64, send func(Event) error) error {
	if last > 0 && len(events) > 0 && events[0].Seq != last+1 {
		return fmt.Errorf("audit trail: %d events were pruned before they could be sent: read faster", events[0].Seq-last-1)
	}
	for _, e := range events {
		if ctx.Err() != nil {
			return nil
		}
		if err := send(e); err != nil {
			return err
		}
	}
	return nil
}

// addition is closed when more events are on the disk.
func (s *Store) addition() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.appended
}

// eventsAfter reads some events that come after number last.
func (s *Store) eventsAfter(last uint64) (events []Event, err error) {
	s.fileMu.RLock()
	defer s.fileMu.RUnlock()
	if s.file == nil {
		return nil, errors.New("the state file cannot be read now; cidrxctl status says why")
	}
	err = s.file.view(func(tx *bbolt.Tx) error {
		events, err = readEvents(tx.Bucket([]byte(bucketNames[auditTable])).Cursor(), last)
		return err
	})
	return events, err
}

func readEvents(c *bbolt.Cursor, last uint64) (events []Event, err error) {
	size := 0
	for key, value := c.Seek(eventKey(last + 1)); key != nil && len(events) < chunkEvents && size < chunkBytes; key, value = c.Next() {
		e, err := openEvent(key, value)
		if err != nil {
			return nil, err
		}
		e.JSON = slices.Clone(e.JSON)
		events, size = append(events, e), size+len(value)
	}
	return events, nil
}
