package configs_test

import (
	"testing"

	"cidrx/agent/config"
	"cidrx/configs"
	"cidrx/detect/match"
	"cidrx/detect/parse"
)

// load reads one of the files as the agent does.
func load(t *testing.T, name string, data []byte) *config.Config {
	t.Helper()
	cfg, warnings, err := config.Parse(name, data, config.Inputs{CheckFormat: func(format string) error {
		_, err := parse.New(format, parse.Options{})
		return err
	}})
	if err != nil || len(warnings) > 0 {
		t.Fatalf("%s: %v, warnings %v", name, err, warnings)
	}
	return cfg
}

func TestFilesAreValid(t *testing.T) {
	load(t, "reference.toml", configs.Reference())
	if cfg := load(t, "cidrx.toml", configs.Installed()); cfg.Agent.Mode != config.Observe {
		t.Errorf("the installed file has mode %q: nobody may be banned before somebody has said so", cfg.Agent.Mode)
	}
}

// TestWhatCounts asks which strategies of the installed file look at a request.
func TestWhatCounts(t *testing.T) {
	filters := map[string]*match.Filter{}
	for _, s := range load(t, "cidrx.toml", configs.Installed()).Live {
		f, err := match.New(s.Filter)
		if err != nil {
			t.Fatal(err)
		}
		filters[s.Name] = f
	}
	const browser = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
	for _, tt := range []struct {
		name, source, target, agent string
		status                      int
		outcome                     parse.Outcome
		want                        []string // besides flood, which looks at all of the web
	}{
		{"a visitor", "web", "/articles/?page=2", browser, 200, parse.NoOutcome, nil},
		{"a dead link", "web", "/old/page.html", browser, 404, parse.NoOutcome, nil},
		{"a missing icon", "web", "/favicon.ico", browser, 404, parse.NoOutcome, nil},
		{"a certificate being renewed", "web", "/.well-known/acme-challenge/x", "Let's Encrypt", 404, parse.NoOutcome, nil},
		{"a crawler", "web", "/robots.txt", "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", 404, parse.NoOutcome, nil},
		{"a script", "web", "/api/v1/items", "python-httpx/0.27.0", 200, parse.NoOutcome, nil},
		{"the owner of a blog", "web", "/wp-login.php", browser, 200, parse.NoOutcome, nil},
		{"a wrong password", "web", "/login", browser, 401, parse.NoOutcome, []string{"botnet"}},
		{"a scanner", "web", "/", "Mozilla/5.00 (Nikto/2.1.6)", 200, parse.NoOutcome, []string{"scanners"}},
		{"nmap", "web", "/", "Mozilla/5.0 (compatible; Nmap Scripting Engine; https://nmap.org/book/nse.html)", 404, parse.NoOutcome, []string{"scanners"}},
		{"a probe", "web", "/.env", browser, 404, parse.NoOutcome, []string{"probes"}},
		{"a disguised probe", "web", "//x/../%2Eenv", browser, 404, parse.NoOutcome, []string{"probes"}},
		{"a forbidden probe", "web", "/.git/config", browser, 403, parse.NoOutcome, []string{"botnet", "probes"}},
		{"a failed login", "ssh", "", "", 0, parse.Failure, []string{"ssh"}},
		{"a login", "ssh", "", "", 0, parse.Success, nil},
	} {
		ev := parse.Event{Status: tt.status, Outcome: tt.outcome}
		if tt.target != "" {
			ev.Target, ev.UserAgent = []byte(tt.target), []byte(tt.agent)
		}
		want := map[string]bool{"flood": tt.source == "web"}
		for _, name := range tt.want {
			want[name] = true
		}
		var s match.Scratch
		for name, f := range filters {
			if got := f.Match(&ev, tt.source, &s); got != want[name] {
				t.Errorf("%s: strategy %s: %v, want %v", tt.name, name, got, want[name])
			}
		}
	}
}
