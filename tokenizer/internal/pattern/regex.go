package pattern

import (
	"fmt"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/dlclark/regexp2"
	"github.com/gocoreml/coreml/tokenizer/internal/budget"
)

// regexMatcher runs any other pattern with a backtracking engine, which has
// the lookarounds that patterns use and that Go's own engine does not. Backtracking can
// take time without end, from a pattern and a text that both look harmless; the time of
// all searches of a call is bounded together, since a file may have many patterns.
type regexMatcher struct{ re *regexp2.Regexp }

// matchTimeout bounds the backtracking of one search, and maxMatched the text: the
// engine keeps a stack of what it may have to try again, which grows with both.
const (
	matchTimeout = time.Second
	maxMatched   = budget.MaxText / 4
)

// errPattern is returned by Encode where a pattern takes too long.
var errPattern = fmt.Errorf("%w: a pattern takes too long on this text", budget.ErrTooLarge)

// Find runs the search beside the caller where that has a context: a search
// cannot be interrupted, but left to its time limit.
func (m regexMatcher) Find(may *budget.Budget, dst []Match, s string) ([]Match, error) {
	if may.Patience <= 0 {
		return dst, errPattern
	}
	if len(s) > maxMatched {
		return dst, fmt.Errorf("%w: the text is longer than 16 MiB for a pattern", budget.ErrTooLarge)
	}
	began := time.Now()
	defer func() { may.Patience -= time.Since(began) }()
	end := began.Add(may.Patience)
	if may.Done == nil {
		return m.search(dst, s, end, nil)
	}
	type result struct {
		matches []Match
		err     error
		thrown  any
	}
	found := make(chan result, 1)
	var stop atomic.Bool
	go func() {
		var r result
		defer func() {
			r.thrown = recover()
			found <- r
		}()
		// The memory of the state may have another owner when this ends.
		r.matches, r.err = m.search(nil, s, end, &stop)
	}()
	select {
	case <-may.Done:
		stop.Store(true)
		return dst, budget.ErrStopped
	case r := <-found:
		if r.thrown != nil {
			panic(r.thrown) // as if the engine had been called from here
		}
		// A pattern that took too long may have outlasted the context too, which then is
		// the reason, whichever is heard of first.
		if r.err != nil && stopped(may.Done) {
			return dst, budget.ErrStopped
		}
		return append(dst, r.matches...), r.err
	}
}

// stopped reports whether a context has ended.
func stopped(done <-chan struct{}) bool {
	select {
	case <-done:
		return true
	default:
		return false
	}
}

// search finds the matches until end, or until stop is set. The engine works on
// characters, and its places are counted in them; those here are bytes. They only grow,
// so one walk over the text turns them into each other.
func (m regexMatcher) search(dst []Match, s string, end time.Time, stop *atomic.Bool) ([]Match, error) {
	runes := []rune(s)
	pos, at := 0, 0 // at is the byte offset of runes[pos]
	advance := func(to int) int {
		for ; pos < to; pos++ {
			at += utf8.RuneLen(runes[pos])
		}
		return at
	}
	from, started := 0, false
	found, err := m.re.FindRunesMatch(runes)
	for ; err == nil && found != nil; found, err = m.re.FindNextMatch(found) {
		if time.Now().After(end) || stop != nil && stop.Load() {
			return dst, errPattern
		}
		start := advance(found.Index)
		end := advance(found.Index + found.Length)
		if from < start {
			dst = append(dst, Match{int32(from), int32(start), false})
		}
		// A match of nothing counts, since it separates and can be replaced,
		// but not right behind another match.
		if start == end && start == from && started {
			continue
		}
		started = true
		dst = append(dst, Match{int32(start), int32(end), true})
		from = end
	}
	if from < len(s) {
		dst = append(dst, Match{int32(from), int32(len(s)), false})
	}
	if err != nil {
		err = errPattern // the cause has the whole text in it
	}
	return dst, err
}
