package main

import (
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
)

// page is output for reading, put together before it is written.
type page struct {
	b     strings.Builder
	width int // of the terminal; 0: no terminal, so lines stay whole for whoever searches them
	color bool
}

// color is the parameter of an SGR sequence (ECMA-48).
type color string

const (
	bold   color = "1"
	red    color = "1;31"
	green  color = "1;32"
	yellow color = "1;33"
)

func (p *page) paint(c color, s string) string {
	if !p.color || s == "" {
		return s
	}
	return "\x1b[" + string(c) + "m" + s + "\x1b[0m"
}

// text writes a sentence, broken between words where the terminal ends.
func (p *page) text(indent int, s string) { p.headed(indent, "", "", s) }

// headed does the same to a sentence whose beginning is coloured.
func (p *page) headed(indent int, c color, head, s string) {
	for i, line := range p.broken(indent, head+s, wrapped) {
		if rest, ok := strings.CutPrefix(line, head); ok && i == 0 {
			line = p.paint(c, head) + rest
		}
		p.line(indent, line)
	}
}

// raw writes a log line, broken wherever the terminal ends, so that not even a blank of it changes.
func (p *page) raw(indent int, s string) {
	for _, line := range p.broken(indent, s, hardWrapped) {
		p.line(indent, line)
	}
}

func (p *page) line(indent int, s string) { p.b.WriteString(strings.Repeat(" ", indent) + s + "\n") }

// broken are the lines that s takes up behind the indent.
func (p *page) broken(indent int, s string, wrap func(string, int) string) []string {
	if p.width > indent {
		s = wrap(s, p.width-indent)
	}
	lines := strings.Split(s, "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return lines
}

func (p *page) blank() { p.b.WriteByte('\n') }

// plain is a table of columns and nothing else.
var plain = table.Style{
	Box:    table.BoxStyle{PaddingRight: "  "},
	Format: table.FormatOptions{Header: text.FormatDefault, Row: text.FormatDefault},
}
