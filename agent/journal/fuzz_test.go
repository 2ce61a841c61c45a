package journal_test

import (
	"bytes"
	"testing"
	"time"

	"cidrx/agent/journal"
)

// FuzzEntry: whatever an entry holds, it is one line, and its header comes apart where it was joined.
func FuzzEntry(f *testing.F) {
	for _, s := range []string{
		`{"__CURSOR":"c","__REALTIME_TIMESTAMP":"1763770019000000","MESSAGE":"Failed password","SYSLOG_IDENTIFIER":"sshd","_PID":"7"}`,
		`{"__CURSOR":"c","__REALTIME_TIMESTAMP":"1","MESSAGE":[255, 10, 13, 0],"_COMM":"a b: c"}`,
		`{"__CURSOR":"c","__REALTIME_TIMESTAMP":"1","MESSAGE":["a\nb",[1]],"_PID":["1","2"]}`,
		`{"__CURSOR":"c","__REALTIME_TIMESTAMP":"1","MESSAGE":null}`, `[]`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		line, err := journal.Line(b)
		if err != nil {
			return
		}
		if bytes.IndexByte(line, '\n') != len(line)-1 {
			t.Errorf("not one line: %q", line)
		}
		head, _, ok := bytes.Cut(line, []byte(": "))
		if !ok && !bytes.HasSuffix(line, []byte(":\n")) || bytes.Count(head, []byte(" ")) != 2 {
			t.Errorf("header of %q", line)
		}
	})
}

func BenchmarkReadEntry(b *testing.B) {
	line := []byte(`{"__MONOTONIC_TIMESTAMP":"19000000","__CURSOR":"s=80c6c3f8dc01418d9b72f7251276055c;i=13;b=0123456789abcdef0123456789abcdef;m=121eac0;t=64423b5636c80;x=b04ea9704b0625b0","_PID":"118","SYSLOG_IDENTIFIER":"sshd","_BOOT_ID":"0123456789abcdef0123456789abcdef","MESSAGE":"Failed password for root from 203.0.113.7 port 2018 ssh2","__REALTIME_TIMESTAMP":"1763770018000000"}`)
	for b.Loop() {
		if _, at, _, err := journal.ReadEntry(line); err != nil || at.Equal(time.Time{}) {
			b.Fatal(err)
		}
	}
}
