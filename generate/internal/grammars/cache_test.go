package grammars_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/gocoreml/coreml/generate/grammar"
	"github.com/gocoreml/coreml/generate/internal/grammars"
)

// digits builds a grammar of n digits, and counts.
func digits(n int, built *atomic.Int32) func() (*grammar.Grammar, error) {
	return func() (*grammar.Grammar, error) {
		built.Add(1)
		return grammar.Regex(fmt.Sprintf("[0-9]{%d}", n))
	}
}

// of returns a grammar of n digits and whether it was built for it.
func of(t *testing.T, c *grammars.Cache, n int) (g *grammar.Grammar, release func(), isNew bool) {
	t.Helper()
	var built atomic.Int32
	g, release, err := c.Get(t.Context(), "regex", fmt.Sprint(n), digits(n, &built))
	if err != nil || !g.Match(strings.Repeat("7", n)) {
		t.Fatalf("%d digits: %v", n, err)
	}
	return g, release, built.Load() > 0
}

// size is what a grammar of some digits takes in a cache, about.
func size(t *testing.T) int64 {
	t.Helper()
	g, err := grammar.Regex("[0-9]{20}")
	if err != nil {
		t.Fatal(err)
	}
	g.Match(strings.Repeat("7", 20))
	return g.Memory()
}

func TestEqualTextsOfAKindHaveOneGrammar(t *testing.T) {
	var c grammars.Cache
	first, release, isNew := of(t, &c, 20)
	if !isNew {
		t.Fatal("the first is not built")
	}
	release()
	release() // which is nothing more
	if again, _, isNew := of(t, &c, 20); isNew || again != first {
		t.Error("an equal text is built again")
	}
	var built atomic.Int32
	if other, _, err := c.Get(t.Context(), "another kind", "20", digits(21, &built)); err != nil || other == first || built.Load() != 1 {
		t.Errorf("another kind with the same text: %v", err)
	}
}

func TestErrorsAndPanicsAreNotKept(t *testing.T) {
	var c grammars.Cache
	broken := errors.New("broken")
	for range 2 {
		if _, _, err := c.Get(t.Context(), "regex", "20", func() (*grammar.Grammar, error) { return nil, broken }); !errors.Is(err, broken) {
			t.Fatal(err)
		}
	}
	func() {
		defer func() {
			if p := fmt.Sprint(recover()); !strings.Contains(p, "by itself") {
				t.Errorf("the panic is %s", p)
			}
		}()
		_, _, err := c.Get(t.Context(), "regex", "20", func() (*grammar.Grammar, error) { panic("by itself") })
		t.Errorf("a panic gives %v", err)
	}()
	if _, _, isNew := of(t, &c, 20); !isNew {
		t.Error("what was kept is no grammar")
	}
}

func TestThoseWhoAskAtOnceShareTheWork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c grammars.Cache
		var built atomic.Int32
		gate := make(chan struct{})
		build := func() (*grammar.Grammar, error) {
			<-gate
			return digits(3, &built)()
		}
		// The first, who began it, leaves.
		ctx, cancel := context.WithCancelCause(t.Context())
		gone := errors.New("gone")
		left := make(chan error)
		go func() {
			_, _, err := c.Get(ctx, "regex", "3", build)
			left <- err
		}()
		synctest.Wait()
		all := make(chan *grammar.Grammar)
		for range 8 {
			go func() {
				g, release, err := c.Get(t.Context(), "regex", "3", build)
				if err != nil {
					t.Error(err)
				}
				defer release()
				all <- g
			}()
		}
		synctest.Wait()
		cancel(gone)
		if err := <-left; !errors.Is(err, gone) {
			t.Errorf("who left has %v", err)
		}
		close(gate)
		first := <-all
		for range 7 {
			if <-all != first {
				t.Error("there are two")
			}
		}
		if first == nil || built.Load() != 1 {
			t.Errorf("it was built %d times", built.Load())
		}
	})
}

func TestNothingIsBuiltForNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c grammars.Cache
		var built atomic.Int32
		gate := make(chan struct{})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		// As many as are built at once, and one that waits for them.
		for k := range 3 {
			go func() {
				_, _, _ = c.Get(ctx, "regex", fmt.Sprint(k), func() (*grammar.Grammar, error) {
					built.Add(1)
					<-gate
					return grammar.Regex("a")
				})
				done <- struct{}{}
			}()
		}
		synctest.Wait()
		cancel()
		for range 3 {
			<-done
		}
		close(gate)
		synctest.Wait()
		if n := built.Load(); n != 2 {
			t.Errorf("%d are built, want the 2 that had begun", n)
		}
		// What was built for those who left is there all the same, and what was not can be had.
		for k := range 3 {
			if _, _, err := c.Get(t.Context(), "regex", fmt.Sprint(k), digits(2, &built)); err != nil {
				t.Errorf("after all have left: %v", err)
			}
		}
		if n := built.Load(); n != 3 {
			t.Errorf("%d are built, want 3", n)
		}
	})
}

func TestTheLeastRecentlyUsedIsDropped(t *testing.T) {
	c := grammars.Cache{Limit: 5 * size(t) / 2}
	_, used, _ := of(t, &c, 18)
	for _, n := range []int{19, 20, 21} {
		_, release, _ := of(t, &c, n)
		release()
	}
	// There is room for two: the one in use and the last.
	for n, want := range map[int]bool{18: false, 21: false} {
		_, release, isNew := of(t, &c, n)
		if release(); isNew != want {
			t.Errorf("%d digits are built again: %v", n, isNew)
		}
	}
	if _, release, isNew := of(t, &c, 19); !isNew {
		t.Error("the oldest is kept")
	} else {
		release()
	}
	used()
}

func TestWhatAGrammarLearnsIsCounted(t *testing.T) {
	c := grammars.Cache{Limit: 20 * size(t)}
	g, release, _ := of(t, &c, 500)
	before := g.Memory()
	_, other, _ := of(t, &c, 20)
	other()
	// A long text leads to many states.
	long, done, err := c.Get(t.Context(), "regex", "long", func() (*grammar.Grammar, error) { return grammar.Regex("[0-9]{1,1000}") })
	if err != nil {
		t.Fatal(err)
	}
	small := long.Memory()
	long.Match(strings.Repeat("7", 1000))
	if long.Memory() <= max(small, c.Limit) {
		t.Fatalf("it takes %d bytes, and at first %d of %d", long.Memory(), small, c.Limit)
	}
	done()
	release()
	if _, _, isNew := of(t, &c, 20); !isNew {
		t.Error("the one that nobody uses is kept beside one that takes all")
	}
	if g.Memory() < before {
		t.Error("a grammar has become smaller")
	}
}

func TestNewOnesWaitForRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := grammars.Cache{Limit: 1}
		first, release, _ := of(t, &c, 20)
		hold := c.Hold(first)
		var built atomic.Int32
		done := make(chan error)
		go func() {
			_, other, err := c.Get(t.Context(), "regex", "21", digits(21, &built))
			other()
			done <- err
		}()
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			_, _, err := c.Get(ctx, "regex", "22", digits(22, &built))
			done <- err
		}()
		synctest.Wait()
		if cancel(); !errors.Is(<-done, context.Canceled) {
			t.Error("who waits for room does not heed its context")
		}
		if again, more, isNew := of(t, &c, 20); isNew || again != first {
			t.Error("the one in use cannot be had")
		} else {
			more()
		}
		release()
		synctest.Wait()
		if built.Load() != 0 {
			t.Error("another is built while one that takes all is held")
		}
		hold()
		if err := <-done; err != nil || built.Load() != 1 {
			t.Errorf("once there is room: %v", err)
		}
		if _, _, isNew := of(t, &c, 20); !isNew {
			t.Error("what nobody uses is kept beyond the limit")
		}
		c.Hold(nil)()
		c.Hold(first)() // which the cache has no more
	})
}

func TestWhoHoldsWhatOthersWaitForWaitsForNoRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := grammars.Cache{Limit: 1}
		_, release, _ := of(t, &c, 20)
		defer release()
		var built atomic.Int32
		done := make(chan error, 2)
		get := func(ctx context.Context, n int) {
			_, release, err := c.Get(ctx, "regex", fmt.Sprint(n), digits(n, &built))
			if err == nil {
				release()
			}
			done <- err
		}
		get(grammars.AtOnce(t.Context()), 21)
		if err := <-done; err != nil || built.Load() != 1 {
			t.Errorf("it waits: %v", err)
		}
		// One that waits already is made for the other too.
		go get(t.Context(), 22)
		synctest.Wait()
		if built.Load() != 1 {
			t.Error("another does not wait")
		}
		get(grammars.AtOnce(t.Context()), 22)
		if err := errors.Join(<-done, <-done); err != nil || built.Load() != 2 {
			t.Errorf("with one that waits: %v", err)
		}
	})
}

func TestFewWaitForRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := grammars.Cache{Limit: 1}
		_, release, _ := of(t, &c, 20)
		var built atomic.Int32
		done := make(chan error)
		const most = 64
		for k := range most {
			go func() {
				_, release, err := c.Get(t.Context(), "regex", fmt.Sprint(21+k%3), digits(21+k%3, &built))
				if err == nil {
					release()
				}
				done <- err
			}()
		}
		synctest.Wait()
		for _, n := range []int{21, 30} {
			if _, _, err := c.Get(t.Context(), "regex", fmt.Sprint(n), digits(n, &built)); !errors.Is(err, grammars.ErrFull) {
				t.Errorf("one more waits: %v", err)
			}
		}
		if again, more, isNew := of(t, &c, 20); isNew || again == nil {
			t.Error("one that is there cannot be had")
		} else {
			more()
		}
		get, more, err := c.Get(grammars.AtOnce(t.Context()), "regex", "40", digits(40, &built))
		if err != nil || get == nil {
			t.Fatalf("one that waits for no room: %v", err)
		}
		more()
		release()
		for range most {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
		if _, more, isNew := of(t, &c, 50); !isNew {
			t.Error("it is not new")
		} else {
			more()
		}
	})
}
