package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Client talks to the agent's control socket. Its zero value works. Errors carry advice (see Advice) and wrap ErrUnreachable,
// ErrForbidden or ErrInvalid where that is what happened. It may be used from several goroutines.
type Client struct {
	Socket  string     // default DefaultSocket
	SSHPeer netip.Addr // far end of the caller's SSH session, if any: see SSHPeer
}

// Status asks what the agent does and how it is.
func (c *Client) Status(ctx context.Context) (Status, error) {
	return get[Status](ctx, c, "status", nil)
}

// Bans lists the active bans; with all, those that have ended and are remembered too.
func (c *Client) Bans(ctx context.Context, all bool) ([]Ban, error) {
	return get[[]Ban](ctx, c, "bans", url.Values{"all": {strconv.FormatBool(all)}})
}

// Why asks for everything known of one address.
func (c *Client) Why(ctx context.Context, addr netip.Addr) (Why, error) {
	return get[Why](ctx, c, "why", url.Values{"address": {addr.String()}})
}

// Top asks for what a view of the agent shows.
func (c *Client) Top(ctx context.Context) (Top, error) {
	return get[Top](ctx, c, "top", nil)
}

// Ban bans a network by hand.
func (c *Client) Ban(ctx context.Context, r BanRequest) (Done, error) {
	return post[Done](ctx, c, "ban", r)
}

// Unblock lifts bans and carves networks out of wider ones.
func (c *Client) Unblock(ctx context.Context, r UnblockRequest) (Done, error) {
	return post[Done](ctx, c, "unblock", r)
}

// AllowList lists the allowlist.
func (c *Client) AllowList(ctx context.Context) ([]AllowEntry, error) {
	return get[[]AllowEntry](ctx, c, "allow/list", nil)
}

// AllowAdd puts a network on the run-time allowlist.
func (c *Client) AllowAdd(ctx context.Context, r AllowRequest) (Done, error) {
	return post[Done](ctx, c, "allow/add", r)
}

// AllowRemove takes a network off the run-time allowlist.
func (c *Client) AllowRemove(ctx context.Context, r AllowRequest) (Done, error) {
	return post[Done](ctx, c, "allow/remove", r)
}

// Mode asks for the mode and until when it has to be confirmed.
func (c *Client) Mode(ctx context.Context) (ModeReply, error) {
	return get[ModeReply](ctx, c, "mode", nil)
}

// SetMode changes the mode, or previews what changing it would do.
func (c *Client) SetMode(ctx context.Context, r ModeRequest) (ModeReply, error) {
	return post[ModeReply](ctx, c, "mode", r)
}

// Confirm keeps the mode that was set for a trial.
func (c *Client) Confirm(ctx context.Context) (ModeReply, error) {
	return post[ModeReply](ctx, c, "confirm", struct{}{})
}

// Reload makes the agent read its configuration again.
func (c *Client) Reload(ctx context.Context) (ReloadReply, error) {
	return post[ReloadReply](ctx, c, "reload", struct{}{})
}

// Flush lifts all bans, takes everything out of the kernel and switches to observe.
func (c *Client) Flush(ctx context.Context) (FlushReply, error) {
	return post[FlushReply](ctx, c, "flush", struct{}{})
}

// Selftest sends a line through the whole pipeline and back.
func (c *Client) Selftest(ctx context.Context) (SelftestReply, error) {
	return post[SelftestReply](ctx, c, "selftest", struct{}{})
}

// Version asks what the agent was built from.
func (c *Client) Version(ctx context.Context) (Version, error) {
	return get[Version](ctx, c, "version", nil)
}

// Events calls each with the audit trail, oldest first. With follow it goes on with what is added until ctx is done (then it returns
// nil) or the agent ends the stream, which is an error then. An error of each ends it too.
func (c *Client) Events(ctx context.Context, follow bool, each func(Event) error) error {
	return c.events(ctx, url.Values{"follow": {strconv.FormatBool(follow)}}, follow, each)
}

// EventsSince is Events that follows and leaves out what was before since, by the agent's clock.
func (c *Client) EventsSince(ctx context.Context, since time.Time, each func(Event) error) error {
	return c.events(ctx, url.Values{"follow": {"true"}, "since": {since.UTC().Format(time.RFC3339Nano)}}, true, each)
}

func (c *Client) events(ctx context.Context, query url.Values, follow bool, each func(Event) error) error {
	resp, err := c.do(ctx, http.MethodGet, "events", query, nil)
	if err != nil {
		return endOf(ctx, err)
	}
	defer resp.Body.Close()
	for d := json.NewDecoder(resp.Body); ; {
		var e Event
		err := d.Decode(&e)
		if errors.Is(err, io.EOF) {
			return c.ended(follow, resp.Trailer.Get(errorTrailer))
		}
		if err != nil {
			return endOf(ctx, c.unreadable(err))
		}
		if err := each(e); err != nil {
			return err
		}
	}
}

// endOf is nil if ctx has been cancelled: then that is what ended it.
func endOf(ctx context.Context, err error) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return nil
	}
	return err
}

// ended says why the agent ended a stream of events.
func (c *Client) ended(follow bool, reason string) error {
	switch {
	case reason == errStopping.Error(), reason == "" && follow:
		return c.unreachable("the agent has stopped", nil)
	case reason != "":
		return &Error{Message: "events broke off: " + reason}
	}
	return nil
}

func get[T any](ctx context.Context, c *Client, path string, query url.Values) (T, error) {
	return call[T](ctx, c, http.MethodGet, path, query, nil)
}

func post[T any](ctx context.Context, c *Client, path string, body any) (T, error) {
	text, err := json.Marshal(body)
	if err != nil {
		var none T
		return none, fmt.Errorf("request to the agent: %w", err)
	}
	return call[T](ctx, c, http.MethodPost, path, nil, text)
}

// call asks and reads the one document that comes back.
func call[T any](ctx context.Context, c *Client, method, path string, query url.Values, body []byte) (reply T, err error) {
	ctx, cancel := context.WithTimeout(ctx, AnswerTimeout+dialTimeout) // a little more than the server has, so that it is the one to say so
	defer cancel()
	resp, err := c.do(ctx, method, path, query, body)
	if err != nil {
		return reply, err
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(&reply); err != nil {
		return reply, c.unreadable(err)
	}
	return reply, nil
}

func (c *Client) socket() string {
	if c.Socket == "" {
		return DefaultSocket
	}
	return c.Socket
}

// broken turns what net/http says into what a person can use.
func (c *Client) broken(err error) error {
	switch {
	case errors.Is(err, context.Canceled):
		return err
	case errors.Is(err, unix.EACCES):
		return &Error{Message: fmt.Sprintf("no permission to reach the socket %s", c.socket()), Next: "use sudo, or join group cidrx (cidrx-read to read only)", Err: ErrForbidden}
	case errors.Is(err, unix.ENOENT):
		return c.unreachable("there is no agent socket at "+c.socket(), err)
	case errors.Is(err, unix.ECONNREFUSED):
		return c.unreachable("nobody answers at "+c.socket(), err)
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, unix.EAGAIN):
		return c.unreachable("the agent at "+c.socket()+" does not answer", err)
	case errors.Is(err, unix.EPIPE), errors.Is(err, unix.ECONNRESET), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return &Error{Message: "the agent closed the connection", Next: "is it stopping, or are too many connections open? try again", Err: errors.Join(ErrUnreachable, err)}
	}
	return c.unreachable(fmt.Sprintf("what listens at %s does not answer like an agent (%v)", c.socket(), err), err)
}

func (c *Client) unreachable(message string, err error) error {
	next := "is the agent running? systemctl status cidrx"
	if c.socket() != DefaultSocket {
		next = "is the agent running, and is that its agent.socket? systemctl status cidrx"
	}
	return &Error{Message: message, Next: next, Err: errors.Join(ErrUnreachable, err)}
}

// unreadable is for an answer that begins well and cannot be read to its end.
func (c *Client) unreadable(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, unix.ECONNRESET) {
		return c.unreachable("the agent broke off its answer", err)
	}
	return &Error{Message: "the agent's answer cannot be read: " + err.Error(), Next: "are agent and cidrxctl of one version? cidrxctl version", Err: err}
}

// refused turns an answer that is no success into an error.
func refused(resp *http.Response) error {
	var f failure
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxBody)).Decode(&f); err != nil || f.Error == "" {
		f = failure{Error: "the agent answered " + resp.Status}
	}
	e := &Error{Message: strings.TrimSpace(f.Error), Next: f.Next}
	switch resp.StatusCode {
	case http.StatusBadRequest:
		e.Err = ErrInvalid
	case http.StatusForbidden:
		e.Err = ErrForbidden
	case http.StatusNotFound, http.StatusMethodNotAllowed:
		e.Next = "are agent and cidrxctl of one version? cidrxctl version"
	}
	return e
}
