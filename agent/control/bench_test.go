package control_test

import (
	"fmt"
	"net/netip"
	"testing"

	"cidrx/agent/control"
	"cidrx/agent/control/controltest"
)

// BenchmarkBans lists 10,000 bans over the socket: both ends together.
func BenchmarkBans(b *testing.B) {
	bans := make([]control.Ban, 10_000)
	for i := range bans {
		addr := netip.AddrFrom4([4]byte{203, 0, byte(i >> 8), byte(i)})
		bans[i] = control.Ban{Prefix: netip.PrefixFrom(addr, 32), Start: at, Until: &later, State: "in_force", Reasons: []string{fmt.Sprintf("scanners: %d requests of 1 host", i)}}
	}
	_, path := serve(b, controltest.New(controltest.Script{Bans: bans}), control.ServerOptions{})
	client := &control.Client{Socket: path}
	for b.Loop() {
		got, err := client.Bans(b.Context(), false)
		if err != nil || len(got) != len(bans) {
			b.Fatal(len(got), err)
		}
	}
}

// BenchmarkStatus is one small question and its answer.
func BenchmarkStatus(b *testing.B) {
	_, path := serve(b, controltest.New(exampleScript()), control.ServerOptions{})
	client := &control.Client{Socket: path}
	for b.Loop() {
		if _, err := client.Status(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}
