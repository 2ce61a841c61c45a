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
	for i, line := range p.broken(indent, head+s, text.WrapSoft) {
		if rest, ok := strings.CutPrefix(line, head); ok && i == 0 {
			line = p.paint(c, head) + rest
		}
		p.line(indent, line)
	}
}

// raw writes a log line, broken wherever the terminal ends, so that not even a blank of it changes.
func (p *page) raw(indent int, s string) {
	for _, line := range p.broken(indent, s, text.WrapText) {
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

// column is one of a table. The one that takes the rest is broken where the terminal ends.
type column struct {
	name  string
	right bool // numbers
	rest  bool
}

// leastRest is how narrow the rest of a table becomes at most.
const leastRest = 16

// table writes rows under their heading; nothing if there are none.
func (p *page) table(columns []column, rows [][]string) {
	if len(rows) == 0 {
		return
	}
	t := table.NewWriter()
	t.SetStyle(plain)
	t.SuppressTrailingSpaces()
	configs := make([]table.ColumnConfig, len(columns))
	header := make(table.Row, len(columns))
	for i, c := range columns {
		header[i] = p.paint(bold, c.name)
		configs[i] = table.ColumnConfig{Number: i + 1}
		if c.right {
			configs[i].Align, configs[i].AlignHeader = text.AlignRight, text.AlignRight
		}
		if c.rest && p.width > 0 {
			configs[i].WidthMax, configs[i].WidthMaxEnforcer = p.rest(columns, rows, i), text.WrapSoft
		}
	}
	t.SetColumnConfigs(configs)
	if columns[0].name != "" {
		t.AppendHeader(header)
	}
	for _, row := range rows {
		t.AppendRow(cells(row))
	}
	p.b.WriteString(t.Render() + "\n")
}

// rest is what the other columns leave of the terminal's width for column n.
func (p *page) rest(columns []column, rows [][]string, n int) int {
	width := p.width
	for i, c := range columns {
		if i == n {
			continue
		}
		widest := len(c.name)
		for _, row := range rows {
			widest = max(widest, text.LongestLineLen(row[i]))
		}
		width -= widest + len(plain.Box.PaddingRight)
	}
	return max(width, leastRest)
}

func cells(row []string) table.Row {
	out := make(table.Row, len(row))
	for i, cell := range row {
		out[i] = cell
	}
	return out
}

// plain is a table of columns and nothing else.
var plain = table.Style{
	Box:    table.BoxStyle{PaddingRight: "  "},
	Format: table.FormatOptions{Header: text.FormatDefault, Row: text.FormatDefault},
}
