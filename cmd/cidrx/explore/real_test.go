package explore

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"

	tea "charm.land/bubbletea/v2"

	"cidrx/detect/cidr"
	"cidrx/detect/static"
)

// The seam holds a real analysis, and its second look runs while tiers are tried and hosts are asked for.
func TestRealAnalysis(t *testing.T) {
	var log bytes.Buffer
	for _, v := range visits() {
		agent := strings.NewReplacer("\n", `\n`, `"`, `\"`, "\r", `\r`).Replace(v.agent)
		fmt.Fprintf(&log, "%s - - [%s] \"GET %s HTTP/1.1\" %d 512 \"-\" \"%s\"\n", v.addr, v.at.Format("02/Jan/2006:15:04:05 -0700"), v.target, v.status, agent)
	}
	options := static.Options{Format: "combined", Sections: []static.Section{{Name: "everything", Tiers: []cidr.Tier{tier(500, 24, 32, 0.01)}}}}
	a, err := static.Analyze(context.Background(), options, []static.Log{{Name: "access.log", Again: true,
		Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(log.Bytes())), nil }}})
	if err != nil {
		t.Fatal(err)
	}
	var reading sync.WaitGroup
	s := &screen{model: newModel(context.Background(), whole{a}, &reading)}
	look := s.look.start(s.ctx, s.analysis)
	end := make(chan tea.Msg)
	go func() { end <- look() }()
	s.update(tea.WindowSizeMsg{Width: 80, Height: 24})
	s.press("2", "t", "up", "up", "down", "enter", "enter", "esc", "esc", "3", "enter")
	s.update(<-end)
	reading.Wait()
	for _, step := range []struct{ keys, want string }{
		{"1", "4 ranges hold 5,000 requests (50.0 %) from 385 hosts"},
		{"3 home enter", "203.0.113.89"},
		{"3 home enter tab", "sqlmap/1.8#stable"},
		{"3 end enter shift+tab", `/\x1b[31m%2e%2e`},
		{"4", "2,400 requests"},
	} {
		if got := s.press(strings.Fields(step.keys)...).text(); !strings.Contains(got, step.want) || !fits(t, s) {
			t.Errorf("after %s there is no %q:\n%s", step.keys, step.want, got)
		}
	}
}
