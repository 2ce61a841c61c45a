package manual

import (
	"fmt"
	"io"
	"strings"
)

// Configuration writes the page cidrx.toml(5) from commented documents, with date (YYYY-MM-DD, or empty) at its foot.
func Configuration(w io.Writer, date string, documents ...Document) error {
	p := &page{}
	p.title("cidrx.toml", "5", date, "File Formats")
	p.section("Name")
	p.WriteString("cidrx.toml \\- configuration of the cidrx agent\n")
	about, rest, _ := strings.Cut(tomlText, "\n# ")
	p.section("Description")
	p.prose(about)
	for _, d := range documents {
		p.document(d)
	}
	if rest != "" {
		p.prose("# " + rest)
	}
	return p.flush(w)
}

// document turns the lines of a reference into entries: the comment at the top becomes paragraphs, sections become titles, a key with its
// value becomes a term, and the comment behind it and below it the text.
func (p *page) document(d Document) {
	p.section(d.Title)
	head, body, _ := strings.Cut(string(d.Text), "\n\n[")
	p.prose(uncomment(head))
	for _, e := range entries("[" + body) {
		switch {
		case e.section:
			p.subsection(e.term)
			if e.text != "" {
				p.paragraph(sentence(e.text))
			}
		default:
			p.entry(assignment(e.term), e.text)
		}
	}
}

// entry is one line of a reference, and the lines of comment that go with it.
type entry struct {
	section bool
	term    string // "[agent]", "mode = \"observe\""
	text    string
}

// entries reads the lines of a reference.
func entries(text string) (list []entry) {
	for line := range strings.SplitSeq(text, "\n") {
		code, comment := splitComment(line)
		switch {
		case strings.HasPrefix(code, "["):
			list = append(list, entry{section: true, term: code, text: comment})
		case code != "":
			list = append(list, entry{term: code, text: comment})
		case strings.HasPrefix(line, "# ") && strings.Contains(comment, " = "): // a key without a default, written as a comment
			code, comment = splitComment(comment)
			list = append(list, entry{term: code, text: comment})
		case comment != "" && len(list) > 0:
			last := &list[len(list)-1]
			last.text = strings.TrimSpace(last.text + " " + comment)
		}
	}
	return list
}

// splitComment divides a line at the # that begins its comment, which is not one inside a string.
func splitComment(line string) (code, comment string) {
	var quote rune
	for i, r := range line {
		switch {
		case quote != 0 && r == quote:
			quote = 0
		case quote == 0 && (r == '"' || r == '\''):
			quote = r
		case quote == 0 && r == '#':
			return strings.TrimSpace(line[:i]), strings.TrimSpace(line[i+1:])
		}
	}
	return strings.TrimSpace(line), ""
}

// assignment is the term of a key.
func assignment(code string) string {
	key, value, ok := strings.Cut(code, "=")
	if !ok {
		return bold(code)
	}
	return fmt.Sprintf("%s = %s", bold(strings.TrimSpace(key)), inline(strings.TrimSpace(value)))
}

// uncomment takes away the # of each line.
func uncomment(text string) string {
	var lines []string
	for line := range strings.SplitSeq(text, "\n") {
		lines = append(lines, strings.TrimPrefix(strings.TrimPrefix(line, "#"), " "))
	}
	return strings.Join(lines, "\n")
}
