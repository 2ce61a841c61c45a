package match_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"cidrx/detect/match"
)

func TestNormalize(t *testing.T) {
	for _, tt := range []struct{ target, want string }{
		{"/login", "/login"},
		{"", ""},
		{"*", "*"},
		{"//login", "/login"},
		{"/%6cogin", "/login"},
		{"/%6Cogin", "/login"},
		{"/%256cogin", "/%6cogin"}, // once
		{"http://host/login", "/login"},
		{"HTTPS://user@host:8443//login?a=b", "/login?a=b"},
		{"http://host", "/"},
		{"http://host?a", "/?a"},
		{"http://host#a", "/"},
		{"/r?u=http://host/x", "/r?u=http://host/x"},
		{"/a/./b/../c", "/a/c"},
		{"/a/%2e%2e/b", "/b"},
		{"/a%2F..%2Fb", "/b"},
		{"/../../etc/passwd", "/etc/passwd"},
		{"/a/b/..", "/a/"},
		{"/a/b/.", "/a/b/"},
		{"/a//../b", "/b"},
		{"/...", "/..."},
		{"/.env", "/.env"},
		{"/a/", "/a/"},
		{"/login#x", "/login"},
		{"/login?x#y", "/login?x"},
		{"/a%3Fb?c%3Fd", "/a?b?c?d"},
		{"/s?q=a//b/../c&f=%2e%2E%2fd+e", "/s?q=a//b/../c&f=../d+e"},
		{"/100%", "/100%"},
		{"/%zz%4", "/%zz%4"},
		{"/%00", "/\x00"},
		{"host:443", "host:443"},
		{"%2flogin", "/login"},
	} {
		if got := string(match.Normalize(nil, []byte(tt.target))); got != tt.want {
			t.Errorf("normalize(%q) = %q, want %q", tt.target, got, tt.want)
		}
		if twin := twinNormalize(tt.target); twin != tt.want {
			t.Errorf("the twin has %q for %q, want %q", twin, tt.target, tt.want)
		}
	}
}

// checkNormalize compares with the twin, and holds plain to its promise.
func checkNormalize(t *testing.T, target string) {
	t.Helper()
	want := twinNormalize(target)
	if got := string(match.Normalize([]byte("left over"), []byte(target))); got != want {
		t.Errorf("normalize(%q) = %q, want %q", target, got, want)
	}
	if match.Plain([]byte(target)) && want != target {
		t.Errorf("plain(%q), but it is normalized to %q", target, want)
	}
}

func TestNormalizeAgainstTwin(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	parts := []string{"/", "/", "/", ".", "..", "a", "bcd", "%2e", "%2F", "%25", "%", "?", "#", "//", "http://h", "!", "+", "\xff"}
	for range 50_000 {
		var b strings.Builder
		for range r.IntN(12) {
			b.WriteString(parts[r.IntN(len(parts))])
		}
		checkNormalize(t, b.String())
	}
}

// TestPlainFindsEveryPlace puts what must be acted on at every place of a longer target.
func TestPlainFindsEveryPlace(t *testing.T) {
	const target = "/abcdefghijklmnopqrstuvwxyz-0123456789"
	if !match.Plain([]byte(target)) || !match.Plain([]byte("/a/b/c/d/e/f/g/h/i/j?x=1&y=2.5")) {
		t.Error("plain does not see that there is nothing to do")
	}
	for i := 1; i < len(target)-2; i++ {
		for _, what := range []string{"%6c", "#", "//", "/.", "/./"} {
			if spelled := target[:i] + what + target[i:]; match.Plain([]byte(spelled)) {
				t.Errorf("plain(%q)", spelled)
			}
		}
	}
}

func FuzzNormalize(f *testing.F) {
	for _, target := range []string{"//a/../b?c", "http://h/%2e%2e/", "/a#b", "x+y://?"} {
		f.Add(target)
	}
	f.Fuzz(checkNormalize)
}
