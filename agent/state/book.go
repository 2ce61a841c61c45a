package state

import (
	"maps"
	"slices"

	"go.etcd.io/bbolt"
)

// book is the tables within one transaction.
type book struct {
	tx      *bbolt.Tx
	tallies [tables]tally
	dirty   [tables]bool
}

// load reads the tallies. They are read in every transaction, not remembered: after a sync that failed nobody knows which ones hold.
func (b *book) load() error {
	bucket := b.tx.Bucket([]byte(metaBucket))
	for t, name := range bucketNames {
		payload, err := unseal(metaBucket, []byte(name), bucket.Get([]byte(name)))
		if err != nil {
			return err
		}
		if b.tallies[t], err = decodeTally(payload); err != nil {
			return err
		}
	}
	return nil
}

func (b *book) bucket(t table) *bbolt.Bucket { return b.tx.Bucket([]byte(bucketNames[t])) }

// put stores a sealed value. bucket is b.bucket(t), which is worth looking up once for many records.
func (b *book) put(t table, bucket *bbolt.Bucket, key, value []byte) error {
	if old := bucket.Get(key); old != nil {
		b.tallies[t].remove(key, old)
	}
	b.tallies[t].add(key, value)
	b.dirty[t] = true
	return bucket.Put(key, value)
}

// delete removes a record, if there is one.
func (b *book) delete(t table, bucket *bbolt.Bucket, key []byte) error {
	old := bucket.Get(key)
	if old == nil {
		return nil
	}
	b.tallies[t].remove(key, old)
	b.dirty[t] = true
	return bucket.Delete(key)
}

// clear removes all records of a table.
func (b *book) clear(t table) error {
	if err := b.tx.DeleteBucket([]byte(bucketNames[t])); err != nil {
		return err
	}
	_, err := b.tx.CreateBucket([]byte(bucketNames[t]))
	b.tallies[t] = tally{Last: b.tallies[t].Last}
	b.dirty[t] = true
	return err
}

// create makes all buckets in an empty file.
func (b *book) create() error {
	for t, name := range bucketNames {
		if _, err := b.tx.CreateBucket([]byte(name)); err != nil {
			return err
		}
		b.dirty[t] = true
	}
	if _, err := b.tx.CreateBucket([]byte(metaBucket)); err != nil {
		return err
	}
	return b.putMeta(formatKey, []byte{format})
}

// close writes the tallies that have changed.
func (b *book) close() error {
	for t, name := range bucketNames {
		if !b.dirty[t] {
			continue
		}
		if err := b.putMeta([]byte(name), b.tallies[t].encode()); err != nil {
			return err
		}
	}
	return nil
}

func (b *book) putMeta(key, payload []byte) error {
	return b.tx.Bucket([]byte(metaBucket)).Put(key, seal(metaBucket, key, payload))
}

// apply makes the changes of a table.
func (b *book) apply(t table, records map[string][]byte, full bool) error {
	if full {
		if err := b.clear(t); err != nil {
			return err
		}
	}
	bucket := b.bucket(t)
	if full {
		bucket.FillPercent = fillFull
	}
	for _, key := range slices.Sorted(maps.Keys(records)) { // in the order of the file: several times as fast for many
		var err error
		if value := records[key]; value == nil {
			err = b.delete(t, bucket, []byte(key))
		} else {
			err = b.put(t, bucket, []byte(key), value)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
