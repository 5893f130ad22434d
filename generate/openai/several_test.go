package openai

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/gocoreml/coreml/generate"
)

// severalReply is one of n prompts whose answers a test makes.
func severalReply(ctx context.Context, n int) *completionReply {
	x := &exchange{ctx: ctx, stream: &eventWriter{}}
	return &completionReply{x: x, j: &job{x: x}, prompts: make([]generate.Prompt, n)}
}

// whole waits for a run.
func (run *promptRun) whole() error {
	<-run.over
	return run.err
}

func TestPromptsAreBegunOneBehindTheOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := severalReply(t.Context(), 40)
		var begun, ended atomic.Int32
		first, rest := make(chan struct{}), make(chan struct{})
		var order []int
		result := make(chan error)
		go func() {
			used, err := r.several(true, func(run *promptRun) error {
				begun.Add(1)
				if run.k == 0 {
					<-first // without a place until then
				}
				run.r.x.begun()
				run.r.x.stats = RequestStats{Tokens: 2, PromptTokens: run.k}
				run.used.completion = 2
				<-rest
				ended.Add(1)
				return nil
			}, func(run *promptRun) error {
				order = append(order, run.k)
				return run.whole()
			})
			if used.completion != 80 || r.x.stats.Tokens != 80 || r.x.stats.PromptTokens != 39*40/2 {
				t.Errorf("counted %+v and %+v", used, r.x.stats)
			}
			result <- err
		}()
		synctest.Wait()
		if n := begun.Load(); n != 1 {
			t.Errorf("%d prompts wait for a place, want 1", n)
		}
		close(first)
		synctest.Wait()
		if n := begun.Load(); n != mostAhead {
			t.Errorf("%d are answered at once, want %d", n, mostAhead)
		}
		close(rest)
		if err := <-result; err != nil || ended.Load() != 40 || !slices.IsSorted(order) || len(order) != 40 {
			t.Errorf("%v; %d have ended, replied to in the order %v", err, ended.Load(), order)
		}
	})
}

func TestTheFirstErrorOfPromptsEndsAll(t *testing.T) {
	broken := errors.New("broken")
	for _, together := range []bool{true, false} {
		r := severalReply(t.Context(), 3)
		var cancelled atomic.Int32
		last := make(chan struct{})
		var told []int
		_, err := r.several(together, func(run *promptRun) error {
			run.r.x.begun()
			if run.k == 2 {
				close(last)
				return broken
			}
			if together {
				<-run.r.x.ctx.Done()
				cancelled.Add(1)
				return context.Cause(run.r.x.ctx)
			}
			<-last
			return nil
		}, func(run *promptRun) error {
			told = append(told, run.k)
			return run.whole()
		})
		if !errors.Is(err, broken) || together != (cancelled.Load() == 2) || !together && len(told) != 3 {
			t.Errorf("together %t: %v, %d cancelled, told of %v", together, err, cancelled.Load(), told)
		}
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	r := severalReply(ctx, 3)
	_, err := r.several(false, func(run *promptRun) error {
		cancel(broken)
		<-run.r.x.ctx.Done()
		return context.Cause(run.r.x.ctx)
	}, (*promptRun).whole)
	if !errors.Is(err, broken) {
		t.Errorf("at the end of the request: %v", err)
	}
	func() {
		defer func() {
			if err, _ := recover().(error); !errors.Is(err, http.ErrAbortHandler) {
				t.Errorf("a panic goes on as %v", err)
			}
		}()
		_, _ = severalReply(t.Context(), 2).several(false, func(run *promptRun) error { panic(http.ErrAbortHandler) }, (*promptRun).whole)
	}()
}

// A queue that its own request fills is not full.
func TestAPromptWaitsForThePlaceOfTheOneBefore(t *testing.T) {
	full := &apiError{status: http.StatusTooManyRequests, code: "queue_full"}
	var tries atomic.Int32
	refused := make(chan struct{})
	r := severalReply(t.Context(), 2)
	_, err := r.several(true, func(run *promptRun) error {
		if run.k == 0 {
			run.r.x.begun()
			<-refused
			return nil
		}
		if tries.Add(1) == 1 {
			close(refused)
			return full
		}
		return nil
	}, (*promptRun).whole)
	if err != nil || tries.Load() != 2 {
		t.Errorf("%v after %d tries", err, tries.Load())
	}
	if _, err := severalReply(t.Context(), 2).several(true, func(*promptRun) error { return full }, (*promptRun).whole); !errors.Is(err, full) {
		t.Errorf("the first has no other to wait for: %v", err)
	}
}

func TestEventsWaitForTheirTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var q eventQueue
		q.init()
		ctx, cancel := context.WithCancel(t.Context())
		text := strings.Repeat("x", maxUnread/4)
		result := make(chan error)
		go func() {
			for k := range 6 {
				if err := q.put(ctx, fmt.Sprint(k, text)); err != nil {
					result <- err
					return
				}
			}
			result <- nil
		}()
		synctest.Wait()
		list := q.take()
		if len(list) != 4 {
			t.Errorf("%d events wait, want 4", len(list))
		}
		if err := <-result; err != nil {
			t.Error(err)
		}
		for k, data := range append(list, q.take()...) {
			var s string
			if err := json.Unmarshal(data, &s); err != nil || s != fmt.Sprint(k, text) {
				t.Errorf("event %d is %.20q (%v)", k, s, err)
			}
		}
		go func() {
			for {
				if err := q.put(ctx, text); err != nil {
					result <- err
					return
				}
			}
		}()
		synctest.Wait()
		cancel()
		if err := <-result; !errors.Is(err, context.Canceled) {
			t.Errorf("at the end of the request: %v", err)
		}
	})
}
