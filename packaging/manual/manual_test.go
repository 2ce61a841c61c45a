package manual_test

import (
	"bytes"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pelletier/go-toml/v2"
	"github.com/spf13/cobra"

	"cidrx/configs"
	"cidrx/packaging/manual"
)

// tree is a small program with everything that a page may meet.
func tree() *cobra.Command {
	root := &cobra.Command{Use: "tool COMMAND", Short: "Do things"}
	root.PersistentFlags().String("socket", "/run/s", "where it `is`")
	run := func(*cobra.Command, []string) {}
	act := &cobra.Command{
		Use: "act WHAT", Short: "Act at once", Aliases: []string{"do"}, Run: run, Example: "  tool act .hidden\n  tool act 'x'",
		Long: "act has a\n.dangerous line, a back\\slash and a list:\n  one   1\n  two   2\nIt goes on.\n\nSecond paragraph.",
	}
	act.Flags().BoolP("fast", "f", false, "hurry")
	act.Flags().String("secret", "", "not for people")
	_ = act.Flags().MarkHidden("secret")
	act.AddCommand(&cobra.Command{Use: "below [N]", Short: "A command below", Run: run})
	root.AddCommand(act, &cobra.Command{Use: "inner", Hidden: true, Short: "For nobody", Run: run}, manual.NewCommand())
	return root
}

func TestCommands(t *testing.T) {
	var out bytes.Buffer
	if err := manual.Commands(&out, tree(), "2026-05-04"); err != nil {
		t.Fatal(err)
	}
	want := `.TH "TOOL" "8" "2026-05-04" "cidrx" "System Administration"
.nh
.ad l
.SH "NAME"
tool \- do things
.SH "SYNOPSIS"
\fBtool act\fR WHAT
.SH "DESCRIPTION"
.SH "COMMANDS"
.SS "tool act WHAT"
Act at once.
.PP
act has a
\&.dangerous line, a back\eslash and a list:
.PP
.RS 4
.EX
one   1
two   2
.EE
.RE
.PP
It goes on.
.PP
Second paragraph.
.PP
Also: do.
.TP
\fB\-f\fR, \fB\-\-fast\fR
hurry
.PP
.RS 4
.EX
tool act .hidden
tool act \(aqx\(aq
.EE
.RE
.SS "tool act below [N]"
A command below.
.SH "OPTIONS OF EVERY COMMAND"
.TP
\fB\-\-socket\fR \fIis\fR
where it is (default /run/s)
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("page (-want +got):\n%s", diff)
	}
}

func configuration(t *testing.T, documents ...manual.Document) string {
	t.Helper()
	var out bytes.Buffer
	if err := manual.Configuration(&out, "", documents...); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestConfiguration(t *testing.T) {
	text := "# What it is,\n# in two lines.\n#\n# More.\n\n[agent]  # the process\nmode = \"a # b\"  # how: one\n           # two; three\n# least = 3  # no default\nbare = []\n\n[[a.b]]\nx = 'it''s'\n"
	_, got, _ := strings.Cut(configuration(t, manual.Document{Title: "Keys", Text: []byte(text)}), ".SH \"KEYS\"\n")
	got, _, _ = strings.Cut(got, ".SH \"EXAMPLES\"")
	want := `What it is,
in two lines.
.PP
More.
.SS "[agent]"
The process.
.TP
\fBmode\fR = "a # b"
how: one two; three
.TP
\fBleast\fR = 3
no default
.TP
\fBbare\fR = []
\&
.SS "[[a.b]]"
.TP
\fBx\fR = \(aqit\(aq\(aqs\(aq
\&
`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("page (-want +got):\n%s", diff)
	}
}

// keys lists all keys and sections of a document. That the references have every key that the code knows is tested where the code is.
func keys(v any, list map[string]bool) {
	switch v := v.(type) {
	case map[string]any:
		for key, inner := range v {
			list[key] = true
			keys(inner, list)
		}
	case []any:
		for _, inner := range v {
			keys(inner, list)
		}
	}
}

func TestEveryKeyIsOnThePage(t *testing.T) {
	page := configuration(t, manual.Document{Title: "a", Text: configs.Reference()}, manual.Document{Title: "b", Text: configs.Static()})
	for _, text := range [][]byte{configs.Reference(), configs.Static()} {
		var doc map[string]any
		if err := toml.Unmarshal(text, &doc); err != nil {
			t.Fatal(err)
		}
		list := map[string]bool{"minHosts": true} // it has no default, and so is a comment in the reference
		keys(doc, list)
		for key := range list {
			name := regexp.QuoteMeta(key)
			if !regexp.MustCompile(`(?m)^(\\fB` + name + `\\fR = |\.SS "\[.*\b` + name + `\b.*\]")`).MatchString(page) {
				t.Errorf("key %q is not on the page", key)
			}
		}
	}
}

// TestHiddenCommand asks what people see of the command that prints the pages: nothing in the help, and pages.
func TestHiddenCommand(t *testing.T) {
	root := tree()
	var out bytes.Buffer
	root.SetOut(&out)
	for _, args := range [][]string{{"--help"}, {manual.CommandName}} {
		root.SetArgs(args)
		if err := root.Execute(); err != nil {
			t.Fatal(err)
		}
	}
	help, page, found := strings.Cut(out.String(), ".TH")
	if !found || strings.Contains(help, manual.CommandName) || !strings.Contains(page, "tool completion") {
		t.Errorf("help and page:\n%s", out.String())
	}
	root.SetArgs([]string{manual.CommandName, "cidrx.toml"})
	root.SetErr(&out)
	if err := root.Execute(); err == nil {
		t.Error("a program without configuration printed the page of one")
	}
}
