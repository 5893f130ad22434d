package enginetest

import (
	"context"
	"sync/atomic"
	"testing"
	"time"
)

// looks is how often an engine that looks at the context while it computes does so before
// that ends: at the same place on every machine.
const looks = 100

// ending is a context that ends when it has been looked at often enough.
type ending struct {
	context.Context //nolint:containedctx // the other methods
	end             context.CancelFunc
	left            atomic.Int64
}

// endsMeanwhile returns a context for a prediction of [longTurns], which is under way when
// it ends. An engine that does not look at it learns of its end after some milliseconds.
func endsMeanwhile(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	timer := time.AfterFunc(10*time.Millisecond, cancel)
	t.Cleanup(func() { timer.Stop() })
	e := &ending{Context: ctx, end: cancel}
	e.left.Store(looks)
	return e
}

// Err counts the looks.
func (e *ending) Err() error {
	if e.left.Add(-1) == 0 {
		e.end()
	}
	return e.Context.Err()
}
