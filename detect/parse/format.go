package parse

import "fmt"

// field is what a place in a text format holds.
type field uint8

const (
	fieldSkip field = iota
	fieldClient
	fieldTime
	fieldRequest
	fieldMethod
	fieldTarget
	fieldStatus
	fieldBytes
	fieldAgent
	fieldReferer
	fieldHost
	fieldUser
	fieldForwarded
)

// specifiers maps the letter after a % to its field.
var specifiers = map[byte]field{
	'h': fieldClient, 't': fieldTime, 'r': fieldRequest, 'm': fieldMethod, 'U': fieldTarget, 's': fieldStatus, 'b': fieldBytes,
	'u': fieldAgent, 'R': fieldReferer, 'v': fieldHost, 'l': fieldUser, 'F': fieldForwarded, '^': fieldSkip,
}

// specifierHelp is what a person is told who used another.
const specifierHelp = "there are %h client, %t time, %r request line, %m method, %U target, %s status, %b bytes, %u user agent, " +
	"%R referer, %v host, %l user, %F forwarded list, %^ skip, %% a percent sign"

// place is a field in a line and the text that follows it.
type place struct {
	field  field
	quoted bool   // between double quotes, inside which the server escapes its own
	free   bool   // may hold the text that ends it: see stretch
	after  []byte // up to the next place or the end

	suspect bool // may hold the client's address if a client pushed it there: see holdsAddress
}

// layout is a compiled format string.
type layout struct {
	before []byte // up to the first place
	places []place
}

// compile reads a format string.
func compile(format string) (layout, error) {
	var l layout
	text := &l.before
	for i := 0; i < len(format); i++ {
		if format[i] != '%' {
			*text = append(*text, format[i])
			continue
		}
		i++
		if i < len(format) && format[i] == '%' {
			*text = append(*text, '%')
			continue
		}
		f, err := specifier(format, i)
		if err != nil {
			return layout{}, err
		}
		l.places = append(l.places, place{field: f})
		text = &l.places[len(l.places)-1].after
	}
	l.findQuotes()
	return l, l.check(format)
}

// specifier reads the letter at i.
func specifier(format string, i int) (field, error) {
	if i >= len(format) {
		return 0, fmt.Errorf("format %q ends with a lone %%: %s", format, specifierHelp)
	}
	f, ok := specifiers[format[i]]
	if !ok {
		return 0, fmt.Errorf("format %q: unknown specifier %%%c: %s", format, format[i], specifierHelp)
	}
	return f, nil
}

// findQuotes marks the places that stand between double quotes.
func (l *layout) findQuotes() {
	before := l.before
	for i := range l.places {
		p := &l.places[i]
		opened := len(before) > 0 && before[len(before)-1] == '"'
		p.quoted = opened && len(p.after) > 0 && p.after[0] == '"'
		before = p.after
	}
}

// check refuses formats that could not be read without guessing.
func (l *layout) check(format string) error {
	seen := map[field]bool{}
	for i, p := range l.places {
		if p.field != fieldSkip && seen[p.field] {
			return fmt.Errorf("format %q has %%%c twice: skip one with %%^", format, letter(p.field))
		}
		seen[p.field] = true
		if len(p.after) == 0 && i < len(l.places)-1 {
			return fmt.Errorf("format %q needs text between %%%c and what follows it", format, letter(p.field))
		}
		if !seen[fieldClient] && !p.quoted && p.field.written() {
			return fmt.Errorf("format %q has %%%c before %%h and not in quotes, so that a client could write an address into it: "+
				"log the address first", format, letter(p.field))
		}
	}
	if !seen[fieldClient] {
		return fmt.Errorf("format %q has no %%h, the client's address", format)
	}
	return nil
}

// written tells whether clients choose the field's text, blanks included.
func (f field) written() bool {
	switch f {
	case fieldRequest, fieldTarget, fieldAgent, fieldReferer, fieldUser, fieldForwarded:
		return true
	}
	return false
}

// letter is the specifier of a field.
func letter(f field) byte {
	for c, g := range specifiers {
		if g == f {
			return c
		}
	}
	return '?'
}
