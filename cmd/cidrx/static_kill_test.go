package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fsnotify/fsnotify"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"cidrx/agent/control"
)

// TestStaticKilledAtAnyMoment kills cidrx static again and again while it writes the jail file and the ban file, and lets every third run
// come to its end. Whatever was killed, each file is whole; the ban file lists nothing that the jail file does not know; no ban is lost,
// and none is made a second time on the evidence of the first, also when that is over.
func TestStaticKilledAtAnyMoment(t *testing.T) {
	t.Parallel()
	k := newKilled(t)
	k.attack(200) // so that writing takes a while
	const rounds = 24
	for round := range rounds {
		k.attack(1)
		if round%3 == 2 {
			k.run()
			k.repaired()
			continue
		}
		k.kill()
		k.whole()
	}
	t.Logf("files that killed runs had replaced: %v", k.replaced)
	for end := time.Now().Add(storyDeadline); ; {
		k.run()
		if k.repaired() == 0 {
			break
		}
		if time.Now().After(end) {
			t.Fatal("bans of a second are not over")
		}
	}
	if len(k.known) != k.attackers {
		t.Errorf("%d of %d attackers were banned", len(k.known), k.attackers)
	}
}

// killed is a log that grows, and the files of runs that are killed.
type killed struct {
	t                   *testing.T
	rng                 *rand.Rand
	dir, log, jail, ban string
	attackers           int
	known               map[netip.Prefix]time.Time // start of the ban of each
	made                map[string]bool            // the files that have been there
	replaced            map[string]int             // how often a killed run had replaced which files
}

func newKilled(t *testing.T) *killed {
	dir := t.TempDir()
	k := &killed{
		t: t, rng: rand.New(rand.NewPCG(1, 2)), dir: dir, log: filepath.Join(t.TempDir(), "access.log"),
		jail: filepath.Join(dir, "jail.json"), ban: filepath.Join(dir, "ban.txt"), known: map[netip.Prefix]time.Time{},
		made: map[string]bool{}, replaced: map[string]int{},
	}
	k.must(os.WriteFile(k.config(), fmt.Appendf(nil, "[global]\njailFile = %q\nbanFile = %q\n[static]\nlogFile = %q\n"+
		"[static.all]\nclusterArgSets = [[10, 32, 32, 0.0]]\n[jail]\nstages = [\"1s\", \"1h\"]\n", k.jail, k.ban, k.log), 0o600))
	return k
}

func (k *killed) config() string { return filepath.Join(filepath.Dir(k.log), "day.toml") }

func (k *killed) must(err error) {
	k.t.Helper()
	if err != nil {
		k.t.Fatal(err)
	}
}

// attack adds attackers to the log, each in a /24 of its own, so that none is the worse for its neighbours.
func (k *killed) attack(n int) {
	f, err := os.OpenFile(k.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	k.must(err)
	defer f.Close()
	for range n {
		line := fmt.Sprintf("45.%d.%d.1 - - [01/May/2026:10:00:30 +0000] \"GET /admin HTTP/1.1\" 404 12 \"-\" \"sqlmap/1.9\"\n", k.attackers/250, k.attackers%250)
		_, err := f.WriteString(strings.Repeat(line, 20))
		k.must(err)
		k.attackers++
	}
}

func (k *killed) command(ctx context.Context) *exec.Cmd {
	return exec.CommandContext(ctx, filepath.Join(binaries, "cidrx"), "static", "--config", k.config(), "--compact")
}

func (k *killed) run() {
	k.t.Helper()
	if out, err := k.command(context.Background()).CombinedOutput(); err != nil {
		k.t.Fatalf("%v:\n%s", err, out)
	}
}

// kill starts a run and kills it when so many things have happened in the directory of the files, or a little later. A run that has
// ended before is as good as any.
func (k *killed) kill() {
	watcher, err := fsnotify.NewWatcher()
	k.must(err)
	defer watcher.Close()
	k.must(watcher.Add(k.dir))
	jail, _ := k.content(k.jail)
	ban, _ := k.content(k.ban)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	cmd := k.command(ctx)
	k.must(cmd.Start())
	ended := make(chan struct{})
	go func() {
		cmd.Wait()
		close(ended)
	}()
	events, later := k.rng.IntN(16), time.Duration(k.rng.Int64N(int64(2*time.Millisecond)))
	for seen := 0; seen < events; seen++ {
		select {
		case <-watcher.Events:
			continue
		case err := <-watcher.Errors:
			k.t.Fatal(err)
		case <-ended:
		}
		break
	}
	time.Sleep(later) // a moment, not a condition
	cancel()          // kills
	<-ended
	newJail, _ := k.content(k.jail)
	newBan, _ := k.content(k.ban)
	k.replaced[fmt.Sprintf("jail %t, ban %t", newJail != jail, newBan != ban)]++
}

// content is what is in a file, if it has ever been there: once made it never is away.
func (k *killed) content(path string) (text string, there bool) {
	k.t.Helper()
	data, err := os.ReadFile(path)
	if os.IsNotExist(err) && !k.made[path] {
		return "", false
	}
	k.must(err)
	k.made[path] = true
	return string(data), true
}

// whole checks both files, and returns what is banned by the jail file and by the ban file.
func (k *killed) whole() (jail, ban []netip.Prefix) {
	k.t.Helper()
	jail = k.wholeJail()
	ban = k.wholeList()
	for _, p := range ban {
		if _, known := k.known[p]; !known {
			k.t.Fatalf("%s is in the ban file, and the jail file does not know it", p)
		}
	}
	return jail, ban
}

// wholeJail checks that the jail file has each ban that it had before, and no second one of any prefix.
func (k *killed) wholeJail() (inForce []netip.Prefix) {
	k.t.Helper()
	text, there := k.content(k.jail)
	if !there {
		return nil
	}
	var d struct {
		Version int           `json:"cidrx_jail"`
		Bans    []control.Ban `json:"bans"`
		Ended   []control.Ban `json:"ended"`
	}
	if err := json.Unmarshal([]byte(text), &d); err != nil || d.Version == 0 {
		k.t.Fatalf("the jail file is not whole: %v:\n%s", err, text)
	}
	now := map[netip.Prefix]time.Time{}
	for _, b := range append(slices.Clone(d.Bans), d.Ended...) {
		if _, twice := now[b.Prefix]; twice || b.Stage != 0 {
			k.t.Fatalf("banned twice on the same evidence: %+v", b)
		}
		now[b.Prefix] = b.Start
	}
	for p, start := range k.known {
		if !now[p].Equal(start) {
			k.t.Fatalf("%s was banned at %s, and now at %s", p, start, now[p])
		}
	}
	k.known = now
	for _, b := range d.Bans {
		inForce = append(inForce, b.Prefix)
	}
	return inForce
}

// wholeList checks the form of the ban file.
func (k *killed) wholeList() (list []netip.Prefix) {
	k.t.Helper()
	text, there := k.content(k.ban)
	if !there {
		return nil
	}
	head, rest, _ := strings.Cut(text, "\n")
	if !strings.HasPrefix(head, "# Written by cidrx static at ") {
		k.t.Fatalf("the ban file is not whole:\n%s", text)
	}
	for rest != "" {
		var until, prefix string
		var whole bool
		until, rest, _ = strings.Cut(rest, "\n")
		prefix, rest, whole = strings.Cut(rest, "\n")
		p, err := netip.ParsePrefix(prefix)
		if err != nil || !whole || !strings.HasPrefix(until, "# until ") {
			k.t.Fatalf("the ban file is not whole:\n%s", text)
		}
		list = append(list, p)
	}
	return list
}

// repaired checks both files after a run that was not killed, and returns how many bans are in force.
func (k *killed) repaired() int {
	k.t.Helper()
	jail, ban := k.whole()
	sorted := cmpopts.SortSlices(netip.Prefix.Compare)
	if diff := cmp.Diff(jail, ban, sorted, cmpopts.EquateEmpty(), cmpopts.EquateComparable(netip.Prefix{})); diff != "" {
		k.t.Fatalf("the ban file is not what the jail file says (-jail +ban):\n%s", diff)
	}
	if len(k.known) != k.attackers {
		k.t.Fatalf("%d of %d attackers are or were banned", len(k.known), k.attackers)
	}
	if left, _ := filepath.Glob(filepath.Join(k.dir, ".*.new*")); left != nil {
		k.t.Errorf("left behind: %q", left)
	}
	return len(jail)
}
