package state

import (
	"errors"
	"slices"

	"go.etcd.io/bbolt"
)

// fillFull packs pages that are written in the order of their keys and hardly change afterwards.
const fillFull = 0.95

// copyTx is about how much is copied in one transaction.
const copyTx = 8 << 20

// copyOf returns a function that copies the tables of m that were not dropped into a new file.
func copyOf(m *mapped, c *contents) func(*bbolt.DB) error {
	return func(db *bbolt.DB) error {
		cp := &copier{db: db, skip: c.lost()}
		_, err := walk(m.b, cp.record)
		return errors.Join(err, cp.err, cp.finish(c.stored))
	}
}

// lost lists the tables that were dropped.
func (c *contents) lost() (lost [tables]bool) {
	for t := range tables {
		lost[t] = slices.Contains(c.Lost, tableNames[t])
	}
	return lost
}

// copier puts records as they are into a new file.
type copier struct {
	db   *bbolt.DB
	tx   *bbolt.Tx
	skip [tables]bool
	size int
	err  error
}

// record copies one record. An error would only end its bucket, so it is kept.
func (cp *copier) record(bucket string, key, value []byte) error {
	t, ok := tableOf(bucket)
	if !ok || cp.skip[t] || cp.err != nil {
		return nil
	}
	cp.err = cp.put(bucket, key, value)
	return cp.err
}

func (cp *copier) put(bucket string, key, value []byte) (err error) {
	if cp.tx == nil {
		if cp.tx, err = cp.db.Begin(true); err != nil {
			return err
		}
	}
	b := cp.tx.Bucket([]byte(bucket))
	b.FillPercent = fillFull
	if err := b.Put(key, value); err != nil {
		return err
	}
	if cp.size += len(key) + len(value); cp.size < copyTx {
		return nil
	}
	return cp.commit()
}

func (cp *copier) commit() error {
	if cp.tx == nil {
		return nil
	}
	tx := cp.tx
	cp.tx, cp.size = nil, 0
	return tx.Commit()
}

// finish writes the tallies.
func (cp *copier) finish(tallies [tables]tally) error {
	if cp.err != nil && cp.tx != nil {
		return cp.tx.Rollback()
	}
	if err := cp.commit(); err != nil {
		return err
	}
	return putTallies(cp.db, tallies)
}

// putTallies writes all tallies.
func putTallies(db *bbolt.DB, tallies [tables]tally) error {
	return db.Update(func(tx *bbolt.Tx) error {
		b := &book{tx: tx, tallies: tallies}
		for t := range tables {
			b.dirty[t] = true
		}
		return b.close()
	})
}
