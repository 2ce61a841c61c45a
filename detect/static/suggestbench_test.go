package static

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
)

// BenchmarkSuggest proposes tiers for a log whose user agents come often, and for one in which hardly one comes twice.
func BenchmarkSuggest(b *testing.B) {
	const lines = 200_000
	for _, agents := range []int{100, 10 * lines} {
		b.Run(fmt.Sprint(agents, " agents"), func(b *testing.B) {
			log := variedLog(lines, agents)
			a, err := Analyze(context.Background(), Options{Format: "combined", Sections: []Section{{Name: "all"}}}, []Log{memory("log", true, log)})
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(len(log)))
			for b.Loop() {
				if _, err := a.Suggest(context.Background()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// variedLog has lines of 50,000 addresses and so many user agents.
func variedLog(lines, agents int) []byte {
	r := rand.New(rand.NewPCG(1, 2))
	var log bytes.Buffer
	for i := range lines {
		agent := r.IntN(agents)
		fmt.Fprintf(&log, "10.%d.%d.%d - - [10/Nov/2026:%02d:%02d:%02d +0000] \"GET /shop/item/%d HTTP/1.1\" 200 512 \"-\" \"Mozilla/5.0 (X11; Linux x86_64) "+
			"AppleWebKit/537.36 (KHTML, like Gecko) Chrome/%d.0.%d.%d Safari/537.36\"\n",
			r.IntN(5), r.IntN(200), r.IntN(50), i/40/3600%24, i/40/60%60, i/40%60, r.IntN(1000), 60+agent%80, agent/80%1000, agent/80_000)
	}
	return log.Bytes()
}
