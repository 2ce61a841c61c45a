package state

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
)

// table is one kind of records, kept in a bucket of its own.
type table uint8

const (
	bansTable table = iota
	endedTable
	gracesTable
	allowTable
	modeTable
	positionsTable
	auditTable
	tables // how many there are
)

// metaBucket holds the format and the tallies. Its name sorts before all others: when a file is read, it is known how much will come.
const metaBucket = "about"

// format is what this program reads and writes. A higher one was written by a newer program.
const format = 1

var formatKey = []byte("format")

// bucketNames are the names of the tables in the file; they never change.
var bucketNames = [tables]string{"bans", "ended", "graces", "allow", "mode", "positions", "audit"}

// tableNames are the names of the tables for people.
var tableNames = [tables]string{"bans", "ended bans", "grace periods", "allowlist", "mode", "log positions", "audit trail"}

// tableOf finds a table by the name of its bucket.
func tableOf(bucket string) (table, bool) {
	for t, name := range bucketNames {
		if name == bucket {
			return table(t), true
		}
	}
	return 0, false
}

// Damage is found on three levels: the structure by walk, a changed record by the checksum at its end, and a record that is missing or
// has come back from an old page by the tally of its table.

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

const sumSize = 4

// checksum of a record: CRC-32C, which begins with FNV-1a of the table's name and covers the key, so that a record cannot stand in for
// another.
func checksum(bucket string, key, payload []byte) uint32 {
	c := uint32(2166136261)
	for i := range len(bucket) {
		c = (c ^ uint32(bucket[i])) * 16777619
	}
	c = crc32.Update(c, castagnoli, key)
	return crc32.Update(c, castagnoli, payload)
}

// seal appends the checksum to a payload.
func seal(bucket string, key, payload []byte) []byte {
	return binary.LittleEndian.AppendUint32(payload, checksum(bucket, key, payload))
}

// unseal takes the checksum off and compares it.
func unseal(bucket string, key, value []byte) ([]byte, error) {
	if len(value) < sumSize {
		return nil, fmt.Errorf("record %x is cut short", key)
	}
	payload := value[:len(value)-sumSize]
	if checksum(bucket, key, payload) != sealOf(value) {
		return nil, fmt.Errorf("record %x has a wrong checksum", key)
	}
	return payload, nil
}

// sealOf is the checksum at the end of a sealed value.
func sealOf(value []byte) uint32 { return binary.LittleEndian.Uint32(value[len(value)-sumSize:]) }

// tally sums up a table. It is kept up to date by every change and written in the same transaction.
type tally struct {
	Count, Bytes uint64
	Sum          uint64 // of the checksums of all records
	Last         uint64 // audit trail: number of the last event ever appended
}

func (t *tally) add(key, value []byte) {
	t.Count++
	t.Bytes += uint64(len(key) + len(value))
	t.Sum += uint64(sealOf(value))
}

func (t *tally) remove(key, value []byte) {
	t.Count--
	t.Bytes -= uint64(len(key) + len(value))
	t.Sum -= uint64(sealOf(value))
}

const tallySize = 32

func (t tally) encode() []byte {
	b := make([]byte, 0, tallySize+sumSize)
	for _, v := range []uint64{t.Count, t.Bytes, t.Sum, t.Last} {
		b = binary.LittleEndian.AppendUint64(b, v)
	}
	return b
}

func decodeTally(b []byte) (tally, error) {
	if len(b) != tallySize {
		return tally{}, fmt.Errorf("tally of %d bytes", len(b))
	}
	u := func(i int) uint64 { return binary.LittleEndian.Uint64(b[8*i:]) }
	return tally{Count: u(0), Bytes: u(1), Sum: u(2), Last: u(3)}, nil
}
