package main

import (
	"slices"
	"sync"
	"time"
)

// The rates of one measure over the rounds of bench, and the clock behind them.

// series is one measure over the rounds.
//
// Rates are kept and not times: lengths differ, and people compare tokens per
// second.
type series struct {
	length int       // of the prompt, or of the text before
	rates  []float64 // tokens per second, one for each round
	last   time.Duration
}

// add takes in one round.
func (s *series) add(tokens int, elapsed time.Duration) {
	s.last = elapsed
	s.rates = append(s.rates, perSecondOf(float64(tokens), elapsed))
}

// perSecondOf is how many of n there are in a second. A time below the step of
// the clock counts as one step: the rate is at least that.
func perSecondOf(n float64, elapsed time.Duration) float64 {
	return n / max(elapsed, clockStep()).Seconds()
}

// clockStep is the shortest time that the clock tells from none: well below a
// microsecond on most systems, some milliseconds on Windows.
var clockStep = sync.OnceValue(func() time.Duration {
	const longest = 100 * time.Millisecond
	least := longest
	for range 3 {
		start := time.Now()
		// The limit is for a clock that stands still, as that of an emulator may.
		for n := 0; ; n++ {
			if step := time.Since(start); step > 0 || n > 1e8 {
				least = min(least, max(step, 1))
				break
			}
		}
	}
	return least
})

// median returns the middle of the rates, 0 when there are none.
func (s *series) median() float64 { return median(s.rates) }

// The median and not the mean: a round in which the machine did something else is
// far off and should not count.
func median(v []float64) float64 {
	if len(v) == 0 {
		return 0
	}
	v = slices.Sorted(slices.Values(v))
	mid := len(v) / 2
	if len(v)%2 == 0 {
		return (v[mid-1] + v[mid]) / 2
	}
	return v[mid]
}
