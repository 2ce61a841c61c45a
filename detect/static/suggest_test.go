package static_test

import (
	"context"
	"testing"

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
