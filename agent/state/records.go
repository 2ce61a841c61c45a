package state

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net/netip"
	"time"

	"cidrx/agent/jail"
)

// graceRecord and allowRecord name the fields in the file, whatever becomes of the names in the program.
type graceRecord struct {
	Prefix netip.Prefix `json:"prefix"`
	Since  time.Time    `json:"since"`
	Until  time.Time    `json:"until"`
	By     string       `json:"by,omitempty"`
}

type allowRecord struct {
	Prefix netip.Prefix `json:"prefix"`
	Until  time.Time    `json:"until,omitzero"`
	Note   string       `json:"note,omitempty"`
	Origin string       `json:"origin,omitempty"`
}

func decodeGrace(key, payload []byte) (jail.Grace, error) {
	r, err := decodeJSON[graceRecord](key, payload)
	return jail.Grace(r), err
}

func decodeAllow(key, payload []byte) (jail.AllowEntry, error) {
	r, err := decodeJSON[allowRecord](key, payload)
	return jail.AllowEntry(r), err
}

func decodeJSON[V any](_, payload []byte) (v V, err error) {
	err = json.Unmarshal(payload, &v)
	return v, err
}

// Keys of tables that are not keyed by prefix.

var modeKey = []byte("mode")

// sourceKey is never empty, which bbolt would refuse.
func sourceKey(source string) []byte { return append([]byte{'='}, source...) }

func eventKey(seq uint64) []byte { return binary.BigEndian.AppendUint64(nil, seq) }

const eventHeader = 12 // seconds, nanoseconds

// encodeEvent puts the time, which the age limit needs, before the JSON.
func encodeEvent(e Event) []byte {
	b := make([]byte, 0, eventHeader+len(e.JSON)+sumSize)
	b = binary.LittleEndian.AppendUint64(b, uint64(e.At.Unix()))
	b = binary.LittleEndian.AppendUint32(b, uint32(e.At.Nanosecond()))
	return append(b, e.JSON...)
}

// decodeEvent does not copy the JSON.
func decodeEvent(key, payload []byte) (Event, error) {
	if len(key) != 8 || len(payload) < eventHeader {
		return Event{}, errShort
	}
	sec, nsec := binary.LittleEndian.Uint64(payload), binary.LittleEndian.Uint32(payload[8:])
	return Event{Seq: binary.BigEndian.Uint64(key), At: time.Unix(int64(sec), int64(nsec)).UTC(), JSON: payload[eventHeader:]}, nil
}

// encodeBan refuses what decodeBan would: a record that cannot be read makes its whole table a damaged one.
func encodeBan(t table, key []byte, ban *jail.Ban) ([]byte, error) {
	for _, p := range ban.Except {
		if !p.IsValid() {
			return nil, fmt.Errorf("not stored: ban of %v with an invalid exception", ban.Prefix)
		}
	}
	return seal(bucketNames[t], key, appendBan(make([]byte, 0, 256), ban)), nil
}

// checkedKey is the key of a prefix that can be stored.
func checkedKey(p netip.Prefix) ([]byte, error) {
	if !p.IsValid() || p != p.Masked() {
		return nil, fmt.Errorf("not stored: %v is not a masked prefix", p)
	}
	return prefixKey(p), nil
}
