package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// term is where output goes and what that can show.
type term struct {
	in       io.Reader
	out, err io.Writer
	width    int  // of a terminal at out; 0: none
	color    bool // out is a terminal that wants it
	canAsk   bool // somebody sits at in
}

// usualWidth is for terminals that do not say how wide they are.
const usualWidth = 80

func newTerm(in, out, err *os.File) *term {
	t := &term{in: in, out: out, err: err, canAsk: isTerminal(in)}
	if !isTerminal(out) {
		return t
	}
	t.width = usualWidth
	if size, err := unix.IoctlGetWinsize(int(out.Fd()), unix.TIOCGWINSZ); err == nil && size.Col > 0 {
		t.width = int(size.Col)
	}
	t.color = os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" // https://no-color.org
	return t
}

func isTerminal(f *os.File) bool {
	_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	return err == nil
}

func (t *term) page() *page { return &page{width: t.width, color: t.color} }

// write puts out a page in one go.
func (t *term) write(p *page) error { return t.put([]byte(p.b.String())) }

func (t *term) put(data []byte) error {
	if _, err := t.out.Write(data); err != nil {
		return fmt.Errorf("cannot write the output: %w", err)
	}
	return nil
}

// document prints v as one indented JSON document.
func (t *term) document(v any) error { return t.encode(v, "  ") }

// line prints v as one line of JSON.
func (t *term) line(v any) error { return t.encode(v, "") }

func (t *term) encode(v any, indent string) error {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", indent)
	if err := e.Encode(v); err != nil {
		return fmt.Errorf("cannot print as JSON: %w", err)
	}
	return t.put(printableJSON(b.Bytes()))
}

// say writes one line to stderr. Several errors in one message, such as those of a configuration file, stay apart.
func (t *term) say(message string) {
	fmt.Fprintln(t.err, "cidrxctl: "+printableText(strings.ReplaceAll(message, "\n", "; ")))
}

// ask waits for an answer; only yes is one.
func (t *term) ask(question string) bool {
	fmt.Fprint(t.err, question+" [y/N] ")
	answer, _ := bufio.NewReader(t.in).ReadString('\n') // without an answer it is no
	answer = strings.ToLower(strings.TrimSpace(answer))
	return answer == "y" || answer == "yes"
}
