package main

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"testing"
	"time"
)

// The first garbage collection makes the next ones come as early as they should for much memory.
func TestStaticCollectsFromItsFirstCollectionOn(t *testing.T) {
	t.Setenv("GOGC", "")
	defer debug.SetGCPercent(debug.SetGCPercent(100))
	percent := func() uint64 {
		s := []metrics.Sample{{Name: "/gc/gogc:percent"}}
		metrics.Read(s)
		return s[0].Value.Uint64()
	}
	tuneStatic()
	if got := percent(); got != 800 {
		t.Errorf("garbage is collected when the heap has grown by %d %% before anything was collected, want 800", got)
	}
	runtime.GC()
	for deadline := time.Now().Add(time.Minute); percent() != 40; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("then it is collected when it has grown by %d %%, want 40", percent())
		}
	}
}
