package term

import (
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// Width is the number of columns that s fills; styles fill none.
func Width(s string) int { return ansi.StringWidth(s) }

// Cut is s in at most width columns; what is cut off ends in an ellipsis.
func Cut(s string, width int) string {
	if width <= 0 {
		return ""
	}
	return ansi.Truncate(s, width, "…")
}

// Fit is s in exactly width columns, cut or padded at its end.
func Fit(s string, width int) string {
	s = Cut(s, width)
	return s + strings.Repeat(" ", max(0, width-Width(s)))
}

// FitRight is s in exactly width columns, cut at its end or padded at its start.
func FitRight(s string, width int) string {
	s = Cut(s, width)
	return strings.Repeat(" ", max(0, width-Width(s))) + s
}

// Ends is a line of width columns with left at its start and right at its end; left gives way.
func Ends(left, right string, width int) string {
	right = Cut(right, width)
	return Fit(left, width-Width(right)) + right
}

// Wrap breaks text without styles into lines of at most width columns: at blanks, and inside of words that are wider than a line.
func Wrap(text string, width int) []string {
	if width <= 0 {
		return nil
	}
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && Width(line)+1+Width(word) <= width {
			line += " " + word
			continue
		}
		if line != "" {
			lines = append(lines, line)
		}
		for line = word; Width(line) > width; {
			head := ansi.Truncate(line, width, "")
			if head == "" { // a wide character in a single column
				return lines
			}
			lines, line = append(lines, head), line[len(head):]
		}
	}
	return append(lines, line)
}
