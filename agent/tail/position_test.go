package tail_test

import (
	"encoding/json"
	"testing"

	"cidrx/agent/tail"

	"github.com/google/go-cmp/cmp"
)

func TestMerge(t *testing.T) {
	var list []tail.Position
	list = tail.Merge(list, tail.Position{}) // standard input
	list = tail.Merge(list, tail.Position{Path: "a", Dev: 1, Ino: 1, Offset: 5})
	list = tail.Merge(list, tail.Position{Path: "b", Dev: 1, Ino: 2, Offset: 7})
	list = tail.Merge(list, tail.Position{Path: "a", Dev: 1, Ino: 1, Offset: 9})
	want := []tail.Position{{Path: "a", Dev: 1, Ino: 1, Offset: 9}, {Path: "b", Dev: 1, Ino: 2, Offset: 7}}
	if diff := cmp.Diff(want, list); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestMergeIsBounded lets a log be rotated for years.
func TestMergeIsBounded(t *testing.T) {
	var list []tail.Position
	for i := range 1000 {
		ino := uint64(i + 1)
		list = tail.Merge(list, tail.Position{Path: "log", Ino: ino, Since: int64(i)})
		if i > 0 {
			list = tail.Merge(list, tail.Position{Path: "log", Ino: ino - 1, Since: int64(i - 1), Done: true})
		}
	}
	if len(list) != 33 {
		t.Fatalf("%d positions, want 33", len(list))
	}
	for _, p := range list {
		if p.Ino < 1000-32 {
			t.Errorf("an old one is kept and a younger one was dropped: %+v", p)
		}
	}
}

func TestPositionAsJSON(t *testing.T) {
	p := tail.Position{Path: "log", Dev: 1 << 60, Ino: 2, Offset: 3, Sum: 1<<64 - 1, SumLen: 4, Born: 5, Since: 6, Done: true}
	b, err := json.Marshal(p)
	must(t, err)
	var got tail.Position
	must(t, json.Unmarshal(b, &got))
	if diff := cmp.Diff(p, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
