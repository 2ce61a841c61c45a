package term

import (
	"fmt"
	"strings"
)

// Frame is one whole screen: a line with the title, a rule, the body, a line for notes, a line with the keys.
type Frame struct {
	Left, Right string   // of the title line; Right gives way last
	Body        []string // at most BodyHeight lines of at most the width
	Note        string   // what happens just now
	Keys        []Key    // what can be pressed, most important first
}

// Key is a key and what it does, in a word.
type Key struct{ Name, Does string }

// BodyHeight is how many lines a body has in a terminal of height lines.
func BodyHeight(height int) int { return max(0, height-4) }

// Render draws f into exactly height lines of at most width columns. What does not fit is cut, never wrapped. Below the smallest size
// it says what is missing.
func (f Frame) Render(width, height int) string {
	if !fits(width, height) {
		return tooSmall(width, height)
	}
	lines := make([]string, 0, height)
	lines = append(lines, Ends(f.Left, f.Right, width), Faint(strings.Repeat("─", width)))
	for i := range BodyHeight(height) {
		line := ""
		if i < len(f.Body) {
			line = Cut(f.Body[i], width)
		}
		lines = append(lines, line)
	}
	lines = append(lines, Cut(f.Note, width), KeyLine(f.Keys, width))
	return strings.Join(lines, "\n")
}

// fits says whether a view has room in a terminal of that size.
func fits(width, height int) bool { return width >= LeastWidth && height >= LeastHeight }

// tooSmall asks for a larger terminal in as little room as there is.
func tooSmall(width, height int) string {
	text := fmt.Sprintf("This terminal is %dx%d; the view needs %dx%d. Make it larger, or press q.", width, height, LeastWidth, LeastHeight)
	lines := Wrap(text, width)
	return strings.Join(lines[:min(len(lines), max(0, height))], "\n")
}

// KeyLine writes as many of keys as fit into width columns, the first ones first.
func KeyLine(keys []Key, width int) string {
	var b strings.Builder
	used := 0
	for _, k := range keys {
		need := Width(k.Name) + 1 + Width(k.Does) + 2
		if used+need-1 > width {
			continue
		}
		if used > 0 {
			b.WriteString("  ")
		}
		b.WriteString(Strong(k.Name) + " " + Faint(k.Does))
		used += need
	}
	return b.String()
}
