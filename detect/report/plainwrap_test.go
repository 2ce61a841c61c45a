package report

import (
	"math"
	"math/big"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"cidrx/detect/cidr"
)

func TestWrapLosesNothingAndFits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := Printable(rapid.StringOf(rapid.RuneFrom([]rune("ab  -\n漢é\u0301😀"))).Draw(t, "text"))
		width := rapid.IntRange(2, 30).Draw(t, "width")
		lines := wrap(s, width)
		for _, line := range lines {
			if columns(line) > width {
				t.Errorf("%q takes %d columns, want at most %d", line, columns(line), width)
			}
		}
		if got, want := strings.ReplaceAll(strings.Join(lines, ""), " ", ""), strings.ReplaceAll(s, " ", ""); got != want {
			t.Errorf("wrap(%q) = %q", s, lines)
		}
	})
}

func TestWrapKeepsWhatFits(t *testing.T) {
	for in, want := range map[string][]string{"": {""}, "a  b": {"a  b"}, "aaa  bbb": {"aaa", "bbb"}, "a  b cde": {"a  b", "cde"}, "abcdefg": {"abcde", "fg"}} {
		if diff := cmp.Diff(want, wrap(in, 5)); diff != "" {
			t.Errorf("wrap(%q, 5) (-want +got):\n%s", in, diff)
		}
	}
}

// TestCatchingCatches takes the advice that the report gives, and sees whether the tier then asks for no more than the miss has.
func TestCatchingCatches(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := rapid.Uint64Range(1, math.MaxUint64).Draw(t, "all")
		m := Miss{Requests: rapid.Uint64Range(1, all).Draw(t, "requests")}
		given := Tier{Tier: cidr.Tier{MinSize: rapid.Uint64().Draw(t, "minSize"), Threshold: rapid.Uint32Range(0, 1_000_000).Draw(t, "threshold"),
			MaxCollateral: cidr.NoCollateralLimit}}
		m.Needed = given.Tier.Needed(all)
		better := given.Tier
		for _, advice := range catching(&given, &m, all) {
			switch name, _, _ := strings.Cut(advice, "="); name {
			case "min_size":
				better.MinSize = m.Requests
			case "threshold":
				better.Threshold = millionths(m.Requests, all)
			}
		}
		if got := better.Needed(all); got > m.Requests {
			t.Errorf("%+v missed %d of %d; %+v still asks for %d", given.Tier, m.Requests, all, better, got)
		}
	})
}

func TestMillionths(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := rapid.Uint64Range(1, math.MaxUint64).Draw(t, "all")
		part := rapid.Uint64Range(0, all).Draw(t, "part")
		slow := new(big.Int).SetUint64(part)
		slow.Div(slow.Mul(slow, big.NewInt(1_000_000)), new(big.Int).SetUint64(all))
		if got := millionths(part, all); uint64(got) != slow.Uint64() {
			t.Errorf("millionths(%d, %d) = %d, want %s", part, all, got, slow)
		}
	})
}

func TestNumbers(t *testing.T) {
	for millionths, want := range map[uint32]string{0: "0.00", 100_000: "0.10", 5_000: "0.005", 62_500: "0.0625", 1_000_000: "1.00", 1: "0.000001", 1_500_000: "1.50"} {
		if got := decimal(millionths); got != want {
			t.Errorf("decimal(%d) = %s, want %s", millionths, got, want)
		}
	}
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", -100: "-100", -1000: "-1,000", math.MinInt64: "-9,223,372,036,854,775,808"} {
		if got := Grouped(n); got != want {
			t.Errorf("Grouped(%d) = %s, want %s", n, got, want)
		}
	}
}
