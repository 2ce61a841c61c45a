// Package termtest is what the tests of the terminal views have in common: keys to press, limits that every screen keeps, and a real
// terminal.
package termtest

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
)

var named = map[string]rune{"up": tea.KeyUp, "down": tea.KeyDown, "left": tea.KeyLeft, "right": tea.KeyRight, "enter": tea.KeyEnter, "esc": tea.KeyEscape,
	"tab": tea.KeyTab, "backspace": tea.KeyBackspace, "pgup": tea.KeyPgUp, "pgdown": tea.KeyPgDown, "home": tea.KeyHome, "end": tea.KeyEnd}

// Key is a key by its name, such as "down", "shift+tab" or "ctrl+c", or a character.
func Key(name string) tea.KeyPressMsg {
	var mod tea.KeyMod
	if rest, ok := strings.CutPrefix(name, "ctrl+"); ok {
		mod, name = tea.ModCtrl, rest
	}
	if rest, ok := strings.CutPrefix(name, "shift+"); ok {
		mod, name = mod|tea.ModShift, rest
	}
	if code, ok := named[name]; ok {
		return tea.KeyPressMsg{Code: code, Mod: mod}
	}
	key := tea.KeyPressMsg{Code: []rune(name)[0], Mod: mod}
	if mod == 0 {
		key.Text = name
	}
	return key
}

// Fits says whether a view keeps inside a terminal of that size, and sends it nothing but text and styles. What does not is an error of
// the test.
func Fits(t *testing.T, v tea.View, width, height int) bool {
	t.Helper()
	content, ok := v.Content, true
	lines := strings.Split(content, "\n")
	if content != "" && len(lines) > height {
		t.Errorf("%d lines in a terminal of %d", len(lines), height)
		ok = false
	}
	for i, line := range lines {
		if w, wc := ansi.StringWidth(line), ansi.StringWidthWc(line); max(w, wc) > width {
			t.Errorf("line %d has %d or %d columns in a terminal of %d: %q", i, w, wc, width, line)
			ok = false
		}
	}
	for _, r := range ansi.Strip(content) {
		if r != '\n' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == utf8.RuneError) {
			t.Errorf("%q reaches the terminal", r)
			ok = false
		}
	}
	return ok && onlyStyles(t, content)
}

// onlyStyles says whether all escape sequences of a view are styles.
func onlyStyles(t *testing.T, content string) bool {
	t.Helper()
	for rest := content; ; {
		_, after, found := strings.Cut(rest, "\x1b")
		if !found {
			return true
		}
		end := strings.IndexFunc(after, func(r rune) bool { return !strings.ContainsRune("[0123456789;:", r) })
		if end < 0 || after[end] != 'm' || after[0] != '[' {
			t.Errorf("escape sequence %.20q reaches the terminal", after)
			return false
		}
		rest = after[end:]
	}
}
