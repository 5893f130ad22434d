package hub

import (
	"context"
	"log/slog"
	"runtime"
	"runtime/debug"
	"sync"
)

// departure is how the caller's Progress function left goroutines of ours without
// coming back: by a panic, or by runtime.Goexit, as t.FailNow does. It has to happen
// to the caller's own goroutine: in ours nobody can recover, and a file would be
// missing without a word.
type departure struct {
	mu    sync.Mutex
	left  bool
	value any // of the first panic, nil where there was none
}

// by notes what recover gave in a goroutine that was left.
func (d *departure) by(ctx context.Context, value any, log *slog.Logger) {
	if value != nil {
		// Who panics again shows another stack.
		log.ErrorContext(ctx, "panic in a download", "value", value, "stack", string(debug.Stack()))
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.left = true
	if d.value == nil {
		d.value = value
	}
}

// follow leaves the goroutine that calls it in the same way, when all others have
// ended.
func (d *departure) follow() {
	switch {
	case d.value != nil:
		panic(d.value)
	case d.left:
		runtime.Goexit()
	}
}
