package static_test

import (
	"bytes"
	"context"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"cidrx/detect/cidr"
	"cidrx/detect/report"
	"cidrx/detect/static"
)

// suggested asks for tiers for a log.
func suggested(t *testing.T, log static.Log, o static.Options) *report.Suggestion {
	t.Helper()
	o.Format = "auto"
	if o.Sections == nil {
		o.Sections = []static.Section{{Name: "cli_trie"}}
	}
	a, err := static.Analyze(t.Context(), o, []static.Log{log})
	if err != nil {
		t.Fatal(err)
	}
	s, err := a.Suggest(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// caught runs the proposals on the log, and says how many requests of each label they catch.
func caught(t *testing.T, s *synthetic, log static.Log, proposals *report.Suggestion) map[string]int {
	t.Helper()
	var tiers []cidr.Tier
	for _, p := range proposals.Sections[0].Tiers {
		tiers = append(tiers, p.Tier)
	}
	a, err := static.Analyze(context.Background(), static.Options{Format: "auto", Sections: []static.Section{{Name: "x", Tiers: tiers}}}, []static.Log{log})
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]int{}
	for addr, label := range s.label {
		for _, tier := range a.Report.Sections[0].Tiers {
			hit := false
			for _, r := range tier.Detected {
				hit = hit || r.Prefix.Contains(addr)
			}
			if hit {
				n, _ := a.Count(0, cidr.Host(addr))
				out[label] += int(n)
				break
			}
		}
	}
	return out
}

func TestSuggestCatchesAttacksAndNotUsers(t *testing.T) {
	for seed := range uint64(2) {
		s := newSynthetic(seed)
		s.users(2000)
		s.botnets()
		s.lookalikes()
		log := s.log()
		proposals := suggested(t, log, static.Options{})
		got := caught(t, s, log, proposals)
		for _, label := range []string{"even /24", "sparse /16", "scanner"} {
			if got[label] < s.counts[label]*95/100 {
				t.Errorf("seed %d: of %d requests of %s, %d are caught", seed, s.counts[label], label, got[label])
			}
		}
		if got["NAT"] > 0 || got["crawler"] > 0 || got["user"] > s.counts["user"]/500 {
			t.Errorf("seed %d: of people and crawlers, %v requests are caught of %v", seed, got, s.counts)
		}
	}
}

func TestSuggestLeavesPeopleAlone(t *testing.T) {
	s := newSynthetic(1)
	s.users(500)
	s.lookalikes()
	log := s.log()
	proposals := suggested(t, log, static.Options{})
	if got := caught(t, s, log, proposals); got["NAT"]+got["crawler"] > 0 || got["user"] > s.counts["user"]/100 {
		t.Errorf("of people and crawlers, %v requests are caught: %+v", got, proposals.Sections[0].Tiers)
	}
	if len(proposals.Sections[0].Aside) == 0 || len(proposals.Sections[0].Without) == 0 {
		t.Errorf("nothing is said of what is in the way: %+v", proposals.Sections[0])
	}
}

func TestSuggestSeesPastTheAllowlist(t *testing.T) {
	s := newSynthetic(2)
	s.users(300)
	s.ask("NAT", netip.MustParseAddr("198.51.100.7"), 9000, s.browse)
	s.ask("scanner", netip.MustParseAddr("192.0.2.66"), 2000, s.scan)
	log := s.log()
	first := suggested(t, log, static.Options{}).Sections[0]
	if len(first.Tiers) != 0 || len(first.Aside) == 0 || first.Aside[0].Prefix != netip.MustParsePrefix("198.51.100.7/32") {
		t.Errorf("with the NAT in the way: %+v, aside %+v", first.Tiers, first.Aside)
	}
	second := suggested(t, log, static.Options{Allow: []netip.Prefix{netip.MustParsePrefix("198.51.100.7/32")}}).Sections[0]
	if len(second.Tiers) != 1 || second.Tiers[0].What != "single hosts" || second.Tiers[0].Largest[0].Prefix != netip.MustParsePrefix("192.0.2.66/32") {
		t.Errorf("without it: %+v", second.Tiers)
	}
}

func TestSuggestForLogsWithoutUserAgents(t *testing.T) {
	s := newSynthetic(3)
	s.users(300)
	s.ask("scanner", netip.MustParseAddr("192.0.2.66"), 2000, s.scan)
	for i, line := range s.lines {
		s.lines[i] = line[:strings.LastIndex(line, ` "-"`)] // what common leaves out
	}
	got := suggested(t, s.log(), static.Options{})
	if got.Agents || got.Format != "common" || len(got.Sections[0].Tiers) != 1 || got.Sections[0].Tiers[0].Of.Ordinary.Hosts != 0 {
		t.Errorf("%+v", got)
	}
}

func TestSuggestForLogins(t *testing.T) {
	var text bytes.Buffer
	for i := range 3000 {
		at := time.Date(2025, 3, 4, 0, 0, i*20, 0, time.UTC).Format(time.Stamp)
		switch {
		case i%30 == 0:
			fmt.Fprintf(&text, "%s h sshd[%d]: Accepted publickey for a from 198.51.100.%d port %d ssh2: RSA SHA256:x\n", at, i, i/30%9, i)
		case i%3 == 0:
			fmt.Fprintf(&text, "%s h sshd[%d]: Failed password for root from 192.0.2.66 port %d ssh2\n", at, i, i)
		}
	}
	got := suggested(t, logOf("auth.log", text.Bytes()), static.Options{})
	tiers := got.Sections[0].Tiers
	if got.Format != "sshd" || len(tiers) != 1 || tiers[0].Ranges != 1 || tiers[0].Largest[0].Prefix != netip.MustParsePrefix("192.0.2.66/32") {
		t.Errorf("%+v", got)
	}
}

func TestSuggestIsTheSameForAllWorkersAndFromTheSample(t *testing.T) {
	s := newSynthetic(4)
	s.users(300)
	s.botnets()
	log := s.log()
	want := suggested(t, log, static.Options{Workers: 1})
	same := cmpopts.EquateComparable(netip.Prefix{})
	if diff := cmp.Diff(want, suggested(t, log, static.Options{Workers: 3}), same); diff != "" {
		t.Errorf("three workers (-1 +3):\n%s", diff)
	}
	log.Again = false
	got := suggested(t, log, static.Options{Sample: true})
	if !got.Approximate || len(got.Sections[0].Tiers) != len(want.Sections[0].Tiers) {
		t.Errorf("from the sample: %+v", got)
	}
	if n := caught(t, s, s.log(), got); n["user"] > s.counts["user"]/100 || n["even /24"] < s.counts["even /24"]*95/100 {
		t.Errorf("from the sample, %v are caught of %v", n, s.counts)
	}
}
