package manual

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"strings"
)

// page collects a manual page in the man(7) macros, which every man program understands.
type page struct {
	bytes.Buffer
	fresh bool // the last line was a title: a paragraph needs no macro
}

// title begins the page. The date is the commit's, so that the same commit makes the same page; date may be empty.
func (p *page) title(name, section, date, book string) {
	fmt.Fprintf(p, ".TH \"%s\" \"%s\" \"%s\" \"cidrx\" \"%s\"\n", strings.ToUpper(name), section, date, book)
	p.WriteString(".nh\n.ad l\n") // names of keys and commands are not to be broken, and lines without breaks are not to be stretched
}

func (p *page) section(name string) {
	fmt.Fprintf(p, ".SH \"%s\"\n", quoted(strings.ToUpper(name)))
	p.fresh = true
}

func (p *page) subsection(name string) {
	fmt.Fprintf(p, ".SS \"%s\"\n", quoted(name))
	p.fresh = true
}

// entry is a term with what it means. The term is roff already, the text is not.
func (p *page) entry(term, text string) {
	p.fresh = false
	fmt.Fprintf(p, ".TP\n%s\n%s\n", term, cmp.Or(escape(text), `\&`))
}

func (p *page) paragraph(text string) {
	p.space()
	p.WriteString(escape(text) + "\n")
}

// space begins a paragraph.
func (p *page) space() {
	if !p.fresh {
		p.WriteString(".PP\n")
	}
	p.fresh = false
}

// example is shown as it is written.
func (p *page) example(lines []string) {
	p.space()
	p.WriteString(".RS 4\n.EX\n")
	for _, line := range lines {
		p.WriteString(escape(line) + "\n")
	}
	p.WriteString(".EE\n.RE\n")
}

// prose writes text as it stands in help texts: paragraphs behind blank lines, examples that are indented, entries of a term, a tab and
// a text, and titles behind a #.
func (p *page) prose(text string) {
	for block := range strings.SplitSeq(text, "\n\n") {
		lines := strings.Split(strings.Trim(block, "\n"), "\n")
		if title, ok := strings.CutPrefix(lines[0], "# "); ok {
			p.section(title)
			lines = lines[1:]
		}
		if len(lines) > 0 && lines[0] != "" {
			p.block(lines)
		}
	}
}

func (p *page) block(lines []string) {
	for len(lines) > 0 {
		n := run(lines)
		switch part := lines[:n]; {
		case indented(part[0]):
			p.example(outdent(part))
		case strings.Contains(part[0], "\t"):
			term, text, _ := strings.Cut(part[0], "\t")
			p.entry(bold(term), text)
		default:
			p.paragraph(strings.Join(part, "\n"))
		}
		lines = lines[n:]
	}
}

// run is how many lines belong together: those of an example, those of a paragraph, or one entry.
func run(lines []string) int {
	for i, line := range lines[1:] {
		if indented(line) != indented(lines[0]) || strings.Contains(lines[0], "\t") {
			return i + 1
		}
	}
	return len(lines)
}

func indented(line string) bool { return strings.HasPrefix(line, "  ") }

// outdent takes away the blanks that all lines begin with.
func outdent(lines []string) []string {
	margin := -1
	for _, line := range lines {
		if blanks := len(line) - len(strings.TrimLeft(line, " ")); blanks < len(line) && (margin < 0 || blanks < margin) {
			margin = blanks
		}
	}
	out := make([]string, len(lines))
	for i, line := range lines {
		out[i] = line[min(max(margin, 0), len(line)):]
	}
	return out
}

func bold(text string) string { return `\fB` + inline(text) + `\fR` }

func italic(text string) string { return `\fI` + inline(text) + `\fR` }

var inliner = strings.NewReplacer(`\`, `\e`, `-`, `\-`, `'`, `\(aq`, "`", `\(ga`, `^`, `\(ha`, `~`, `\(ti`, "\t", "    ")

// inline makes text safe inside a line: a hyphen stays a minus and quotes stay straight, so that commands can be copied from the page.
func inline(text string) string { return inliner.Replace(text) }

// quoted makes text safe in the quoted argument of a macro.
func quoted(text string) string { return strings.ReplaceAll(inline(text), `"`, `\(dq`) }

// escape makes text safe as lines of its own: one that begins with a dot or a quote would be a macro.
func escape(text string) string {
	var b strings.Builder
	for i, line := range strings.Split(inline(text), "\n") {
		if i > 0 {
			b.WriteByte('\n')
		}
		if strings.HasPrefix(line, ".") {
			b.WriteString(`\&`)
		}
		b.WriteString(line)
	}
	return b.String()
}

// flush writes the page.
func (p *page) flush(w io.Writer) error {
	_, err := w.Write(p.Bytes())
	return err
}
