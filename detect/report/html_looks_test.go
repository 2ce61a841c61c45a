package report_test

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"

	"cidrx/detect/report"
)

// TestPageInBrowser looks at pages with the eyes of the browser that people use.
func TestPageInBrowser(t *testing.T) {
	b := browser(t)
	t.Run("log content is only text", func(t *testing.T) { checkHostile(t, visit(t, b, hostilePage())) })
	t.Run("the policy stops scripts", func(t *testing.T) { checkPolicy(t, visit(t, b, smallReport())) })
	t.Run("tables sort", func(t *testing.T) { checkSorting(t, visit(t, b, pageReport())) })
	t.Run("the map names what is pointed at", func(t *testing.T) { checkMap(t, visit(t, b, pageReport()), pageReport()) })
	t.Run("the time line says what is pointed at", func(t *testing.T) { checkTime(t, visit(t, b, pageReport())) })
	t.Run("fits a telephone", func(t *testing.T) { checkPhone(t, b) })
	t.Run("light and dark", func(t *testing.T) { checkColours(t, visit(t, b, pageReport())) })
	t.Run("reads without script", func(t *testing.T) {
		checkScriptless(t, visit(t, b, pageReport(), emulation.SetScriptExecutionDisabled(true)))
	})
	t.Run("prints", func(t *testing.T) { checkPrint(t, visit(t, b, pageReport())) })
	t.Run("the map alone", func(t *testing.T) { checkMapPage(t, b) })
}

func checkHostile(t *testing.T, p *tab) {
	p.run(chromedp.Evaluate(`document.querySelectorAll("details").forEach(d => d.open = true); document.querySelectorAll("button").forEach(b => b.click())`, nil))
	text := eval[string](p, `document.body.textContent`)
	for _, hostile := range hostileTexts {
		if want := report.Printable(hostile); strings.Count(text, want) < 4 {
			t.Errorf("the page shows %q %d times, want it in agents, endpoints, statuses and samples", want, strings.Count(text, want))
		}
	}
	for _, want := range []string{"… and 1,048,336 bytes more", "… and 1,047,552 bytes more"} {
		if !strings.Contains(text, want) {
			t.Errorf("a text of 1 MiB is not visibly cut: %q is missing", want)
		}
	}
	if got := eval[string](p, `typeof window.owned`); got != "undefined" {
		t.Errorf("a script of the log ran: window.owned is a %s", got)
	}
	if got := eval[[]string](p, `[...document.querySelectorAll("img, iframe, base, object, embed, form, body a[href]:not([href^='#'])")].map(e => e.outerHTML)`); len(got) > 0 {
		t.Errorf("elements of the log: %q", got)
	}
	if got := eval[int](p, `document.scripts.length`); got != 3 {
		t.Errorf("%d scripts, want ours and two of data", got)
	}
	if got := eval[[]string](p, `[...document.querySelectorAll("*")].flatMap(e => [...e.attributes]).map(a => a.name).filter(n => n.startsWith("on") || n === "style")`); slices.Contains(got, "onerror") || slices.Contains(got, "onload") {
		t.Errorf("handlers of the log: %q", got)
	}
	p.shoot("hostile", "")
	p.checkQuiet()
}

// checkPolicy puts a script, a style and an image into the page from outside: had the log managed to, they would still do nothing.
func checkPolicy(t *testing.T, p *tab) {
	p.checkQuiet()
	p.run(chromedp.Evaluate(`{
		let s = document.createElement("script"); s.textContent = "window.owned = 1"; document.body.append(s);
		let d = document.createElement("div"); d.innerHTML = "<img src=http://127.0.0.1:9/x onerror='window.owned = 1'>"; document.body.append(d);
	}`, nil))
	p.until(`performance.now() > 0`)
	if got := eval[string](p, `typeof window.owned`); got != "undefined" {
		t.Error("an injected script ran")
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.console) == 0 {
		t.Error("the browser reports no violation: then the other tests cannot see one either")
	}
}

func checkSorting(t *testing.T, p *tab) {
	numbers := func(column int) []float64 {
		return eval[[]float64](p, fmt.Sprintf(`[...document.querySelectorAll("#ranges-table tbody tr")].map(r => Number(r.cells[%d].dataset.v))`, column))
	}
	for _, column := range []int{3, 1, 0, 6} {
		button := fmt.Sprintf("#ranges-table thead th:nth-child(%d) button", column+1)
		p.run(chromedp.Click(button, chromedp.ByQuery))
		first := numbers(column)
		p.run(chromedp.Click(button, chromedp.ByQuery))
		second := numbers(column)
		slices.Reverse(second)
		if !slices.Equal(first, second) || slices.IsSorted(first) == slices.IsSorted(numbers(column)) {
			t.Errorf("column %d: one click %v, another %v: want it sorted one way and the other", column, first, numbers(column))
		}
	}
	if got := eval[string](p, `document.querySelector("#ranges-table th[aria-sort]").textContent`); got != "First seen" {
		t.Errorf("aria-sort is at %q, want the column clicked last", got)
	}
	p.checkQuiet()
}

// hover moves the mouse to a place on the map's sheet and returns what the page says.
func hover(p *tab, x, y, w, h float64) string {
	p.Helper()
	p.run(chromedp.Evaluate(`document.getElementById("space").scrollIntoView({block: "end"})`, nil))
	box := eval[map[string]float64](p, `(b => ({x: b.x, y: b.y, w: b.width, h: b.height}))(document.getElementById("space").getBoundingClientRect())`)
	p.run(chromedp.MouseEvent(input.MouseMoved, box["x"]+x/w*box["w"], box["y"]+y/h*box["h"]))
	p.until(`document.getElementById("map-readout").textContent !== ""`)
	return eval[string](p, `document.getElementById("map-readout").innerText`)
}

// checkMap compares what the script says of places with where the page put them: the curve is drawn in Go and read in JavaScript.
func checkMap(t *testing.T, p *tab, r *report.Report) {
	for _, a := range attacks {
		x, y, w, h, ok := report.MapPlace(&r.Space, prefix(a.prefix))
		if !ok {
			continue
		}
		got := hover(p, x, y, w, h)
		if !strings.Contains(got, a.prefix) || !strings.Contains(got, "requests") {
			t.Errorf("pointing at %s the page says %q", a.prefix, got)
		}
	}
	p.shoot("map-hover", "#map")
	_, bits, _ := report.MapLengths(&r.Space)
	for i := 0; i < len(r.Space.Cells); i += len(r.Space.Cells) / 12 {
		cell := cellPrefix(r.Space.Cells[i].First, bits)
		x, y, w, h, _ := report.MapPlace(&r.Space, cell)
		if got := hover(p, x, y, w, h); !strings.Contains(got, cell.String()) || strings.Contains(got, "no requests") {
			t.Errorf("pointing at %s the page says %q", cell, got)
		}
	}
	checkZoom(t, p)
	p.checkQuiet()
}

// checkZoom goes closer and back by the buttons.
func checkZoom(t *testing.T, p *tab) {
	cells := `document.querySelectorAll("#fine path").length`
	for range 3 {
		p.run(chromedp.Click(`[data-zoom="2"]`, chromedp.ByQuery))
	}
	if eval[int](p, cells) == 0 {
		t.Error("zoomed in, no finer cells are drawn")
	}
	p.shoot("map-zoomed", "#map")
	p.run(chromedp.Click(`[data-zoom="0"]`, chromedp.ByQuery))
	if eval[int](p, cells) != 0 {
		t.Error("zoomed out again, finer cells are still drawn")
	}
}

func checkTime(t *testing.T, p *tab) {
	p.run(chromedp.Evaluate(`document.getElementById("chart").scrollIntoView({block: "center"})`, nil))
	box := eval[map[string]float64](p, `(b => ({x: b.x, y: b.y, w: b.width}))(document.getElementById("chart").getBoundingClientRect())`)
	p.run(chromedp.MouseEvent(input.MouseMoved, box["x"]+box["w"]*(48.5/336), box["y"]+100))
	p.until(`document.getElementById("time-readout").textContent !== ""`)
	if got := eval[string](p, `document.getElementById("time-readout").textContent`); !strings.Contains(got, "2026-03-03 00:00:00") {
		t.Errorf("pointing at the second day the page says %q", got)
	}
	p.checkQuiet()
}

func checkPhone(t *testing.T, b context.Context) {
	for name, r := range map[string]*report.Report{"ordinary": pageReport(), "hostile": hostilePage()} {
		p := visit(t, b, r, emulation.SetDeviceMetricsOverride(360, 740, 2, true))
		p.shoot("phone-"+name, "")
		p.run(chromedp.Evaluate(`document.querySelectorAll("details").forEach(d => d.open = true)`, nil))
		if got := eval[int](p, `document.documentElement.scrollWidth`); got > 360 {
			wide := eval[[]string](p, `[...document.querySelectorAll("body *")].filter(e => e.getBoundingClientRect().right > 361 && !e.closest(".scroll, pre, svg, nav")).map(e => e.tagName + "." + e.className).slice(0, 9)`)
			t.Errorf("%s: the page is %d pixels wide on a screen of 360: %q", name, got, wide)
		}
		p.checkQuiet()
	}
}

func checkColours(t *testing.T, p *tab) {
	p.run(chromedp.Evaluate(`localStorage.clear(); delete document.documentElement.dataset.theme`, nil)) // all files are one origin
	ground := func() string { return eval[string](p, `getComputedStyle(document.body).backgroundColor`) }
	light := ground()
	p.shoot("light", "")
	p.run(emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "dark"}}))
	p.until(`matchMedia("(prefers-color-scheme: dark)").matches`)
	dark := ground()
	if dark == light {
		t.Errorf("the background is %s in light and dark", light)
	}
	p.run(chromedp.Evaluate(`document.querySelector("details.range").open = true`, nil))
	p.shoot("dark", "")
	p.run(chromedp.Click("#theme", chromedp.ByQuery))
	if got := ground(); got != light {
		t.Errorf("after the switch the background is %s, want the light %s", got, light)
	}
	p.checkQuiet()
}

func checkScriptless(t *testing.T, p *tab) {
	text := eval[string](p, `document.body.innerText`)
	for _, want := range []string{"45.155.204.0/24", "61,250", "Requests over time", "How to block"} {
		if !strings.Contains(text, want) {
			t.Errorf("without script the page does not show %q", want)
		}
	}
	if n := eval[int](p, `[...document.querySelectorAll("button")].filter(b => b.offsetParent).length`); n > 0 {
		t.Errorf("%d buttons are shown that do nothing without script", n)
	}
	p.shoot("scriptless", "")
	p.checkQuiet()
}

// checkPrint looks at the page as on paper: white, without what one can only click, and with nothing folded away.
func checkPrint(t *testing.T, p *tab) {
	p.run(chromedp.Evaluate(`document.documentElement.dataset.theme = "dark"`, nil))
	p.run(emulation.SetEmulatedMedia().WithMedia("print"))
	p.until(`matchMedia("print").matches`)
	p.run(chromedp.Evaluate(`dispatchEvent(new Event("beforeprint"))`, nil))
	if got := eval[string](p, `getComputedStyle(document.body).backgroundColor + " " + getComputedStyle(document.querySelector("h1")).color`); got != "rgb(255, 255, 255) rgb(19, 26, 36)" {
		t.Errorf("on paper the page is %s, want dark on white", got)
	}
	if n := eval[int](p, `[...document.querySelectorAll("nav, button, .filter")].filter(e => e.checkVisibility() && !e.closest("th")).length`); n > 0 {
		t.Errorf("%d things to click are on paper", n)
	}
	if n := eval[int](p, `[...document.querySelectorAll(".samples")].filter(e => !e.checkVisibility()).length`); n > 0 {
		t.Errorf("%d lists of sample lines are folded away on paper", n)
	}
	p.shoot("print", "")
	p.checkQuiet()
}

func checkMapPage(t *testing.T, b context.Context) {
	var raw bytes.Buffer
	if err := report.Map(&raw, pageReport()); err != nil {
		t.Fatal(err)
	}
	p := visitPage(t, b, raw.Bytes())
	if n := eval[int](p, `document.querySelectorAll(".outline").length`); n != 4 {
		t.Errorf("%d outlines, want those of the 4 IPv4 ranges", n)
	}
	p.shoot("map", "")
	p.checkQuiet()
}
