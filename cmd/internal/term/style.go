package term

import "charm.land/lipgloss/v2"

// The styles of the views. Colours are those of the terminal's own palette, so that they fit a light one and a dark one; the renderer
// leaves them out where there are none, and then weight and reversal carry the meaning.
var (
	strong = lipgloss.NewStyle().Bold(true)
	title  = lipgloss.NewStyle().Bold(true).Foreground(lipgloss.Cyan)
	faint  = lipgloss.NewStyle().Foreground(lipgloss.BrightBlack)
	good   = lipgloss.NewStyle().Foreground(lipgloss.Green)
	warn   = lipgloss.NewStyle().Foreground(lipgloss.Yellow)
	bad    = lipgloss.NewStyle().Bold(true).Foreground(lipgloss.Red)
	chosen = lipgloss.NewStyle().Reverse(true)
	bar    = lipgloss.NewStyle().Foreground(lipgloss.Blue)
)

// Strong is text that matters.
func Strong(s string) string { return strong.Render(s) }

// Title is the heading of a part.
func Title(s string) string { return title.Render(s) }

// Faint is text that explains.
func Faint(s string) string { return faint.Render(s) }

// Good is what is as it should be.
func Good(s string) string { return good.Render(s) }

// Warn is what a reader must know.
func Warn(s string) string { return warn.Render(s) }

// Bad is an attack, or an error.
func Bad(s string) string { return bad.Render(s) }

// Chosen is where the cursor is.
func Chosen(s string) string { return chosen.Render(s) }

// Bar is the ink of charts.
func Bar(s string) string { return bar.Render(s) }
