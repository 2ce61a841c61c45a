package control

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"
)

const (
	// queuedEvents lie between the agent and a reader.
	queuedEvents = 256
	// errorTrailer says at the end of a stream of events why it ended, if not as asked.
	errorTrailer = "Cidrx-Error"
)

var (
	errSlowReader = errors.New("the reader of events is too slow")
	errStopping   = errors.New("the agent is stopping")
)

// events sends the audit trail as JSON lines. The agent fills a queue that a goroutine of ours empties into the connection, so that how
// fast somebody reads is nobody else's affair.
func (s *Server) events(w http.ResponseWriter, q *request) {
	follow, err := q.flag("follow")
	if err != nil {
		s.fail(w, http.StatusBadRequest, err)
		return
	}
	since, err := q.instant("since")
	if err != nil {
		s.fail(w, http.StatusBadRequest, err)
		return
	}
	ctx, cancel := context.WithCancelCause(q.ctx)
	defer cancel(nil)
	st := newStream(w, s.options.ReaderPatience, cancel)
	go st.write(ctx)
	go func() {
		select {
		case <-s.stopped:
			cancel(errStopping)
		case <-ctx.Done():
		}
	}()
	err = s.agent.Events(ctx, follow, func(e Event) error {
		if e.At.Before(since) {
			return ctx.Err()
		}
		return st.send(ctx, e)
	})
	close(st.finished)
	<-st.written
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		s.log.Debug("events ended", "reason", err)
		message, _ := Advice(err)
		w.Header().Set(errorTrailer, message)
	}
}

// stream is one reader's queue and what empties it.
type stream struct {
	w      http.ResponseWriter
	out    *bufio.Writer
	enc    *json.Encoder
	cancel context.CancelCauseFunc
	// patience is how long the reader may keep us waiting.
	patience time.Duration

	queue    chan Event
	finished chan struct{} // the agent will send no more
	written  chan struct{} // the goroutine is gone, and w is the handler's again
}

func newStream(w http.ResponseWriter, patience time.Duration, cancel context.CancelCauseFunc) *stream {
	w.Header().Set("Content-Type", "application/x-ndjson")
	w.Header().Set("Trailer", errorTrailer)
	st := &stream{w: w, out: bufio.NewWriter(w), cancel: cancel, patience: patience,
		queue: make(chan Event, queuedEvents), finished: make(chan struct{}), written: make(chan struct{})}
	st.enc = newEncoder(st.out)
	return st
}

// send queues an event. It waits for a slow reader, but not for long.
func (st *stream) send(ctx context.Context, e Event) error {
	select {
	case st.queue <- e:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(st.patience):
		st.cancel(errSlowReader)
		return errSlowReader
	}
}

// write empties the queue until the agent has finished or ctx is done.
func (st *stream) write(ctx context.Context) {
	defer close(st.written)
	st.check(st.flush()) // the header, so that who follows knows to be connected
	for {
		select {
		case e := <-st.queue:
			st.check(st.put(e))
		case <-ctx.Done():
			return
		case <-st.finished:
			st.check(st.rest())
			return
		}
	}
}

// rest writes what is still queued when no more will come.
func (st *stream) rest() error {
	for len(st.queue) > 0 {
		if err := st.put(<-st.queue); err != nil {
			return err
		}
	}
	return st.flush()
}

// put writes one event, and flushes when no other waits.
func (st *stream) put(e Event) error {
	if err := http.NewResponseController(st.w).SetWriteDeadline(time.Now().Add(st.patience)); err != nil {
		return err
	}
	if err := st.enc.Encode(normal(e)); err != nil {
		return err
	}
	if len(st.queue) > 0 {
		return nil
	}
	return st.flush()
}

func (st *stream) flush() error {
	rc := http.NewResponseController(st.w)
	return errors.Join(rc.SetWriteDeadline(time.Now().Add(st.patience)), st.out.Flush(), rc.Flush())
}

// check ends the stream at its first error.
func (st *stream) check(err error) {
	if err != nil {
		st.cancel(err)
	}
}
