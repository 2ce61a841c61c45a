package match_test

import (
	"regexp"
	"strconv"
	"strings"

	"cidrx/detect/match"
	"cidrx/detect/parse"
)

// twin is match.Filter the slow, obvious way.
type twin struct {
	o                   match.Options
	userAgent, endpoint *regexp.Regexp
}

func newTwin(o match.Options) twin {
	return twin{o, regexp.MustCompile(o.UserAgent), regexp.MustCompile(o.Endpoint)}
}

func (w twin) match(ev *parse.Event, source string) bool {
	return oneOf(w.o.Sources, func(s string) bool { return s == source }) &&
		oneOf(w.o.Outcomes, func(s string) bool { return s == map[parse.Outcome]string{1: "success", 2: "failure"}[ev.Outcome] }) &&
		oneOf(w.o.Statuses, func(s string) bool { return twinStatus(s, strconv.Itoa(ev.Status)) }) &&
		oneOf(w.o.Methods, func(s string) bool { return ev.Method != nil && s == string(ev.Method) }) &&
		oneOf(w.o.Hosts, func(s string) bool { return ev.Host != nil && strings.EqualFold(s, twinHost(string(ev.Host))) }) &&
		(w.o.UserAgent == "" || ev.UserAgent != nil && w.userAgent.Match(ev.UserAgent)) &&
		(w.o.Endpoint == "" || ev.Target != nil && twinEndpoint(w.endpoint, string(ev.Target)))
}

func oneOf(list []string, is func(string) bool) bool {
	for _, s := range list {
		if is(s) {
			return true
		}
	}
	return len(list) == 0
}

func twinStatus(filter, status string) bool {
	return len(status) == 3 && (filter == status || filter[1:] == "xx" && filter[0] == status[0])
}

func twinHost(host string) string {
	host = regexp.MustCompile(`^([^:]*|\[.*\]):\d*$`).ReplaceAllString(strings.TrimSpace(host), "$1")
	return strings.TrimSuffix(host, ".")
}

func twinEndpoint(re *regexp.Regexp, target string) bool {
	return re.MatchString(target) || re.MatchString(twinNormalize(target))
}

var (
	absoluteForm = regexp.MustCompile(`(?s)^[A-Za-z][-A-Za-z0-9+.]*://[^/?#]*(.*)$`)
	percentCode  = regexp.MustCompile(`%[0-9A-Fa-f]{2}`)
	slashes      = regexp.MustCompile(`/+`)
)

// twinNormalize follows the steps that target.go lists.
func twinNormalize(target string) string {
	rest := absoluteForm.FindStringSubmatch(target)
	if rest != nil {
		target = rest[1]
	}
	target, _, _ = strings.Cut(target, "#")
	path, query, hasQuery := strings.Cut(target, "?")
	if rest != nil && path == "" {
		path = "/"
	}
	path, query = twinDecode(path), twinDecode(query)
	if strings.HasPrefix(path, "/") {
		path = twinResolve(path)
	}
	if hasQuery {
		return path + "?" + query
	}
	return path
}

func twinDecode(s string) string {
	return percentCode.ReplaceAllStringFunc(s, func(code string) string {
		n, _ := strconv.ParseUint(code[1:], 16, 8)
		return string([]byte{byte(n)})
	})
}

func twinResolve(path string) string {
	segments := strings.Split(slashes.ReplaceAllString(path, "/")[1:], "/")
	var kept []string
	directory := false
	for _, s := range segments {
		directory = s == "" || s == "." || s == ".."
		switch {
		case s == ".." && len(kept) > 0:
			kept = kept[:len(kept)-1]
		case !directory:
			kept = append(kept, s)
		}
	}
	path = "/" + strings.Join(kept, "/")
	if directory && len(kept) > 0 {
		path += "/"
	}
	return path
}
