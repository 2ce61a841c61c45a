package loglimit

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
)

// handler writes to another one what the limit lets pass.
type handler struct {
	limit *Limit
	to    slog.Handler
	attrs string // the logger's own: what one source of the configuration says does not count for another
}

// Enabled is that of the handler behind.
func (h *handler) Enabled(ctx context.Context, level slog.Level) bool {
	return h.to.Enabled(ctx, level)
}

// Handle writes a message, or counts it.
func (h *handler) Handle(ctx context.Context, r slog.Record) error {
	if ctx.Value(always{}) == nil && !h.limit.pass(h, r.Message) {
		return nil
	}
	return h.to.Handle(ctx, r)
}

// WithAttrs is the handler of a logger with attributes of its own.
func (h *handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	var b strings.Builder
	b.WriteString(h.attrs)
	for _, a := range attrs {
		fmt.Fprintf(&b, "%q=%q ", a.Key, a.Value)
	}
	return &handler{h.limit, h.to.WithAttrs(attrs), b.String()}
}

// WithGroup is the handler of a logger whose attributes are in a group.
func (h *handler) WithGroup(name string) slog.Handler {
	return &handler{h.limit, h.to.WithGroup(name), fmt.Sprintf("%s%q.", h.attrs, name)}
}
