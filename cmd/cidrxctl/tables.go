package main

import (
	"slices"
	"strings"

	"github.com/charmbracelet/x/ansi"
	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
)

// column is one of a table. On a terminal the one that takes the rest is broken where that ends, or stands below its row where the
// others leave too little; then columns are left out. Without a terminal all are there, and whole, but for extra ones.
type column struct {
	name  string
	right bool // numbers
	rest  bool
	spare int  // left out where there is no room, the highest first; 0: never
	extra bool // only on a terminal with much room
}

const (
	// leastRest is how narrow the rest of a table becomes before it goes below.
	leastRest = 22
	// roomyRest is what the rest has to have before extra columns take anything of it.
	roomyRest = 45
	// below is the indent of the rest where it stands below its row.
	below = 4
)

// grid is a table that is being fitted into a width.
type grid struct {
	columns []column
	rows    [][]string
	width   int      // 0: no end
	beneath []string // of each row, what stands below it; nil: nothing does
}

// table writes rows under their heading; nothing if there are none.
func (p *page) table(columns []column, rows [][]string) {
	if len(rows) == 0 {
		return
	}
	g := &grid{columns: slices.Clone(columns), rows: slices.Clone(rows), width: p.width}
	g.fit()
	lines := strings.Split(g.render(p), "\n")
	if g.columns[0].name != "" {
		p.line(0, lines[0])
		lines = lines[1:]
	}
	for i, row := range g.rows {
		n := height(row)
		for _, line := range lines[:n] {
			p.line(0, line)
		}
		lines = lines[n:]
		if g.beneath != nil && g.beneath[i] != "" {
			p.text(below, g.beneath[i])
		}
	}
}

// height is how many lines a row takes.
func height(row []string) int {
	lines := 1
	for _, cell := range row {
		lines = max(lines, 1+strings.Count(cell, "\n"))
	}
	return lines
}

// fit makes the rows as narrow as they have to be.
func (g *grid) fit() {
	g.drop(func(c column) bool { return c.extra && (g.width == 0 || g.left() < roomyRest) })
	if g.width == 0 {
		return
	}
	if rest := g.rest(); rest >= 0 && g.left() < min(leastRest, g.widest(rest)) && g.columns[0].name != "" {
		g.lower(rest)
	}
	for g.left() < 0 && g.dropSparest() {
	}
	if rest := g.rest(); rest >= 0 {
		g.wrap(rest, max(1, g.left()))
	} else if left := g.left(); left < 0 { // nothing more can be left out
		n := g.broadest()
		g.wrap(n, max(1, g.widest(n)+left))
	}
}

// broadest is the column that is the widest.
func (g *grid) broadest() int {
	broadest := 0
	for i := range g.columns {
		if g.widest(i) > g.widest(broadest) {
			broadest = i
		}
	}
	return broadest
}

// rest is the column that takes the rest, -1 if there is none.
func (g *grid) rest() int { return slices.IndexFunc(g.columns, func(c column) bool { return c.rest }) }

// left is the width that the columns leave for the rest, or leave over where there is none; less than 0 if they are too wide.
func (g *grid) left() int {
	left := g.width
	for i, c := range g.columns {
		if !c.rest {
			left -= g.widest(i)
		}
		if i > 0 {
			left -= len(plain.Box.PaddingRight)
		}
	}
	return left
}

// widest is the width of a column.
func (g *grid) widest(n int) int {
	width := text.StringWidthWithoutEscSequences(g.columns[n].name)
	for _, row := range g.rows {
		width = max(width, text.LongestLineLen(row[n]))
	}
	return width
}

// lower puts a column below its rows.
func (g *grid) lower(n int) {
	g.beneath = make([]string, len(g.rows))
	for i, row := range g.rows {
		g.beneath[i] = row[n]
	}
	g.remove(n)
}

// drop leaves out columns for which it holds that they have to be, one after the other.
func (g *grid) drop(is func(column) bool) {
	for i := len(g.columns) - 1; i >= 0; i-- {
		if is(g.columns[i]) {
			g.remove(i)
		}
	}
}

// dropSparest leaves out the column that is missed least, and says whether there was one.
func (g *grid) dropSparest() bool {
	sparest := 0
	for i, c := range g.columns {
		if c.spare > g.columns[sparest].spare {
			sparest = i
		}
	}
	if g.columns[sparest].spare == 0 {
		return false
	}
	g.remove(sparest)
	return true
}

func (g *grid) remove(n int) {
	g.columns = slices.Delete(g.columns, n, n+1)
	for i, row := range g.rows {
		g.rows[i] = slices.Delete(slices.Clone(row), n, n+1)
	}
}

// wrap breaks the cells of a column: at blanks where that is possible.
func (g *grid) wrap(n, width int) {
	for i, row := range g.rows {
		if text.LongestLineLen(row[n]) > width {
			g.rows[i] = slices.Clone(row)
			g.rows[i][n] = wrapped(row[n], width)
		}
	}
}

// wrapped breaks the lines of s between words, and words that are longer than a line inside.
func wrapped(s string, width int) string {
	var lines []string
	for whole := range strings.SplitSeq(s, "\n") {
		if text.LongestLineLen(whole) <= width {
			lines = append(lines, whole)
			continue
		}
		for line := range strings.SplitSeq(text.WrapSoft(whole, width), "\n") {
			if line = strings.TrimRight(line, " "); text.LongestLineLen(line) > width {
				line = hardWrapped(line, width)
			}
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\n")
}

// hardWrapped breaks s wherever a line ends, and changes not even a blank.
func hardWrapped(s string, width int) string { return ansi.Hardwrap(s, width, true) }

// render draws the grid as columns and nothing else.
func (g *grid) render(p *page) string {
	t := table.NewWriter()
	t.SetStyle(plain)
	t.SuppressTrailingSpaces()
	configs := make([]table.ColumnConfig, len(g.columns))
	header := make(table.Row, len(g.columns))
	for i, c := range g.columns {
		header[i] = p.paint(bold, c.name)
		configs[i] = table.ColumnConfig{Number: i + 1}
		if c.right {
			configs[i].Align, configs[i].AlignHeader = text.AlignRight, text.AlignRight
		}
	}
	t.SetColumnConfigs(configs)
	if g.columns[0].name != "" {
		t.AppendHeader(header)
	}
	for _, row := range g.rows {
		t.AppendRow(cells(row))
	}
	return t.Render()
}

func cells(row []string) table.Row {
	out := make(table.Row, len(row))
	for i, cell := range row {
		out[i] = cell
	}
	return out
}
