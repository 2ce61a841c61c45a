package control

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

const (
	// MaxDuration is the longest time a request can name: what goes on for longer belongs into the configuration.
	MaxDuration = 10 * 365 * 24 * time.Hour
	// MaxText is the longest reason or note, in bytes.
	MaxText = 500
	// maxBody holds an unblock of some 20,000 networks.
	maxBody = 1 << 20
	// sshPeerHeader names the far end of the caller's SSH session.
	sshPeerHeader = "Cidrx-Ssh-Peer"
)

// request is what a route is given: read to its end, from a caller with permission.
type request struct {
	ctx    context.Context // ends when the caller is gone
	caller Caller
	access access
	query  url.Values
	body   []byte
}

// read takes in the whole request and refuses what the route does not know.
func (s *Server) read(w http.ResponseWriter, r *http.Request, p peer, rt route) (*request, error) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, Invalid("query: "+err.Error(), "")
	}
	for name, values := range query {
		if !slices.Contains(rt.query, name) || len(values) != 1 {
			return nil, Invalid(fmt.Sprintf("query: unknown or repeated parameter %q", name), "known here: "+strings.Join(rt.query, ", "))
		}
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		return nil, Invalid("body: "+err.Error(), "")
	}
	if text := bytes.TrimSpace(body); !rt.body && len(text) > 0 && string(text) != "{}" {
		return nil, Invalid(r.URL.Path+" takes no body", "leave it away")
	}
	caller, err := s.caller(r, p)
	if err != nil {
		return nil, err
	}
	return &request{caller: caller, access: p.access, query: query, body: body}, nil
}

// caller is who asks. Their SSH peer is believed only of who could as well put it on the allowlist.
func (s *Server) caller(r *http.Request, p peer) (Caller, error) {
	c := Caller{PID: p.pid, UID: p.uid, GID: p.gid}
	if p.access < everything {
		return c, nil
	}
	c.Name = userName(p.uid)
	if text := r.Header.Get(sshPeerHeader); text != "" {
		addr, err := ParseAddress(text)
		if err != nil {
			return c, fmt.Errorf("header %s: %w", sshPeerHeader, err)
		}
		c.SSHPeer = addr
		s.options.Seen(c)
	}
	return c, nil
}

// checked is a request that can say whether it makes sense in itself, and returns itself in normal form.
type checked[R any] interface{ checked() (R, error) }

// decode reads one JSON object strictly: fields that are unknown, repeated or in another case, and anything behind it, are errors.
func decode[R checked[R]](body []byte) (R, error) {
	var r R
	if err := strict(body, &r); err != nil {
		return r, Invalid("body: "+err.Error(), `send one JSON object, networks in it like "192.0.2.7/32"`)
	}
	return r.checked()
}

func strict(body []byte, v any) error {
	if err := uniqueKeys(body); err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something follows the object")
	}
	return nil
}

// uniqueKeys refuses an object with a key that comes twice or is not in lower case: encoding/json takes the last of them and any case,
// so two readers of one request could understand two things.
func uniqueKeys(body []byte) error {
	d := json.NewDecoder(bytes.NewReader(body))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return errors.New("not a JSON object")
	}
	seen := map[string]bool{}
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return err
		}
		key, ok := t.(string)
		if !ok || seen[key] || key != strings.ToLower(key) {
			return fmt.Errorf("key %q is repeated or not in lower case", key)
		}
		seen[key] = true
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return err
		}
	}
	return nil
}

func (r BanRequest) checked() (_ BanRequest, err error) {
	if r.Prefix, err = checkPrefix(r.Prefix); err != nil {
		return r, err
	}
	return r, cmp.Or(checkSeconds("for_s", r.ForS), checkText("reason", r.Reason))
}

func (r AllowRequest) checked() (_ AllowRequest, err error) {
	if r.Prefix, err = checkPrefix(r.Prefix); err != nil {
		return r, err
	}
	return r, cmp.Or(checkSeconds("for_s", r.ForS), checkText("note", r.Note))
}

func (r UnblockRequest) checked() (UnblockRequest, error) {
	if r.All == (len(r.Prefixes) > 0) {
		return r, Invalid("unblock needs either prefixes or all", "name what to unblock")
	}
	prefixes := make([]netip.Prefix, len(r.Prefixes))
	for i, p := range r.Prefixes {
		var err error
		if prefixes[i], err = checkPrefix(p); err != nil {
			return r, err
		}
	}
	r.Prefixes = prefixes
	if r.GraceS != nil {
		return r, checkSeconds("grace_s", *r.GraceS)
	}
	return r, nil
}

func (r ModeRequest) checked() (ModeRequest, error) {
	if r.Mode != "observe" && r.Mode != "enforce" {
		return r, Invalid(fmt.Sprintf("there is no mode %q", r.Mode), "use observe or enforce")
	}
	if r.Mode == "observe" && (r.Preview || r.ConfirmS != 0) {
		return r, Invalid("preview and confirm go with mode enforce", "observing needs neither")
	}
	if r.Preview && r.ConfirmS != 0 {
		return r, Invalid("a preview changes nothing that could be confirmed", "ask for one of the two")
	}
	return r, checkSeconds("confirm_s", r.ConfirmS)
}

func checkSeconds(name string, s int64) error {
	if s < 0 || s > int64(MaxDuration/time.Second) {
		return Invalid(fmt.Sprintf("%s is %d: that is no time between 0 and %d seconds", name, s, int64(MaxDuration/time.Second)), "")
	}
	return nil
}

// checkText lets one line through: it will stand in logs and on terminals.
func checkText(name, text string) error {
	if len(text) > MaxText {
		return Invalid(fmt.Sprintf("%s has %d bytes", name, len(text)), fmt.Sprintf("say it in %d", MaxText))
	}
	if !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return Invalid(name+" has characters that do not print", "write one line of plain text")
	}
	return nil
}
