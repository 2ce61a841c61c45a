package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"cidrx/cmd/internal/term"
)

// sheet is text for people. Whatever the names and the log lines in it hold, it is printable, and on a terminal no line is wider than
// that. Without a terminal lines stay whole, for whoever searches them.
type sheet struct {
	out   io.Writer
	width int // of the terminal; 0: none
}

func (s sheet) blank() { fmt.Fprintln(s.out) }

// say writes a sentence behind a head that stands alone in its columns, broken between words; further lines begin below its first word.
func (s sheet) say(head, format string, args ...any) {
	text := term.Printable(fmt.Sprintf(format, args...))
	if s.fits(term.Width(head) + term.Width(text)) {
		fmt.Fprintln(s.out, strings.TrimRight(head+text, " "))
		return
	}
	for _, line := range term.Wrap(text, max(1, s.width-term.Width(head))) {
		fmt.Fprintln(s.out, head+line)
		head = strings.Repeat(" ", term.Width(head))
	}
}

// field writes a name and its value.
func (s sheet) field(name, format string, args ...any) {
	s.say(fmt.Sprintf("%-*s", fieldIndent, name), format, args...)
}

// quote writes a log line, broken wherever the terminal ends, so that not even a blank of it changes.
func (s sheet) quote(indent int, line string) {
	line = term.Printable(line)
	if !s.fits(indent + term.Width(line)) {
		line = ansi.Hardwrap(line, max(1, s.width-indent), true)
	}
	for piece := range strings.SplitSeq(line, "\n") {
		fmt.Fprintln(s.out, strings.Repeat(" ", indent)+piece)
	}
}

// row writes what stands in columns, and a sentence behind it; below, a little indented, where the terminal has too little room for both.
func (s sheet) row(columns, text string) {
	columns, text = term.Printable(columns), term.Printable(text)
	if whole := strings.TrimRight(columns+text, " "); text == "" || s.fits(term.Width(whole)) {
		fmt.Fprintln(s.out, whole)
		return
	}
	const below = "    "
	fmt.Fprintln(s.out, strings.TrimRight(columns, " "))
	s.say(below, "%s", text)
}

func (s sheet) fits(width int) bool { return s.width == 0 || width <= s.width }

// table writes rows under their heading after an empty line, columns of numbers to the right, the last one as far as it goes; nothing if
// there are none. Where one row has no room for its last column, all have that below.
func (s sheet) table(header []string, rows [][]string) {
	if len(rows) == 0 {
		return
	}
	s.blank()
	rows = append([][]string{header}, rows...)
	last := len(header) - 1
	width := make([]int, last)
	widest := 0
	for _, row := range rows {
		for i, cell := range row[:last] {
			width[i] = max(width[i], term.Width(cell))
		}
		widest = max(widest, term.Width(row[last]))
	}
	for _, w := range width {
		widest += w + 2
	}
	for n, row := range rows {
		columns := ""
		for i, cell := range row[:last] {
			columns += aligned(cell, width[i], i > 0 && header[i] != "FIRST") + "  "
		}
		switch {
		case s.fits(widest):
			s.row(columns, row[last])
		case n == 0: // the sentences below need no heading
			s.row(columns, "")
		default:
			s.row(columns, "")
			s.say("    ", "%s", row[last])
		}
	}
}

func aligned(cell string, width int, right bool) string {
	if right {
		return term.FitRight(cell, width)
	}
	return term.Fit(cell, width)
}
