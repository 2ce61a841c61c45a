package main

import (
	"bytes"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"cidrx/agent/config"
	"cidrx/detect/parse"
)

// block returns the first block of a language in a page of the documentation that has the word in it.
func block(t *testing.T, page, language, word string) string {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	for _, rest := range strings.Split(string(text), "\n```"+language+"\n")[1:] {
		if b, _, _ := strings.Cut(rest, "```"); strings.Contains(b, word) {
			return b
		}
	}
	t.Fatalf("%s has no block of %s with %q", page, language, word)
	return ""
}

// TestDocumentedBlocks loads every block of configuration that the documentation shows, each as a file of its own.
func TestDocumentedBlocks(t *testing.T) {
	pages, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := 0
	for _, page := range append(pages, "../../README.md") {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, rest := range strings.Split(string(text), "\n```toml\n")[1:] {
			b, _, _ := strings.Cut(rest, "```")
			blocks++
			_, warnings, err := loadText(t, b)
			warnings = slices.DeleteFunc(warnings, func(w config.Warning) bool { return w.Key == "source" || w.Key == "live" }) // parts of a file
			if err != nil || len(warnings) > 0 {
				t.Errorf("%s: %v, warnings %v\n%s", page, err, warnings, b)
			}
		}
	}
	if blocks < 12 {
		t.Errorf("only %d blocks", blocks)
	}
}

func loadText(t *testing.T, text string) (*config.Config, []config.Warning, error) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "cidrx.toml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return config.Load(config.Inputs{File: file, CheckFormat: checkFormat, CheckFields: checkFields})
}

// TestDocumentedNginx has nginx write what the documentation tells it to, and reads that as the documentation tells cidrx to: requests of
// a proxy with a header, of a client that goes around it and forges one, and one that tries to break out of a field.
func TestDocumentedNginx(t *testing.T) {
	t.Parallel()
	const page, proxy, client, stranger = "../../docs/servers.md", "203.0.113.77", "198.51.100.9", "203.0.113.99"
	e := newEdge(t)
	logs := strings.NewReplacer("/var/log/nginx", e.dir, "10.0.0.0/24", proxy+"/32")
	behind := strings.ReplaceAll(block(t, page, "nginx", "$http_x_forwarded_for\"';"), " cidrx", " behind")
	inJSON := block(t, page, "nginx", "escape=json")
	inJSON, _, _ = strings.Cut(inJSON, "#")
	e.nginxWith(e.dir + "/access.log combined;\n" + logs.Replace(behind+strings.TrimSuffix(strings.TrimSpace(inJSON), ";")))
	forward := []string{"-A", "Nikto/2.1", "-H", "X-Forwarded-For: 192.0.2.99, " + client}
	e.curl(proxy, "/a", forward...)
	e.curl(stranger, "/b", forward...)
	e.curl(stranger, "/c", "-A", "x\" 200 \\", "-e", "\"} {\"remote_addr\":\"192.0.2.7")

	cfg, _, err := loadText(t, logs.Replace(block(t, page, "toml", "%F")))
	e.must(err)
	text := cfg.Sources[0]
	asJSON := config.Source{Format: "nginx-json", TrustedProxies: []netip.Prefix{netip.MustParsePrefix(proxy + "/32")}}
	want := []string{proxy + " /a Nikto/2.1 false", stranger + " /b Nikto/2.1 false", stranger + ` /c x" 200 \ false`}
	if diff := cmp.Diff(want, e.readDocumented("access.log", config.Source{Format: "combined"})); diff != "" {
		t.Errorf("combined (-want +got):\n%s", diff)
	}
	want[0] = client + " /a Nikto/2.1 true"
	for name, source := range map[string]config.Source{"cidrx.log": text, "cidrx.json": asJSON} {
		if diff := cmp.Diff(want, e.readDocumented(name, source)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// readDocumented reads a log of nginx's, less the requests that only waited for it: client, target, user agent, and whether the client
// came through a proxy.
func (e *edge) readDocumented(name string, source config.Source) (out []string) {
	e.t.Helper()
	parser, err := parse.New(source.Format, parse.Options{TrustedProxies: source.TrustedProxies})
	e.must(err)
	var text []byte
	e.await(name+" has the last request", func() bool {
		text, _ = os.ReadFile(filepath.Join(e.dir, name))
		return bytes.Contains(text, []byte("/c")) && bytes.HasSuffix(text, []byte("\n"))
	})
	for line := range bytes.Lines(text) {
		var ev parse.Event
		var arena parse.Arena
		if err := parser.Parse(bytes.TrimSuffix(line, []byte("\n")), &ev, &arena); err != nil {
			e.t.Errorf("%s: %v: %s", name, err, line)
			continue
		}
		if string(ev.Target) != "/" {
			out = append(out, ev.Client.String()+" "+string(ev.Target)+" "+string(ev.UserAgent)+" "+map[bool]string{true: "true", false: "false"}[ev.Forwarded])
		}
	}
	return out
}
