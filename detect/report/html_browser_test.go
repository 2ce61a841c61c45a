package report_test

import (
	"bytes"
	"context"
	"flag"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"cidrx/detect/report"
)

var shots = flag.String("shots", "", "a directory to write screenshots of the pages to, for looking at")

// patience is for a machine that does much else meanwhile; nothing waits for it to pass.
const patience = 3 * time.Minute

// browser starts Chromium with a profile of its own. It ends with the test.
func browser(t *testing.T) context.Context {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath("/usr/bin/chromium"), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.UserDataDir(profile(t)),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("hide-scrollbars", true),
		chromedp.WSURLReadTimeout(patience))
	allocated, stop := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(stop)
	ctx, leave := chromedp.NewContext(allocated)
	t.Cleanup(leave)
	if err := chromedp.Run(ctx); err != nil {
		t.Fatalf("starting Chromium: %v; is the Debian package chromium installed? make deps", err)
	}
	t.Cleanup(func() {
		if err := chromedp.Cancel(ctx); err != nil { // closes the browser, and waits for it
			t.Errorf("closing Chromium: %v", err)
		}
	})
	return ctx
}

// profile makes a directory for Chromium, whose helpers may write to it for a while when the browser has ended already.
func profile(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "chromium")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for began := time.Now(); ; time.Sleep(10 * time.Millisecond) {
			err := os.RemoveAll(dir)
			if err == nil {
				return
			}
			if time.Since(began) > patience {
				t.Fatal(err)
			}
		}
	})
	return dir
}

// tab is one page in the browser, and what it did that a report must not.
type tab struct {
	*testing.T
	ctx  context.Context
	file string

	mu        sync.Mutex
	dialogs   []string
	requested []string
	console   []string // errors and violations of the policy
}

// visit opens what write makes, after prepare.
func visit(t *testing.T, browser context.Context, r *report.Report, prepare ...chromedp.Action) *tab {
	t.Helper()
	var b bytes.Buffer
	if err := report.HTML(&b, r); err != nil {
		t.Fatal(err)
	}
	return visitPage(t, browser, b.Bytes(), prepare...)
}

func visitPage(t *testing.T, browser context.Context, raw []byte, prepare ...chromedp.Action) *tab {
	t.Helper()
	p := &tab{T: t, file: filepath.Join(t.TempDir(), "report.html")}
	if err := os.WriteFile(p.file, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	limited, stop := context.WithTimeout(browser, patience)
	t.Cleanup(stop)
	var leave context.CancelFunc
	p.ctx, leave = chromedp.NewContext(limited)
	t.Cleanup(leave)
	chromedp.ListenTarget(p.ctx, p.note)
	p.run(network.Enable(), log.Enable(), runtime.Enable(), page.Enable())
	p.run(emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "light"}, {Name: "prefers-reduced-motion", Value: "reduce"}}))
	p.run(emulation.SetDeviceMetricsOverride(1280, 900, 1, false))
	p.run(prepare...)
	p.run(chromedp.Navigate(p.url()), chromedp.WaitReady("footer"))
	return p
}

func (p *tab) url() string { return (&url.URL{Scheme: "file", Path: p.file}).String() }

// note writes down what happens in the page.
func (p *tab) note(event any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch e := event.(type) {
	case *page.EventJavascriptDialogOpening:
		p.dialogs = append(p.dialogs, e.Message)
		go chromedp.Run(p.ctx, page.HandleJavaScriptDialog(false)) // else the page stands still
	case *network.EventRequestWillBeSent:
		p.requested = append(p.requested, e.Request.URL)
	case *log.EventEntryAdded:
		p.console = append(p.console, string(e.Entry.Source)+": "+e.Entry.Text)
	case *runtime.EventExceptionThrown:
		p.console = append(p.console, e.ExceptionDetails.Error())
	case *runtime.EventConsoleAPICalled:
		p.console = append(p.console, "console."+string(e.Type))
	}
}

// run does something in the page.
func (p *tab) run(actions ...chromedp.Action) {
	p.Helper()
	if err := chromedp.Run(p.ctx, actions...); err != nil {
		p.Fatal(err)
	}
}

// eval returns the value of a JavaScript expression.
func eval[T any](p *tab, expression string) T {
	p.Helper()
	var out T
	p.run(chromedp.Evaluate(expression, &out))
	return out
}

// until waits for a JavaScript expression to become true.
func (p *tab) until(expression string) {
	p.Helper()
	if err := chromedp.Run(p.ctx, chromedp.Poll(expression, nil, chromedp.WithPollingTimeout(patience))); err != nil {
		p.Fatalf("waiting for %s: %v", expression, err)
	}
}

// checkQuiet fails if the page asked anything of the network, opened a dialog, or anything was refused or went wrong in it.
func (p *tab) checkQuiet() {
	p.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, u := range p.requested {
		if u != p.url() && !strings.HasPrefix(u, "data:image/svg+xml,") {
			p.Errorf("the page requested %.200s", u)
		}
	}
	if len(p.dialogs) > 0 {
		p.Errorf("dialogs: %q", p.dialogs)
	}
	if len(p.console) > 0 {
		p.Errorf("in the console: %q", p.console)
	}
}

// shoot writes a screenshot, if asked for on the command line: of an element, or of the whole page.
func (p *tab) shoot(name, selector string) {
	p.Helper()
	if *shots == "" {
		return
	}
	var raw []byte
	action := chromedp.FullScreenshot(&raw, 100)
	if selector != "" {
		action = chromedp.Screenshot(selector, &raw, chromedp.ByQuery)
	}
	p.run(action)
	if err := os.WriteFile(filepath.Join(*shots, name+".png"), raw, 0o644); err != nil {
		p.Fatal(err)
	}
}
