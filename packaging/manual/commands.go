package manual

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Commands writes the page of root and all its commands, section 8, with date (YYYY-MM-DD, or empty) at its foot.
func Commands(w io.Writer, root *cobra.Command, date string) error {
	p := &page{}
	p.title(root.Name(), "8", date, "System Administration")
	p.section("Name")
	fmt.Fprintf(p, "%s \\- %s\n", inline(root.Name()), inline(lowerFirst(root.Short)))
	p.synopsis(root)
	about, rest, _ := strings.Cut(texts[root.Name()], "\n# ")
	p.section("Description")
	p.prose(about)
	p.section("Commands")
	for _, cmd := range visible(root) {
		p.command(cmd)
	}
	if flags := root.PersistentFlags(); flags.HasAvailableFlags() {
		p.section("Options of every command")
		p.flags(flags)
	}
	if rest != "" {
		p.prose("# " + rest)
	}
	return p.flush(w)
}

// texts are the words of each program's page that no command says.
var texts = map[string]string{"cidrx": cidrxText, "cidrxctl": cidrxctlText}

func (p *page) synopsis(root *cobra.Command) {
	p.section("Synopsis")
	for i, cmd := range visible(root) {
		if i > 0 {
			p.WriteString(".br\n")
		}
		name, rest := usage(cmd)
		p.WriteString(strings.TrimSpace(bold(name)+" "+inline(rest)) + "\n")
	}
}

// command is what the help of one command says, and after it those of the commands below it.
func (p *page) command(cmd *cobra.Command) {
	name, rest := usage(cmd)
	p.subsection(strings.TrimSpace(name + " " + rest))
	if cmd.Name() == "completion" { // the commands below it are one a shell, and print how to install what the package has installed
		p.paragraph("Print completions for a shell: bash, zsh, fish or powershell. The packages install them.")
		return
	}
	p.paragraph(sentence(cmd.Short))
	p.prose(cmd.Long)
	if len(cmd.Aliases) > 0 {
		p.paragraph("Also: " + strings.Join(cmd.Aliases, ", ") + ".")
	}
	p.flags(cmd.LocalNonPersistentFlags())
	if cmd.Example != "" {
		p.example(outdent(strings.Split(strings.Trim(cmd.Example, "\n"), "\n")))
	}
	for _, below := range visible(cmd) {
		p.command(below)
	}
}

// flags lists flags with what they take and what they are without being given.
func (p *page) flags(set *pflag.FlagSet) {
	set.VisitAll(func(f *pflag.Flag) {
		if f.Hidden || f.Name == "help" {
			return
		}
		takes, text := pflag.UnquoteUsage(f)
		term := bold("--" + f.Name)
		if f.Shorthand != "" {
			term = bold("-"+f.Shorthand) + ", " + term
		}
		if takes != "" {
			term += " " + italic(takes)
		}
		p.entry(term, text+byDefault(f))
	})
}

// byDefault says what a flag is when it is not given, where that is something.
func byDefault(f *pflag.Flag) string {
	switch f.DefValue {
	case "", "false", "0", "0s", "[]":
		return ""
	}
	return " (default " + f.DefValue + ")"
}

// visible are the commands below cmd that are for people, in cobra's order, which is that of their names.
func visible(cmd *cobra.Command) []*cobra.Command {
	var list []*cobra.Command
	for _, below := range cmd.Commands() {
		if below.IsAvailableCommand() && below.Name() != "help" {
			list = append(list, below)
		}
	}
	return list
}

// usage splits a command line into the command and what it takes.
func usage(cmd *cobra.Command) (name, rest string) {
	rest = strings.TrimPrefix(cmd.UseLine(), cmd.CommandPath())
	if line := strings.TrimPrefix(cmd.Use, cmd.Name()); line != "" && cmd.HasParent() { // without the name of a root that has more in it
		rest = line
	}
	return cmd.CommandPath(), strings.TrimSpace(strings.TrimSuffix(rest, "[flags]"))
}

// sentence ends a text with a stop and begins it with a capital.
func sentence(text string) string {
	text = strings.TrimSpace(text)
	if text == "" || strings.HasSuffix(text, ".") {
		return text
	}
	return strings.ToUpper(text[:1]) + text[1:] + "."
}

func lowerFirst(text string) string {
	if text == "" {
		return text
	}
	return strings.ToLower(text[:1]) + text[1:]
}
