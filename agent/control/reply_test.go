package control

import (
	"math"
	"net/netip"
	"strings"
	"testing"
	"time"
)

func TestWriteDocument(t *testing.T) {
	east := time.FixedZone("east", 3600)
	when := time.Date(2026, 11, 21, 21, 0, 0, 0, east)
	p := netip.MustParsePrefix("192.0.2.0/24")
	tests := []struct {
		name string
		v    any
		want string
	}{
		{"no bans", []Ban(nil), "[]\n"},
		{"empty lists, UTC, no NaN", []Ban{{Prefix: p, Start: when, Until: &when, Share: math.NaN(), Samples: []string{"<a&b>\x1b"}}},
			`[{"prefix":"192.0.2.0/24","except":[],"start":"2026-11-21T20:00:00Z","until":"2026-11-21T20:00:00Z","remaining_s":0,"stage":0,"state":"","durable":false,` +
				`"reasons":[],"requests":0,"hosts":0,"share":0,"first_seen":null,"last_seen":null,"dropped_packets":0,"samples":["<a&b>\u001b"]}` + "\n]\n"},
		{"two", []AllowEntry{{Prefix: p}, {Prefix: p, Note: "n"}}, `[{"prefix":"192.0.2.0/24","until":null,"note":"","origin":""}` + "\n" + `,{"prefix":"192.0.2.0/24","until":null,"note":"n","origin":""}` + "\n]\n"},
		{"lists within lists", ModeReply{Preview: []PreviewItem{{}}}, `"samples":[],"at_once":false,"caution":[]`},
		{"infinite lag", Status{Sources: []Source{{LagS: math.Inf(1)}}}, `"lag_s":0,`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var b strings.Builder
			if err := writeDocument(&b, tt.v); err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(b.String(), tt.want) {
				t.Errorf("got  %s\nwant %s", b.String(), tt.want)
			}
		})
	}
	if when.Location() != east {
		t.Error("the agent's own value was changed")
	}
}
