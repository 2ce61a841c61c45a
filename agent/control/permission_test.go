package control_test

import (
	"fmt"
	"net"
	"strings"
	"testing"

	"cidrx/agent/control"
	"cidrx/agent/control/controltest"
)

const (
	adminGID = 61001
	readGID  = 61002
	nobody   = 61999
)

func TestPermissions(t *testing.T) {
	many := make([]int, 300) // more than the first guess of the buffer for SO_PEERGROUPS holds
	for i := range many {
		many[i] = 62000 + i
	}
	tests := []struct {
		name          string
		who           who
		reads, writes bool
	}{
		{"root", who{uid: 0, gid: 0}, true, true},
		{"root without its group", who{uid: 0, gid: nobody}, true, true},
		{"primary group cidrx", who{uid: nobody, gid: adminGID}, true, true},
		{"supplementary group cidrx", who{uid: nobody, gid: nobody, groups: []int{5, adminGID}}, true, true},
		{"last of 301 groups is cidrx", who{uid: nobody, gid: nobody, groups: append(many, adminGID)}, true, true},
		{"both groups", who{uid: nobody, gid: readGID, groups: []int{adminGID}}, true, true},
		{"primary group cidrx-read", who{uid: nobody, gid: readGID}, true, false},
		{"supplementary group cidrx-read", who{uid: nobody, gid: nobody, groups: []int{readGID}}, true, false},
		{"no group of ours", who{uid: nobody, gid: nobody, groups: []int{5}}, false, false},
		{"root's group, not root", who{uid: nobody, gid: 0, groups: []int{0}}, false, false},
		{"uid that is the group's number", who{uid: adminGID, gid: nobody}, false, false},
	}
	groups := fakeGroups(map[string]int{"cidrx": adminGID, "cidrx-read": readGID})
	agent := controltest.New(controltest.Script{})
	_, path := serve(t, agent, control.ServerOptions{LookupGroup: groups})
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			wantStatus(t, dialAs(t, tt.who, path), getText("/v1/status"), tt.reads)
			if tt.reads { // and a view is told which keys to offer
				want := fmt.Sprintf(`"may_act":%v`, tt.writes)
				if answer := exchange(t, dialAs(t, tt.who, path), getText("/v1/top")); !strings.Contains(answer, want) {
					t.Errorf("answer is %q, want %s", answer, want)
				}
			}
			before := len(agent.Calls())
			wantStatus(t, dialAs(t, tt.who, path), postText("/v1/flush", ""), tt.writes)
			if called := len(agent.Calls()) > before; called != tt.writes {
				t.Errorf("agent called: %v, want %v", called, tt.writes)
			}
		})
	}
}

// Paths that do not exist tell those without permission no more than those that do.
func TestPermissionComesFirst(t *testing.T) {
	_, path := serve(t, controltest.New(controltest.Script{}), control.ServerOptions{LookupGroup: fakeGroups(nil)})
	for _, request := range []string{getText("/v1/none"), "DELETE /v1/status HTTP/1.1\r\nHost: x\r\n\r\n", postText("/v1/ban", "rubbish")} {
		wantStatus(t, dialAs(t, who{uid: nobody, gid: nobody}, path), request, false)
	}
}

func TestRefusalNamesTheGroup(t *testing.T) {
	both := map[string]int{"cidrx": adminGID, "cidrx-read": readGID}
	tests := []struct {
		name    string
		groups  map[string]int
		who     who
		request string
		want    string
	}{
		{"nothing, asks", both, who{uid: nobody, gid: nobody}, getText("/v1/status"), "usermod -aG cidrx-read 61999"},
		{"nothing, changes", both, who{uid: nobody, gid: nobody}, postText("/v1/flush", ""), "usermod -aG cidrx-read 61999"},
		{"reader, changes", both, who{uid: nobody, gid: readGID}, postText("/v1/flush", ""), "usermod -aG cidrx 61999"},
		{"only cidrx exists", map[string]int{"cidrx": adminGID}, who{uid: nobody, gid: nobody}, getText("/v1/status"), "usermod -aG cidrx 61999"},
		{"no group exists", nil, who{uid: nobody, gid: nobody}, getText("/v1/status"), "make group cidrx-read, join it, and restart the agent"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, path := serve(t, controltest.New(controltest.Script{}), control.ServerOptions{LookupGroup: fakeGroups(tt.groups)})
			answer := exchange(t, dialAs(t, tt.who, path), tt.request)
			if !strings.Contains(answer, tt.want) {
				t.Errorf("answer is %q, want it to say %q", answer, tt.want)
			}
		})
	}
}

// What the peer could do when it connected is what counts: the caller is what the kernel says, whatever the request says.
func TestCallerIsWhatTheKernelSays(t *testing.T) {
	agent := controltest.New(controltest.Script{})
	_, path := serve(t, agent, control.ServerOptions{LookupGroup: fakeGroups(map[string]int{"cidrx": adminGID})})
	exchange(t, dialAs(t, who{uid: nobody, gid: adminGID}, path), postText("/v1/reload", ""))
	if calls := agent.Calls(); len(calls) != 1 || calls[0] != "reload by 61999" {
		t.Errorf("calls are %q, want one by 61999", calls)
	}
}

func getText(path string) string {
	return "GET " + path + " HTTP/1.1\r\nHost: cidrx\r\nConnection: close\r\n\r\n"
}

func postText(path, body string) string {
	return fmt.Sprintf("POST %s HTTP/1.1\r\nHost: cidrx\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s", path, len(body), body)
}

// wantStatus sends a request and wants 200, or 403 if it is not allowed.
func wantStatus(t *testing.T, c net.Conn, request string, allowed bool) {
	t.Helper()
	want := "HTTP/1.1 403 "
	if allowed {
		want = "HTTP/1.1 200 "
	}
	if answer := exchange(t, c, request); !strings.HasPrefix(answer, want) {
		t.Errorf("%q: answer is %q, want %s", request, answer, want)
	}
}
