package parse

import "strings"

// briefShape is what Briefs take for the usual shape of a line of a text format: ADDRESS - - [TIME] "REQUEST" STATUS BYTES, and what
// is said here.
type briefShape struct {
	vhost       bool // HOST:PORT in front
	long        bool // referer and user agent at the end
	strict      bool // nothing may follow
	openReferer bool // the format has a referer's quotes for a part of it, and looks for the next blank and quote
	clientLast  bool // in quotes at the end of the line; three words of anything stand in its place
}

// briefShapes are the format strings that have a usual shape, with all fields skipped that a Brief does not have. Those that skip an
// unquoted referer, and the one with the client at the end, were the examples and the default of cidrx 1.x.
var briefShapes = map[string]briefShape{
	`%h %^ %^ [%t] "%r" %s %b`:                 {strict: true},
	`%h %^ %^ [%t] "%r" %s %b "%^" "%u"`:       {strict: true, long: true},
	`%h %^ %^ [%t] "%r" %s %b %^ "%u"`:         {strict: true, long: true, openReferer: true},
	`%^ %^ %^ [%t] "%r" %s %b "%^" "%u" "%h"`:  {strict: true, long: true, clientLast: true},
	`%^ %^ %^ [%t] "%r" %s %b %^ "%u" "%h"`:    {strict: true, long: true, clientLast: true, openReferer: true},
	`%v:%^ %h %^ %^ [%t] "%r" %s %b "%^" "%u"`: {strict: true, long: true, vhost: true},
}

// formatParser reads lines by a format string, and their Briefs as access does.
type formatParser struct {
	*text
	usual access
}

// newFormat makes the parser of a format string.
func newFormat(format string, opts Options) (Parser, error) {
	l, err := compile(format)
	if err != nil {
		return nil, err
	}
	t := newText(l, false, opts)
	shape, ok := briefShapes[strings.NewReplacer("%l", "%^", "%R", "%^", " - - [", " %^ %^ [", " - %^ [", " %^ %^ [", " - %l [", " %^ %^ [").Replace(format)]
	if !ok {
		return t, nil
	}
	return &formatParser{t, access{text: t, brief: shape}}, nil
}

// Briefs takes lines of the usual shape apart by their marks.
func (p *formatParser) Briefs(block []byte, from int, want Fields, out []Brief) (n, next int) {
	return p.usual.Briefs(block, from, want, out)
}

// Complete splits the request line.
func (p *formatParser) Complete(block []byte, b *Brief) { p.usual.Complete(block, b) }
