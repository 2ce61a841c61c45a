package explore

import (
	"image/color"
	"math"
	"strings"

	"charm.land/lipgloss/v2"
)

// The map has a background of its own, so that it reads the same on a light and on a dark terminal.
var (
	quiet  = lipgloss.Color("#1c1c1c") // nothing was seen
	here   = lipgloss.Color("#ffffff") // the cursor
	usual  = []color.Color{lipgloss.Color("#00305f"), lipgloss.Color("#005f87"), lipgloss.Color("#0087af"), lipgloss.Color("#00afd7"), lipgloss.Color("#87d7ff")}
	guilty = []color.Color{lipgloss.Color("#870000"), lipgloss.Color("#af0000"), lipgloss.Color("#d75f00"), lipgloss.Color("#ff8700"), lipgloss.Color("#ffd700")}
)

// shades stand for colours where there are none, from little to much.
var shades = []string{"░", "░", "▒", "▓", "█"}

// warmth is the place of a count among five shades, on a scale of logarithms: 0 to 4.
func warmth(n, peak uint64) int {
	if n == 0 || peak <= 1 {
		return 0
	}
	return min(4, int(5*math.Log(float64(n))/math.Log(float64(peak))))
}

// ink is the colour of a cell.
func (g *grid) ink(t *tally) color.Color {
	switch w := warmth(t.requests, g.peak); {
	case t.ranges > 0:
		return guilty[w]
	case t.requests == 0:
		return quiet
	default:
		return usual[w]
	}
}

// rows draws the grid, two cells a character: the upper half block has the colour of the upper one, its background that of the lower.
// Cells alike in a row are drawn in one go.
func (g *grid) rows(cursorX, cursorY int, coloured bool) []string {
	size := 1 << g.order
	lines := make([]string, 0, size/2)
	for y := 0; y < size; y += 2 {
		if !coloured {
			lines = append(lines, g.shaded(y, cursorX, cursorY))
			continue
		}
		lines = append(lines, g.painted(y, cursorX, cursorY))
	}
	return lines
}

func (g *grid) painted(y, cursorX, cursorY int) string {
	size := 1 << g.order
	inks := func(x int) [2]color.Color {
		pair := [2]color.Color{g.ink(g.at(x, y)), g.ink(g.at(x, y+1))}
		if x == cursorX && cursorY/2 == y/2 {
			pair[cursorY%2] = here
		}
		return pair
	}
	var b strings.Builder
	for x := 0; x < size; {
		pair, from := inks(x), x
		for x < size && inks(x) == pair {
			x++
		}
		b.WriteString(lipgloss.NewStyle().Foreground(pair[0]).Background(pair[1]).Render(strings.Repeat("▀", x-from)))
	}
	return b.String()
}

// shaded draws two cells as one character without colours: the darker of both; detected ones are letters.
func (g *grid) shaded(y, cursorX, cursorY int) string {
	var b strings.Builder
	for x := range 1 << g.order {
		upper, lower := g.at(x, y), g.at(x, y+1)
		switch requests := max(upper.requests, lower.requests); {
		case x == cursorX && cursorY == y:
			b.WriteString("▀")
		case x == cursorX && cursorY == y+1:
			b.WriteString("▄")
		case upper.ranges+lower.ranges > 0:
			b.WriteString("X")
		case requests == 0:
			b.WriteString("·")
		default:
			b.WriteString(shades[warmth(requests, g.peak)])
		}
	}
	return b.String()
}
