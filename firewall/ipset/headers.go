//go:build linux

package ipset

import (
	"context"
	"fmt"
	"strconv"
	"strings"
)

// header is what the kernel tells of a set without its elements.
type header struct {
	kind       string // "hash:net"
	options    string // as it was created: "family inet hashsize 1024 …"
	references int    // rules that look into it
	entries    int    // elements that have not ended
}

// headers reads those of our sets, by their names. It takes a millisecond or two.
func (f *Firewall) headers(ctx context.Context) (map[string]header, error) {
	r := headerReader{all: map[string]header{}}
	if err := f.ipset(ctx, nil, r.line, "list", "-terse"); err != nil {
		return nil, explain("list the sets", err)
	}
	return r.all, nil
}

// headerReader reads what "ipset list -terse" prints: a block of "Key: value" lines for each set.
type headerReader struct {
	all  map[string]header
	name string
}

func (r *headerReader) line(text string) error {
	key, value, _ := strings.Cut(text, ": ")
	h := r.all[r.name]
	var err error
	switch key {
	case "Name":
		r.name, h = value, header{}
	case "Type":
		h.kind = value
	case "Header":
		h.options = value
	case "References":
		h.references, err = strconv.Atoi(value)
	case "Number of entries":
		h.entries, err = strconv.Atoi(value)
	default:
		return nil
	}
	if err != nil {
		return fmt.Errorf("ipset list: %s of %s: %w", key, r.name, err)
	}
	r.all[r.name] = h
	return nil
}
