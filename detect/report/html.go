package report

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"html/template"
	"io"
	"sync"
)

//go:embed page
var pageFiles embed.FS

// pages are the templates, made when the first page is: every other command starts without them.
var pages = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("").Funcs(pageWords).ParseFS(pageFiles, "page/*.tmpl"))
})

// HTML writes r as one page that needs nothing else: no network, no other file, and for reading no JavaScript. r.Detail may be nil: then
// there is no time line and no look into ranges. What the log says is hostile and shows as text. The page is bounded: of long lists it
// shows what has the most requests, and says how much it leaves out. The same report gives the same bytes.
func HTML(w io.Writer, r *Report) error {
	return writePage(w, "report", newDocument(r))
}

// Map writes the map of the address space alone, as a page like that of HTML.
func Map(w io.Writer, r *Report) error {
	return writePage(w, "map", newDocument(r))
}

// writePage fills the template of that name.
func writePage(w io.Writer, name string, d *document) error {
	return pages().ExecuteTemplate(w, name, d)
}

// shell is what both pages are wrapped in: our own style and script, and the policy that lets a browser run these and nothing else.
type shell struct {
	Policy string
	Style  template.CSS
	Script template.JS
}

var pageShell = sync.OnceValue(newShell)

func newShell() shell {
	style, script := pageFile("page/style.css"), pageFile("page/script.js")
	return shell{
		// An inline icon keeps browsers from asking a server for /favicon.ico.
		Policy: "default-src 'none'; img-src data:; base-uri 'none'; form-action 'none'; style-src '" + digest(style) + "'; script-src '" + digest(script) + "'",
		Style:  template.CSS(style),
		Script: template.JS(script),
	}
}

// pageFile returns a file that was compiled in.
func pageFile(name string) string {
	raw, err := pageFiles.ReadFile(name)
	if err != nil {
		panic(err) // the embed directive above guarantees it
	}
	return string(raw)
}

// digest is how a Content-Security-Policy names a text it allows (CSP level 3, 2.3.1).
func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}
