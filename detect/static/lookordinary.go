package static

import (
	"bytes"
	"fmt"

	"cidrx/detect/match"
	"cidrx/detect/parse"
)

// ordinaryRule says to people what looks ordinary.
const ordinaryRule = "A request looks ordinary when its user agent is a browser's (not empty, and not that of a bot, a tool or a " +
	"library), its status is below 400, and its target is not one that only scanners ask for; a login, when it succeeds. " +
	"A crawler's is one of those that has the name of a search engine, a feed reader or a link preview in its user agent instead; " +
	"anybody can write that there. A host counts where most of its requests do."

// What user agents say, and what only scanners ask for, anywhere and in either case. Cubot is a make of telephones. All are lists of
// plain texts, which match looks for without regular expressions: hostile lines cost no more than others.
const (
	crawlerAgents = `(?i)googlebot|google-|mediapartners-google|feedfetcher|bingbot|bingpreview|msnbot|adidxbot|yahoo! slurp|duckduckbot|` +
		`baiduspider|yandex|applebot|petalbot|sogou|seznambot|qwant|facebookexternalhit|facebot|twitterbot|linkedinbot|pinterest|` +
		`slackbot|telegrambot|whatsapp|discordbot|ia_archiver|archive\.org_bot|feedly|feedburner|tiny tiny rss|inoreader|newsblur|feedbin|theoldreader|` +
		`feedparser|rss|netvibes|livejournal|uptimerobot|pingdom|statuscake`
	toolAgents = `(?i)^bot|[a-tv-z0-9 _./+;:(-]bot|crawl|spider|slurp|scan|curl|wget|python|java/|okhttp|go-http|libwww|lwp|perl|ruby|php/|httpclient|http_client|` +
		`scrapy|axios|node-fetch|headless|phantom|selenium|puppeteer|playwright|nikto|sqlmap|nmap|zgrab|masscan|nuclei|gobuster|dirbuster|` +
		`wpscan|hydra|http://|https://|www\.|feed|rss|fetch|monitor|preview|checker|validator|archiver|externalhit|google-`
	scannedTargets = `(?i)/\.env|/\.git/|/\.svn/|/\.hg/|/\.aws/|/\.ssh/|/\.ds_store|/\.htaccess|/\.htpasswd|/wp-login\.php|/xmlrpc\.php|` +
		`/wlwmanifest\.xml|/wp-config|/phpmyadmin|/pma/|/myadmin|/adminer|/phpunit|/eval-stdin|/phpinfo|/cgi-bin/|/boaform|/hnap1|` +
		`/gponform|/setup\.cgi|/actuator|/solr/|/manager/html|/_ignition|/telescope/|/server-status|/druid/|/autodiscover|/owa/|/ecp/|` +
		`/remote/fgt_lang|/shell\.php|\.\./\.\./|/etc/passwd|union select|union all select|union\+select|<script|\$\{jndi`
)

// kind is what a request looks like.
type kind uint8

const (
	other kind = iota
	crawler
	ordinary
	mute // would look ordinary, but has no user agent
)

// onlooker tells what requests look like: see ordinaryRule. Each goroutine has its own.
type onlooker struct {
	crawlers, tools, scanned *match.Filter
	scratch                  match.Scratch
	agents                   map[string]kind // what user agents say, by what shape leaves of them; forgotten when there are maxAgents
	buf                      []byte
}

const maxAgents = 4096

func newOnlooker() (*onlooker, error) {
	o := &onlooker{agents: map[string]kind{}}
	for _, f := range []struct {
		to      **match.Filter
		options match.Options
	}{
		{&o.crawlers, match.Options{UserAgent: crawlerAgents}},
		{&o.tools, match.Options{UserAgent: toolAgents}},
		{&o.scanned, match.Options{Endpoint: scannedTargets}},
	} {
		var err error
		if *f.to, err = match.New(f.options); err != nil {
			return nil, fmt.Errorf("what looks ordinary: %w", err)
		}
	}
	return o, nil
}

// kind of a request. Filters may be asked about the same event after it, with o's scratch.
func (o *onlooker) kind(ev *parse.Event) kind {
	o.scratch.Reset()
	switch {
	case ev.Outcome == parse.Success:
		return ordinary
	case ev.Outcome == parse.Failure || ev.Status <= 0 || ev.Status >= 400:
		return other
	}
	if looks := o.agent(ev); looks == other || !o.scanned.Match(ev, "", &o.scratch) {
		return looks
	}
	return other
}

// agent is what the user agent of an event says. Most user agents come many times, if not with the same version.
func (o *onlooker) agent(ev *parse.Event) kind {
	if ev.UserAgent == nil {
		return mute
	}
	o.buf = shape(o.buf[:0], ev.UserAgent)
	looks, known := o.agents[string(o.buf)]
	if known {
		return looks
	}
	looks = o.look(ev)
	if len(o.agents) == maxAgents {
		clear(o.agents)
	}
	if len(o.buf) <= maxText {
		o.agents[string(o.buf)] = looks
	}
	return looks
}

// look asks the lists.
func (o *onlooker) look(ev *parse.Event) kind {
	switch {
	case o.crawlers.Match(ev, "", &o.scratch):
		return crawler
	case isBrowser(ev.UserAgent) && !o.tools.Match(ev, "", &o.scratch):
		return ordinary
	}
	return other
}

// shape appends a user agent with one 0 for each row of digits. To the lists all digits are alike, and a row of them is no more than one.
func shape(buf, agent []byte) []byte {
	digit := false
	for _, c := range agent {
		was := digit
		if digit = '0' <= c && c <= '9'; !digit {
			buf = append(buf, c)
		} else if !was {
			buf = append(buf, '0')
		}
	}
	return buf
}

// isBrowser tells whether a user agent has the shape that all browsers give theirs: Mozilla or Opera with a version, and in parentheses
// what it runs on.
func isBrowser(agent []byte) bool {
	return (bytes.HasPrefix(agent, []byte("Mozilla/")) || bytes.HasPrefix(agent, []byte("Opera/"))) && bytes.IndexByte(agent, '(') > 0
}
