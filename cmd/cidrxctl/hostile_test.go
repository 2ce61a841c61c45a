package main

import (
	"bytes"
	"context"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"cidrx/agent/control/controltest"
	"cidrx/cmd/internal/term/termtest"
)

// fill puts something into everything that a value holds, the hostile text into all of its strings.
func fill(v reflect.Value) {
	switch v.Interface().(type) {
	case netip.Prefix:
		v.Set(reflect.ValueOf(netip.MustParsePrefix("192.0.2.7/32")))
		return
	case netip.Addr:
		v.Set(reflect.ValueOf(netip.MustParseAddr("192.0.2.7")))
		return
	case time.Time:
		v.Set(reflect.ValueOf(time.Unix(1_700_000_000, 0).UTC()))
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(termtest.Hostile)
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i))
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0))
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem())
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		fill(key)
		fill(value)
		v.SetMapIndex(key, value)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(7)
	case reflect.Uint64:
		v.SetUint(7)
	case reflect.Float64:
		v.SetFloat(0.7)
	}
}

// TestNothingHostileReachesTheTerminal runs every command against an agent all of whose answers are hostile, against one that refuses
// everything in hostile words, and with hostile arguments.
func TestNothingHostileReachesTheTerminal(t *testing.T) {
	var answers controltest.Script
	fill(reflect.ValueOf(&answers).Elem())
	answers.Errors = nil
	refusals := controltest.Script{Errors: map[string]controltest.Failure{}}
	for _, command := range []string{"status", "bans", "why", "top", "ban", "unblock", "allow", "allow add", "allow remove", "mode", "confirm", "reload", "events", "flush", "selftest", "version"} {
		refusals.Errors[command] = controltest.Failure{Error: termtest.Hostile, Next: termtest.Hostile}
	}
	runs := [][]string{
		{"status"}, {"bans"}, {"bans", "--all"}, {"why", "192.0.2.7"}, {"ban", "192.0.2.7"}, {"unblock", "192.0.2.7"}, {"allow", "list"}, {"allow", "add", "192.0.2.7", "--note", "@"},
		{"allow", "remove", "192.0.2.7"}, {"mode"}, {"mode", "enforce", "--preview"}, {"mode", "observe"}, {"confirm"}, {"reload"}, {"events"}, {"top"}, {"flush"}, {"selftest"}, {"version"},
		{"@"}, {"--@"}, {"status", "--socket", "@"},
	}
	for _, c := range (&app{term: &term{}}).root().Commands() {
		if !slices.ContainsFunc(runs, func(run []string) bool { return run[0] == c.Name() }) && !c.Hidden {
			t.Errorf("no run of %s", c.Name())
		}
		runs = append(runs, []string{c.Name(), "@"}, []string{c.Name(), "--@"})
	}
	for name, script := range map[string]controltest.Script{"answers": answers, "refusals": refusals} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("CIDRX_SOCKET", serve(t, script))
			said := ""
			for _, run := range runs {
				for _, more := range []string{"", "--json"} {
					args := slices.Clone(run)
					for i := range args {
						args[i] = strings.ReplaceAll(args[i], "@", termtest.Hostile)
					}
					if more != "" {
						args = append(args, more)
					}
					var out, errs bytes.Buffer
					runInto(t.Context(), args, &out, &errs)
					termtest.Harmless(t, strings.Join(run, " ")+more+" (stdout)", out.String())
					termtest.Harmless(t, strings.Join(run, " ")+more+" (stderr)", errs.String())
					said += out.String() + errs.String()
				}
			}
			if strings.Count(said, termtest.Injected) < len(runs) {
				t.Errorf("hardly anything hostile was said: the test proves nothing:\n%s", said)
			}
		})
	}
}

func runInto(ctx context.Context, args []string, out, errs *bytes.Buffer) int {
	return run(ctx, args, &term{in: strings.NewReader(""), out: out, err: errs})
}
