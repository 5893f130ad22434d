package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/gocoreml/coreml/conformance/openai/target"
)

// question is one of those that the streams ask, with the answer that it has alone.
type question struct {
	request
	text string
}

// soak runs the streams and judges what is left behind them.
func soak(ctx context.Context, s *target.Server, set *settings) error {
	questions, err := alone(ctx, s)
	if err != nil {
		return err
	}
	w := &watch{server: s}
	before, err := w.look(ctx)
	if err != nil {
		return err
	}
	fmt.Printf("before: %v\n", before)
	c := &counts{of: map[string]int{}}
	run, cancel := context.WithTimeout(ctx, set.duration)
	defer cancel()
	var readers sync.WaitGroup
	for i := range set.streams {
		r := &reader{server: s, questions: questions, counts: c, random: rand.New(rand.NewPCG(set.seed, uint64(i)))}
		readers.Go(func() {
			for run.Err() == nil {
				r.turn(ctx, run)
			}
		})
	}
	memory, err := w.during(run, max(set.duration/15, time.Second))
	readers.Wait()
	http.DefaultClient.CloseIdleConnections()
	c.print()
	if err := errors.Join(err, ctx.Err(), c.failure(), memory.flat()); err != nil {
		return err
	}
	if err := stuck(ctx, s, set.parallel); err != nil {
		return err
	}
	return w.settle(ctx, before)
}

// stuck has every state taken by an answer without end whose reader takes nothing. All of
// them are cut off, or else a request behind them would wait for ever.
func stuck(ctx context.Context, s *target.Server, states int) error {
	start := time.Now()
	for i := range states {
		r := ask(s, "Tell me a story.", i, 1_000_000)
		// Events of some kilobytes fill what lies between the two sides.
		r["ignore_end"], r["overflow"], r["logprobs"], r["top_logprobs"] = true, "slide", true, 20
		a, err := begin(ctx, s, r)
		if err != nil {
			return fmt.Errorf("a reader that takes nothing: %w", err)
		}
		defer a.close()
		if _, err := a.next(); err != nil {
			return fmt.Errorf("a reader that takes nothing: %w", err)
		}
	}
	limited, cancel := context.WithTimeout(ctx, 3*time.Minute)
	defer cancel()
	a, err := begin(limited, s, ask(s, "Why?", 1, 8))
	if err == nil {
		_, err = a.text(0)
		a.close()
	}
	if err != nil {
		return fmt.Errorf("behind %d readers that take nothing: %w", states, err)
	}
	fmt.Printf("behind %d readers that take nothing a request was answered after %v\n", states, time.Since(start).Round(time.Second))
	return nil
}

// alone asks every question by itself.
func alone(ctx context.Context, s *target.Server) ([]*question, error) {
	var list []*question
	for i := range 12 {
		q := &question{request: ask(s, []string{"Tell me a story.", "Who are you?", "日本 🎉"}[i%3], i, 16+24*i)}
		a, err := begin(ctx, s, q.request)
		if err != nil {
			return nil, err
		}
		q.text, err = a.text(0)
		a.close()
		if err != nil {
			return nil, err
		}
		list = append(list, q)
	}
	return list, nil
}

// reader is one of the streams' other ends.
type reader struct {
	server    *target.Server
	questions []*question
	counts    *counts
	random    *rand.Rand
}

// turn asks once and does with the answer what is drawn. Answers that have begun are read
// to their end behind the end of the run.
func (r *reader) turn(ctx, run context.Context) {
	q := r.questions[r.random.IntN(len(r.questions))]
	a, err := begin(ctx, r.server, q.request)
	if refused, ok := errors.AsType[*statusError](err); ok && refused.status == http.StatusTooManyRequests {
		r.refused(run, refused)
		return
	}
	if err != nil {
		r.counts.fail("a request", err)
		return
	}
	defer a.close()
	switch kind := r.random.IntN(10); {
	case kind < 5:
		r.whole(a, q, "read", 0)
	case kind < 7:
		r.whole(a, q, "read slowly", time.Duration(r.random.IntN(20))*time.Millisecond)
	case kind < 9:
		for range r.random.IntN(40) {
			if _, err := a.next(); err != nil {
				break
			}
		}
		r.counts.add("left")
	default:
		// Takes nothing for a while, and then all that there is.
		time.Sleep(time.Duration(r.random.IntN(2000)) * time.Millisecond)
		r.whole(a, q, "taken late", 0)
	}
}

// refused waits as it is told to, at most until the end of the run.
func (r *reader) refused(run context.Context, e *statusError) {
	r.counts.add("refused with 429")
	seconds, err := strconv.Atoi(e.after)
	if err != nil || seconds < 1 {
		r.counts.fail("a 429", fmt.Errorf("Retry-After is %q", e.after))
	}
	select {
	case <-run.Done():
	case <-time.After(time.Duration(seconds) * time.Second):
	}
}

// whole reads an answer to its end, and compares it.
func (r *reader) whole(a *answer, q *question, how string, pause time.Duration) {
	text, err := a.text(pause)
	switch {
	case err != nil:
		r.counts.fail(how, err)
	case text != q.text:
		r.counts.fail(how, fmt.Errorf("the answer is %q, alone it was %q", text, q.text))
	default:
		r.counts.add(how)
	}
}
