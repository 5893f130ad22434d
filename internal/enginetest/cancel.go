package enginetest

import (
	"context"
	"slices"
	"testing"
	"time"
)

// AfterCancel reports how long run goes on after the end of its context: the
// median and the most of the benchmark's rounds, in milliseconds, beside what
// run takes when it is left alone. The rounds cut run at places spread over its
// whole length. A run that is over before its context counts as 0. It is for
// benchmarks and asserts nothing: times depend on the machine.
func AfterCancel(b *testing.B, run func(ctx context.Context) error) {
	b.Helper()
	// One run that nobody cancels tells how long the whole is.
	start := time.Now()
	if err := run(context.Background()); err != nil && !b.Failed() {
		b.Logf("left alone: %v", err)
	}
	whole := time.Since(start)
	var late []float64
	for k := 0; b.Loop(); k++ {
		// The golden ratio spreads any number of rounds evenly.
		place := float64(k+1) * 0.618034
		late = append(late, lateness(run, time.Duration(float64(whole)*(place-float64(int(place))))))
	}
	slices.Sort(late)
	b.ReportMetric(0, "ns/op") // the rounds' own time says nothing
	b.ReportMetric(float64(whole.Microseconds())/1e3, "ms-alone")
	b.ReportMetric(late[len(late)/2], "ms-late-median")
	b.ReportMetric(late[len(late)-1], "ms-late-most")
}

// lateness is how many milliseconds run returned after its context was ended.
// It counts from the moment before cancel is called. The timer runs on a thread
// of its own, so that a run which never yields is measured too.
func lateness(run func(ctx context.Context) error, after time.Duration) float64 {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	ended := make(chan time.Time, 1)
	timer := time.AfterFunc(after, func() {
		ended <- time.Now()
		cancel()
	})
	_ = run(ctx)
	returned := time.Now()
	// The timer has not fired: the run was over before.
	if timer.Stop() {
		return 0
	}
	return max(0, float64(returned.Sub(<-ended).Microseconds())/1e3)
}
