package main

import (
	"context"
	"fmt"
	"io"
	"net/netip"
	"strconv"
	"time"

	"github.com/gaissmai/bart"

	"cidrx/agent/config"
	"cidrx/agent/jail"
	"cidrx/cmd/internal/jailfile"
	"cidrx/cmd/internal/term"
	"cidrx/detect"
	"cidrx/detect/cidr"
	"cidrx/detect/report"
	"cidrx/detect/static"
)

// prison is what --jailFile and --banFile ask for; without them it does nothing.
type prison struct {
	files    *jailfile.Files
	sections []static.Section
	spentAt  bart.Table[time.Time] // until when the evidence of a prefix is used up
	stderr   io.Writer
}

func openPrison(ctx context.Context, s *config.Static, stderr io.Writer) (*prison, error) {
	if s.JailFile == "" && s.BanFile == "" {
		return &prison{}, nil
	}
	files, err := jailfile.Open(ctx, jailfile.Options{
		JailFile: s.JailFile, BanFile: s.BanFile, Allow: s.Allow, Deny: s.Deny,
		Jail: jail.Options{
			Stages: s.Jail.Stages, ForgetAfter: s.Jail.ForgetAfter, MaxPrefix4: s.Jail.MaxPrefix4, MaxPrefix6: s.Jail.MaxPrefix6,
			MaxBans: s.Jail.MaxBans, BanPrivate: s.Jail.BanPrivate,
		},
		Waiting: func(path string) { term.Note(stderr, "waiting for another run that holds %s", path) },
	})
	if err != nil {
		return nil, err
	}
	return &prison{files: files, sections: s.Sections, stderr: stderr}, nil
}

func (p *prison) close() {
	if p.files != nil {
		p.files.Close()
	}
}

// spent is the evidence that earlier bans have used up, as of now.
func (p *prison) spent(now time.Time) []static.Spent {
	if p.files == nil {
		return nil
	}
	all := p.files.Spent(now)
	for _, s := range all {
		if until, ok := p.spentAt.Get(s.Prefix); !ok || s.Until.After(until) {
			p.spentAt.Insert(s.Prefix, s.Until)
		}
	}
	return all
}

// judge bans what was found, and writes the files.
func (p *prison) judge(a *static.Analysis, now time.Time) error {
	if p.files == nil {
		return nil
	}
	out, err := p.files.Judge(now, append(p.verdicts(a, now), p.denied(a, now)...))
	if err != nil {
		return err
	}
	p.tell(out)
	return nil
}

// tell says what may not be banned, and what was dropped for want of room.
func (p *prison) tell(out jailfile.Outcome) {
	const most = 20
	for i, ch := range out.Refused {
		if i == most {
			fmt.Fprintf(p.stderr, "not banned: %s more\n", plural(len(out.Refused)-most, "range"))
			break
		}
		term.Note(p.stderr, "not banned: %s: %s", ch.Prefix, ch.Reason)
	}
	for what, n := range map[string]uint64{
		"bans ended early for want of room; raise maxBans in [jail]":            out.Counts.Evicted,
		"ended bans forgotten for want of room; raise maxBans in [jail]":        out.Counts.Forgotten,
		"pieces around allowed addresses left open, because there are too many": uint64(out.Counts.Open),
	} {
		if n > 0 {
			fmt.Fprintf(p.stderr, "%s %s\n", thousands(n), what)
		}
	}
}

// verdicts are the findings as the jail takes them.
func (p *prison) verdicts(a *static.Analysis, now time.Time) []detect.Verdict {
	var out []detect.Verdict
	for _, f := range a.Findings {
		s := p.sections[f.Section]
		out = append(out, detect.Verdict{
			Prefix: f.Prefix, Strategy: s.Name, Tier: f.Tier, Jail: true, Enforceable: true, Needed: f.Needed, Time: now,
			Reason:   fmt.Sprintf("section %q, tier %d %s", s.Name, f.Tier+1, fourNumbers(s.Tiers[f.Tier])),
			Evidence: detect.Evidence{Requests: f.Requests, Hosts: f.Hosts, Share: f.Share, First: f.First, Last: f.Last},
		})
	}
	return out
}

// fourNumbers writes a tier in its compact form.
func fourNumbers(t cidr.Tier) string {
	threshold := strconv.FormatFloat(float64(t.Threshold)/1e6, 'f', -1, 64)
	return fmt.Sprintf("[%d,%d,%d,%s]", t.MinSize, t.MinDepth, t.MaxDepth, threshold)
}

// denied are verdicts on the hosts that sent a user agent of the deny list: one request is enough, unless it was before the end of a ban.
func (p *prison) denied(a *static.Analysis, now time.Time) []detect.Verdict {
	var out []detect.Verdict
	for _, host := range a.Report.DeniedAgents {
		seen := p.seen(a, host)
		if until := p.usedUp(host); !until.IsZero() && !seen.Last.After(until) {
			continue
		}
		out = append(out, detect.Verdict{
			Prefix: host, Jail: true, Enforceable: true, Needed: 1, Time: now, Reason: "user agent on the deny list",
			Evidence: detect.Evidence{Requests: max(1, seen.Requests), Hosts: 1, First: seen.First, Last: seen.Last},
		})
	}
	return out
}

// seen is what is known of a host, in the section that has the most of it.
func (p *prison) seen(a *static.Analysis, host netip.Prefix) report.Host {
	var most report.Host
	for i := range p.sections {
		for _, h := range a.Hosts(i, host, 1) {
			if h.Requests > most.Requests {
				most = h
			}
		}
	}
	return most
}

// usedUp is until when what a host requested has had its ban; zero: there was none.
func (p *prison) usedUp(host netip.Prefix) time.Time {
	var until time.Time
	for _, at := range p.spentAt.Supernets(host) {
		if at.After(until) {
			until = at
		}
	}
	return until
}
