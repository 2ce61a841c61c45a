package term

import (
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// Column is one column of a Table.
type Column struct {
	Title string
	Width int  // columns of the terminal; of one that grows: the least
	Right bool // numbers
	Grows bool // takes what the others leave; at most one does
	Spare int  // left out first where there is no room, highest first; 0: never
}

// Table is a list with a cursor that scrolls. Rows are asked for when they are drawn only, so there may be millions.
type Table struct {
	Columns []Column
	Rows    int
	Row     func(i int) []string // the cells of a row, a cell a column; they may have styles
	Quiet   bool                 // the cursor is not shown: the keys go elsewhere

	cursor, top int
	page        int // rows that the last drawing had room for
}

// Cursor is the index of the chosen row; 0 when there are none.
func (t *Table) Cursor() int { return max(0, min(t.cursor, t.Rows-1)) }

// Select moves the cursor to row i, or the nearest there is.
func (t *Table) Select(i int) { t.cursor = max(0, min(i, t.Rows-1)) }

// Press moves the cursor and says whether key was one that does.
func (t *Table) Press(key string) bool {
	page := max(1, t.page-1)
	switch key {
	case "up", "k":
		t.Select(t.Cursor() - 1)
	case "down", "j":
		t.Select(t.Cursor() + 1)
	case "pgup", "ctrl+b", "ctrl+u":
		t.Select(t.Cursor() - page)
	case "pgdown", "ctrl+f", "ctrl+d", "space":
		t.Select(t.Cursor() + page)
	case "home", "g":
		t.Select(0)
	case "end", "G":
		t.Select(t.Rows - 1)
	default:
		return false
	}
	return true
}

// Draw draws the heading and as many rows as fit around the cursor into at most height lines of width columns.
func (t *Table) Draw(width, height int) []string {
	t.page = max(0, height-1)
	if height <= 0 {
		return nil
	}
	shown := t.fitting(width - 1)
	lines := []string{Faint(t.line(shown, t.titles(), width-1))}
	t.scroll()
	for i := t.top; i < min(t.Rows, t.top+t.page); i++ {
		line := t.line(shown, t.Row(i), width-1)
		if i == t.Cursor() && !t.Quiet {
			line = Chosen(ansi.Strip(line))
		}
		lines = append(lines, line+t.thumb(i-t.top))
	}
	return lines
}

// Scroll draws lines of text to read, as many as fit into height, without a heading or a cursor: the keys move the whole.
func (t *Table) Scroll(lines []string, width, height int) []string {
	t.Rows, t.page = len(lines), max(0, height)
	t.top = max(0, min(t.cursor, t.Rows-t.page))
	t.cursor = t.top
	shown := lines[t.top:min(t.Rows, t.top+t.page)]
	drawn := make([]string, len(shown))
	for i, line := range shown {
		drawn[i] = Fit(line, width-1) + t.thumb(i)
	}
	return drawn
}

// scroll keeps the cursor inside the page, and the page full.
func (t *Table) scroll() {
	t.top = max(t.Cursor()-t.page+1, min(t.top, t.Cursor()))
	t.top = max(0, min(t.top, t.Rows-t.page))
}

// thumb is the mark of a scroll bar at a line of the page: nothing when all rows are in view.
func (t *Table) thumb(line int) string {
	if t.Rows <= t.page {
		return ""
	}
	size := max(1, t.page*t.page/t.Rows)
	at := t.top * (t.page - size) / (t.Rows - t.page)
	if line >= at && line < at+size {
		return Faint("┃")
	}
	return Faint("│")
}

func (t *Table) titles() []string {
	titles := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		titles[i] = c.Title
	}
	return titles
}

// fitting returns the widths of the columns in width: 0 for those that are left out.
func (t *Table) fitting(width int) []int {
	widths := make([]int, len(t.Columns))
	used := 0
	for i, c := range t.Columns {
		widths[i] = c.Width
		used += c.Width + gap
	}
	for used-gap > width {
		spare := t.sparest(widths)
		if spare < 0 {
			return widths
		}
		used -= widths[spare] + gap
		widths[spare] = 0
	}
	for i, c := range t.Columns {
		if c.Grows && widths[i] > 0 {
			widths[i] += width - (used - gap)
			break
		}
	}
	return widths
}

const gap = 2 // columns between two cells

// sparest is the column to leave out next, -1 when all that are left must stay.
func (t *Table) sparest(widths []int) int {
	spare := -1
	for i, c := range t.Columns {
		if widths[i] > 0 && c.Spare > 0 && (spare < 0 || c.Spare > t.Columns[spare].Spare) {
			spare = i
		}
	}
	return spare
}

// line joins the cells of a row into exactly width columns.
func (t *Table) line(widths []int, cells []string, width int) string {
	var b strings.Builder
	for i, w := range widths {
		if w == 0 {
			continue
		}
		if b.Len() > 0 {
			b.WriteString(strings.Repeat(" ", gap))
		}
		if t.Columns[i].Right {
			b.WriteString(FitRight(cells[i], w))
		} else {
			b.WriteString(Fit(cells[i], w))
		}
	}
	return Fit(b.String(), width)
}
