package parse_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cidrx/detect/parse"
)

func TestSSHD(t *testing.T) {
	const (
		head  = "Feb 12 14:10:21 host sshd[16378]: "
		stamp = "2024-02-12T14:10:21Z"
	)
	part := func(kind parse.PartKind, port int) parse.Part { return parse.Part{Kind: kind, PID: 16378, Port: port} }
	for _, c := range []struct {
		name, line string
		want       event
	}{
		{"failed password", head + "Failed password for root from 192.0.2.1 port 22 ssh2",
			event{User: "root", Outcome: parse.Failure, Part: part(parse.PartFailed, 22)}},
		{"failed password of an unknown user", head + "Failed password for invalid user a b from 192.0.2.1 port 22 ssh2",
			event{User: "a b", Outcome: parse.Failure, Part: part(parse.PartFailed, 22)}},
		{"empty user", head + "Failed password for invalid user  from 192.0.2.1 port 22 ssh2",
			event{Outcome: parse.Failure, Part: part(parse.PartFailed, 22)}},
		{"user like an address", head + "Failed password for invalid user x from 6.6.6.6 port 1 ssh2 from 192.0.2.1 port 22 ssh2",
			event{User: "x from 6.6.6.6 port 1 ssh2", Outcome: parse.Failure, Part: part(parse.PartFailed, 22)}},
		{"failed key", head + "Failed publickey for root from 192.0.2.1 port 22 ssh2: RSA SHA256:aCNUQeNpiBfaFwrNneNP",
			event{User: "root", Outcome: parse.Failure, Part: part(parse.PartFailed, 22)}},
		{"keyboard-interactive", head + "Failed keyboard-interactive/pam for invalid user ubnt from 192.0.2.1 port 22 ssh2",
			event{User: "ubnt", Outcome: parse.Failure, Part: part(parse.PartFailed, 22)}},
		{"preauth", head + "Failed none for invalid user ubnt from 192.0.2.1 port 22 ssh2 [preauth]",
			event{User: "ubnt", Outcome: parse.Failure, Part: part(parse.PartFailed, 22)}},
		{"repeated", head + "message repeated 5 times: [ Failed password for root from 192.0.2.1 port 22 ssh2]",
			event{User: "root", Outcome: parse.Failure, Repeat: 4, Part: part(parse.PartFailed, 22)}},
		{"repeated more often than a connection lets one try", head + "message repeated 1000 times: [ Failed password for root from 192.0.2.1 port 22 ssh2]",
			event{User: "root", Outcome: parse.Failure, Repeat: 5, Part: part(parse.PartFailed, 22)}},
		{"repeated more often than fits into 64 bits", head + "message repeated 99999999999999999999999 times: [ Failed password for root from 192.0.2.1 port 22 ssh2]",
			event{User: "root", Outcome: parse.Failure, Repeat: 5, Part: part(parse.PartFailed, 22)}},
		{"repeated, with zeros in front", head + "message repeated 0002 times: [ Failed password for root from 192.0.2.1 port 22 ssh2]",
			event{User: "root", Outcome: parse.Failure, Repeat: 1, Part: part(parse.PartFailed, 22)}},
		{"accepted key", head + "Accepted publickey for vagrant from 192.0.2.1 port 56296 ssh2: RSA SHA256:1M4R",
			event{User: "vagrant", Outcome: parse.Success, Part: part(parse.PartSuccess, 56296)}},
		{"accepted certificate", head + "Accepted publickey for bob from 192.0.2.1 port 22 ssh2: ED25519-CERT SHA256:a ID lab from office (serial 1) CA RSA SHA256:b",
			event{User: "bob", Outcome: parse.Success, Part: part(parse.PartSuccess, 22)}},
		{"accepted password", head + "Accepted password for bob from 192.0.2.1 port 22 ssh2",
			event{User: "bob", Outcome: parse.Success, Part: part(parse.PartSuccess, 22)}},
		{"invalid user", head + "Invalid user pascal from 192.0.2.1 port 53502",
			event{User: "pascal", Part: part(parse.PartNamed, 53502)}},
		{"invalid user of old", head + "Invalid user  from 192.0.2.1",
			event{Part: part(parse.PartNamed, 0)}},
		{"user not allowed", head + "User root from 192.0.2.1 not allowed because not listed in AllowUsers",
			event{User: "root", Part: part(parse.PartNamed, 0)}},
		{"closed by authenticating user", head + "Connection closed by authenticating user root 192.0.2.1 port 50376 [preauth]",
			event{User: "root", Part: part(parse.PartClosed, 50376)}},
		{"closed by invalid user", head + "Connection closed by invalid user a b 192.0.2.1 port 50376 [preauth]",
			event{User: "a b", Part: part(parse.PartClosed, 50376)}},
		{"closed by invalid user without name", head + "Connection closed by invalid user  192.0.2.1 port 50376 [preauth]",
			event{Part: part(parse.PartClosed, 50376)}},
		{"reset", head + "Connection reset by authenticating user root 192.0.2.1 port 50376 [preauth]",
			event{User: "root", Part: part(parse.PartClosed, 50376)}},
		{"disconnected", head + "Disconnected from invalid user x 192.0.2.1 port 50376 [preauth]",
			event{User: "x", Part: part(parse.PartClosed, 50376)}},
		{"disconnecting", head + "Disconnecting authenticating user root 192.0.2.1 port 50376: Too many authentication failures [preauth]",
			event{User: "root", Part: part(parse.PartClosed, 50376)}},
		{"too many", head + "error: maximum authentication attempts exceeded for invalid user admin from 192.0.2.1 port 22 ssh2 [preauth]",
			event{User: "admin", Part: part(parse.PartClosed, 22)}},
		{"closed before a user was named", head + "Connection closed by 192.0.2.1 port 50376 [preauth]",
			event{Part: part(parse.PartClosed, 50376)}},
		{"closed without port", head + "Connection closed by 192.0.2.1 [preauth]",
			event{Part: part(parse.PartClosed, 0)}},
		{"received disconnect", head + "Received disconnect from 192.0.2.1 port 22:11: Bye Bye from 6.6.6.6 port 22 [preauth]",
			event{Part: part(parse.PartClosed, 22)}},
		{"received disconnect of old", head + "Received disconnect from 192.0.2.1: 11: Bye Bye [preauth]",
			event{Part: part(parse.PartClosed, 0)}},
		{"grace time of old", head + "fatal: Timeout before authentication for 192.0.2.1 port 50376",
			event{Part: part(parse.PartClosed, 50376)}},
		{"grace time", "Feb 12 14:10:21 host sshd[1]: Timeout before authentication for connection from 192.0.2.1 to 198.51.100.2, pid = 16378",
			event{Part: part(parse.PartClosed, 0)}},
		{"without pid", "Feb  2 14:10:21 host sshd: Invalid user pascal from 192.0.2.1 port 53502",
			event{Time: "2024-02-02T14:10:21Z", User: "pascal", Part: parse.Part{Kind: parse.PartNamed, Port: 53502}}},
		{"since 9.8", "2024-02-12T16:10:21.5+02:00 host sshd-session[16378]: Invalid user pascal from 192.0.2.1 port 53502",
			event{Time: "2024-02-12T14:10:21.5Z", User: "pascal", Part: part(parse.PartNamed, 53502)}},
		{"since 10", "2024-02-12T14:10:21Z host sshd-auth[9]: Connection closed by authenticating user root 192.0.2.1 port 50376 [preauth]",
			event{User: "root", Part: parse.Part{Kind: parse.PartClosed, Port: 50376}}},
		{"busybox", "Feb 12 14:10:21 host auth.info sshd[16378]: Invalid user pascal from 192.0.2.1 port 53502",
			event{User: "pascal", Part: part(parse.PartNamed, 53502)}},
		{"IPv6", head + "Failed password for root from 2001:db8::1 port 22 ssh2",
			event{Client: "2001:db8::1", User: "root", Outcome: parse.Failure, Part: part(parse.PartFailed, 22)}},
		{"IPv4-mapped", head + "Failed password for root from ::ffff:192.0.2.1 port 22 ssh2",
			event{User: "root", Outcome: parse.Failure, Part: part(parse.PartFailed, 22)}},
		{"next year's stamp is last year's", "Dec 31 23:59:59 host sshd[16378]: Failed password for root from 192.0.2.1 port 22 ssh2",
			event{Time: "2024-12-31T23:59:59Z", User: "root", Outcome: parse.Failure, Part: part(parse.PartFailed, 22)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := parseOne(t, "sshd", parse.Options{Year: in2024}, c.line)
			if err != nil {
				t.Fatal(err)
			}
			if c.want.Time == "" {
				c.want.Time = stamp
			}
			if c.want.Client == "" {
				c.want.Client = "192.0.2.1"
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestSSHDIgnored(t *testing.T) {
	for _, line := range []string{
		"Feb 12 14:17:01 host CRON[2952]: pam_unix(cron:session): session opened for user root by (uid=0)",
		"Feb 12 14:17:01 host systemd: x",
		"Feb 12 14:17:01 host app[1]: sshd[2]: Failed password for root from 6.6.6.6 port 22 ssh2",
		"Feb 12 14:17:01 host sshd[1]: Server listening on 0.0.0.0 port 22.",
		"Feb 12 14:17:01 host sshd[1]: pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=6.6.6.6  user=root",
		"Feb 12 14:17:01 host sshd[1]: input_userauth_request: invalid user x [preauth]",
		"Feb 12 14:17:01 host sshd[1]: Disconnecting: Too many authentication failures [preauth]",
		"Feb 12 14:17:01 host sshd[1]: Disconnected from user bob 192.0.2.1 port 22",
		"Feb 12 14:17:01 host sshd[1]: Postponed publickey for bob from 192.0.2.1 port 22 ssh2 [preauth]",
		"Feb 12 14:17:01 host sshd[1]: banner exchange: Connection from 192.0.2.1 port 34388: invalid format",
		"Feb 12 14:17:01 host sshd[1]: Bad protocol version identification 'Failed password for x from 6.6.6.6 port 1 ssh2' from 192.0.2.1 port 22",
		"Feb 12 14:17:01 host sshd[1]: User root from crawl.example.com not allowed because not listed in AllowUsers",
		"Feb 12 14:17:01 host sshd[1]:",
		"Feb 12 14:17:01 host sudo: bob : TTY=pts/0 ; COMMAND=/bin/echo sshd[1]: Failed password for root from 6.6.6.6 port 22 ssh2",
	} {
		if got, err := parseOne(t, "sshd", parse.Options{}, line); !errors.Is(err, parse.ErrIgnored) {
			t.Errorf("%s\ngot %+v, error %v", line, got, err)
		}
	}
}

func TestSSHDRefused(t *testing.T) {
	const head = "Feb 12 14:10:21 host sshd[1]: "
	long := strings.Repeat("A", 520)
	for _, c := range []struct{ line, want string }{
		{"", "empty"},
		{"Feb 30 14:10:21 host sshd[1]: x", "time stamp"},
		{"host sshd[1]: x", "time stamp"},
		{"Feb 12 14:10:21 host sshd[1] x", "syslog"},
		{"Feb 12 14:10:21", "syslog"},
		{head + "Failed password for root from 192.0.2.256 port 22 ssh2", "no address"},
		{head + "Failed password for root from 192.0.2.1:22 port 22 ssh2", "no address"},
		{head + "Failed password for root from 192.0.2.1 port 66000 ssh2", "no address"},
		{head + "Failed password", "no address"},
		{head + "message repeated 0 times: [ Failed password for root from 192.0.2.1 port 22 ssh2]", "no number of times"},
		{head + "message repeated -1 times: [ Failed password for root from 192.0.2.1 port 22 ssh2]", "no number of times"},
		{head + "message repeated 2 times: [ Failed password for root from 192.0.2.1 port 22 ssh2", "no message"},
		{head + "message repeated 2 times", "no message"},
		{head + "Invalid user  from ", "no address"},
		{head + "Connection closed by ", "no address"},
		{head + "Connection closed by invalid user x ", "no address"},
		{head + "Connection closed by invalid user 192.0.2.1 port 22 [preauth]", "no address"},
		{head + ("Connection closed by invalid user " + long)[:500-len(" 6.6.6.6 port 22")] + " 6.6.6.6 port 22", "cut"},
		{head + "Failed publickey for invalid user x from 6.6.6.6 port 1 ssh2: y from 192.0.2.1 port 22 ssh2: RSA SHA256:z", "two places"},
		{head + "Disconnecting invalid user x 6.6.6.6 port 1: y 192.0.2.1 port 22: Change of username [preauth]", "two places"},
	} {
		if got, err := parseOne(t, "sshd", parse.Options{}, c.line); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s\ngot %+v, error %v; want one with %q", c.line, got, err, c.want)
		}
	}
}

func TestYear(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		now, stamp, want string
		loc              *time.Location
	}{
		{"2025-01-01T00:10:00Z", "Dec 31 23:59:59", "2024-12-31T23:59:59Z", nil},
		{"2025-01-01T00:10:00Z", "Jan  1 00:09:00", "2025-01-01T00:09:00Z", nil},
		{"2025-06-01T00:00:00Z", "Jun  1 23:00:00", "2025-06-01T23:00:00Z", nil}, // less than a day ahead
		{"2025-06-01T00:00:00Z", "Jun  2 00:00:01", "2024-06-02T00:00:01Z", nil},
		{"2025-03-01T00:00:00Z", "Feb 29 12:00:00", "2024-02-29T12:00:00Z", nil},
		{"2024-12-31T23:30:00Z", "Jan  1 00:29:00", "2024-12-31T23:29:00Z", berlin},
		{"2025-07-01T00:00:00Z", "Jun 30 12:00:00", "2025-06-30T10:00:00Z", berlin},
	} {
		now, err := time.Parse(time.RFC3339, c.now)
		if err != nil {
			t.Fatal(err)
		}
		got, err := parseOne(t, "sshd", parse.Options{Location: c.loc, Year: func() time.Time { return now }},
			c.stamp+" host sshd[1]: Failed password for root from 192.0.2.1 port 22 ssh2")
		if err != nil || got.Time != c.want {
			t.Errorf("%s as of %s: got %s, error %v; want %s", c.stamp, c.now, got.Time, err, c.want)
		}
	}
}
