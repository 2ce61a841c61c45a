package agent

import (
	"context"
	"time"
)

// ask runs f on the loop and returns what it says.
func ask[T any](ctx context.Context, a *Agent, f func(now time.Time) (T, error)) (T, error) {
	reply, _, err := call(ctx, a, func(now time.Time) (T, <-chan error, error) {
		v, err := f(now)
		return v, nil, err
	})
	return reply, err
}

// command runs f on the loop and returns when kernel and disk hold what f changed. Nothing waits on the loop meanwhile.
func command[T any](ctx context.Context, a *Agent, f func(now time.Time) (T, error)) (T, error) {
	reply, settled, err := call(ctx, a, func(now time.Time) (T, <-chan error, error) {
		a.settle(now, cause{}) // what came before is not this command's affair
		v, err := f(now)
		if err != nil {
			return v, nil, err
		}
		answer := make(chan error, 1)
		a.settle(now, cause{answer: answer})
		return v, answer, nil
	})
	if err != nil || settled == nil {
		return reply, err
	}
	select {
	case err = <-settled:
		return reply, err
	case <-ctx.Done():
		return reply, ctx.Err()
	}
}

func call[T any](ctx context.Context, a *Agent, f func(now time.Time) (T, <-chan error, error)) (reply T, settled <-chan error, err error) {
	done := make(chan struct{})
	run := func(now time.Time) {
		defer close(done)
		reply, settled, err = f(now)
	}
	select {
	case a.requests <- run:
		<-done // the loop has it: it will be done
		return reply, settled, err
	case <-ctx.Done():
		return reply, nil, ctx.Err()
	}
}
