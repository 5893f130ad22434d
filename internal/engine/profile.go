package engine

import (
	"context"
	"time"
)

// Profiler is told what the steps of a prediction cost. It is called by the
// goroutine that predicts, so that one Profiler serves one prediction at a time.
type Profiler interface {
	// Step reports a step once it has ended: the operator, the format of the
	// constant weights that it read in full and how many stored bytes they are
	// ("" and 0 when it read none), and the time from its start.
	Step(operator, format string, bytes int, elapsed time.Duration)
}

type profilerKey struct{}

// WithProfiler returns a context under which predictions report their steps to
// p. Engines that cannot tell ignore it.
func WithProfiler(ctx context.Context, p Profiler) context.Context {
	return context.WithValue(ctx, profilerKey{}, p)
}

// ProfilerOf returns the context's profiler, nil when it has none.
func ProfilerOf(ctx context.Context) Profiler {
	p, _ := ctx.Value(profilerKey{}).(Profiler)
	return p
}
