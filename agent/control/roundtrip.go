package control

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"golang.org/x/sys/unix"
)

const (
	dialTimeout = 5 * time.Second
	// An agent that has no room for another connection is asked again this often, and this much later each time.
	retries    = 5
	retryAfter = 50 * time.Millisecond
)

// do sends one request and returns the answer if it is a success. One that was not taken in is sent again a few times.
func (c *Client) do(ctx context.Context, method, path string, query url.Values, body []byte) (*http.Response, error) {
	for try := 1; ; try++ {
		resp, err := c.send(ctx, method, path, query, body)
		if err == nil && resp.StatusCode == http.StatusOK {
			return resp, nil
		}
		again := try <= retries && turnedAway(resp, err)
		if err != nil {
			err = c.broken(err)
		} else {
			err = refused(resp)
			resp.Body.Close()
		}
		if !again {
			return nil, err
		}
		select {
		case <-time.After(time.Duration(try) * retryAfter):
		case <-ctx.Done():
			return nil, err
		}
	}
}

// turnedAway says that the agent had no room for the connection, and closed it with or without us reading why. A broken pipe or a reset
// means that some of the request was never read (unix(7)), so nothing has been done yet, and even a change may be asked for again.
func turnedAway(resp *http.Response, err error) bool {
	if err != nil {
		return errors.Is(err, unix.EPIPE) || errors.Is(err, unix.ECONNRESET)
	}
	return resp.StatusCode == http.StatusServiceUnavailable
}

// send sends one request over a connection of its own, which goes with the answer's body. The http.Transport would not do: it takes an
// agent that turns us away before we have said anything for one that does not speak HTTP.
func (c *Client) send(ctx context.Context, method, path string, query url.Values, body []byte) (*http.Response, error) {
	req, err := c.request(method, path, query, body)
	if err != nil {
		return nil, err
	}
	d := net.Dialer{Timeout: dialTimeout}
	conn, err := d.DialContext(ctx, "unix", c.socket())
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	resp, err := exchange(conn, req)
	if err != nil {
		stop()
		conn.Close()
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return nil, err
	}
	resp.Body = &answer{ReadCloser: resp.Body, conn: conn, stop: stop, ctx: ctx}
	return resp, nil
}

func (c *Client) request(method, path string, query url.Values, body []byte) (*http.Request, error) {
	target := url.URL{Scheme: "http", Host: "cidrx", Path: "/v1/" + path, RawQuery: query.Encode()}
	req, err := http.NewRequest(method, target.String(), bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("request to the agent: %w", err)
	}
	req.Close = true
	if len(body) > 0 {
		req.Header.Set("Content-Type", "application/json")
	}
	if c.SSHPeer.IsValid() {
		req.Header.Set(sshPeerHeader, c.SSHPeer.WithZone("").String())
	}
	return req, nil
}

// exchange writes the request and reads the head of the answer, which may be there even if the request could not be written.
func exchange(conn net.Conn, req *http.Request) (*http.Response, error) {
	out := bufio.NewWriter(conn)
	sent := errors.Join(req.Write(out), out.Flush())
	resp, err := http.ReadResponse(bufio.NewReader(conn), req)
	if err != nil && sent != nil {
		return nil, sent
	}
	return resp, err
}

// answer is the body of an answer, with its connection.
type answer struct {
	io.ReadCloser
	conn net.Conn
	stop func() bool
	ctx  context.Context
}

// Read says why the connection was closed, if that was us.
func (a *answer) Read(p []byte) (int, error) {
	n, err := a.ReadCloser.Read(p)
	if err != nil && err != io.EOF && a.ctx.Err() != nil {
		err = a.ctx.Err()
	}
	return n, err
}

func (a *answer) Close() error {
	a.stop()
	return a.conn.Close()
}
