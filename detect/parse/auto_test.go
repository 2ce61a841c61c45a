package parse_test

import (
	"errors"
	"maps"
	"testing"

	"cidrx/detect/parse"
)

// samples has a line of each preset.
func samples() map[string]string {
	all := map[string]string{
		"combined": combinedLine, "common": commonLine, "vhost_combined": vhostLine, "nginx-json": nginxJSON, "caddy": caddyLine,
		"sshd": sshdLine, "nginx-error": errorLine,
	}
	maps.Copy(all, proxySamples)
	return all
}

func TestPresets(t *testing.T) {
	var names []string
	for _, p := range parse.Presets() {
		names = append(names, p.Name)
		if p.About == "" {
			t.Errorf("%s is not described", p.Name)
		}
		if _, err := parse.New(p.Name, parse.Options{}); err != nil {
			t.Errorf("New(%q): %v", p.Name, err)
		}
	}
	if len(names) != len(samples())+1 || names[len(names)-1] != "auto" {
		t.Errorf("presets are %v", names)
	}
}

func TestDetect(t *testing.T) {
	for want, line := range samples() {
		lines := [][]byte{[]byte("rubbish"), []byte(line), nil}
		if got, ok := parse.Detect(lines); got != want || !ok {
			t.Errorf("Detect of a %s line = %s, %v", want, got, ok)
		}
	}
	if got, ok := parse.Detect([][]byte{[]byte(combinedLine), []byte(commonLine)}); got != "combined" || !ok {
		t.Errorf("Detect of a combined log with a cut line = %s, %v", got, ok)
	}
	cron := [][]byte{[]byte("Feb 12 14:17:01 host CRON[2952]: pam_unix(cron:session): session opened")}
	if got, ok := parse.Detect(cron); got != "sshd" || !ok {
		t.Errorf("Detect of the beginning of an auth.log = %s, %v", got, ok)
	}
	if got, ok := parse.Detect([][]byte{[]byte("rubbish"), nil}); ok {
		t.Errorf("Detect of rubbish = %s", got)
	}
}

func TestAutoSettles(t *testing.T) {
	p := newParser(t, "auto", parse.Options{Year: in2024})
	var ev parse.Event
	var a parse.Arena
	if err := p.Parse([]byte("rubbish"), &ev, &a); err == nil || errors.Is(err, parse.ErrIgnored) {
		t.Errorf("rubbish: error %v", err)
	}
	if err := p.Parse([]byte("Feb 12 14:17:01 host CRON[2952]: x"), &ev, &a); !errors.Is(err, parse.ErrIgnored) {
		t.Errorf("another program's line: error %v", err)
	}
	if err := p.Parse([]byte(sshdLine), &ev, &a); err != nil {
		t.Fatal(err)
	}
	if err := p.Parse([]byte(combinedLine), &ev, &a); err == nil {
		t.Error("accepts combined after it settled on sshd")
	}
}
