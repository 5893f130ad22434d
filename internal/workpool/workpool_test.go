package workpool_test

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/gocoreml/coreml/internal/testutil"
	"github.com/gocoreml/coreml/internal/workpool"
)

// counter counts visits of each index and checks the worker number.
type counter struct {
	visits  []atomic.Int32
	workers []atomic.Int32
	bad     atomic.Bool
	inner   func(lo, hi int)
}

func newCounter(n, threads int) *counter {
	return &counter{visits: make([]atomic.Int32, n), workers: make([]atomic.Int32, threads)}
}

func (c *counter) Run(lo, hi, worker int) {
	if c.workers[worker].Add(1) != 1 {
		c.bad.Store(true)
	}
	for i := lo; i < hi; i++ {
		c.visits[i].Add(1)
	}
	if c.inner != nil {
		c.inner(lo, hi)
	}
	c.workers[worker].Add(-1)
}

func (c *counter) check(t *testing.T, times int32) {
	t.Helper()
	for i := range c.visits {
		if got := c.visits[i].Load(); got != times {
			t.Fatalf("index %d was visited %d times, want %d", i, got, times)
		}
	}
	if c.bad.Load() {
		t.Fatal("two calls shared a worker number at the same time")
	}
}

func TestEveryIndexIsVisitedOnce(t *testing.T) {
	for _, threads := range []int{0, 1, 2, 3, 8} {
		p := workpool.New(threads)
		defer p.Close()
		for _, n := range []int{0, 1, 2, 7, 64, 65, 1000, 4096} {
			for _, grain := range []int{0, 1, 4, 16, 5000} {
				for _, limit := range []int{0, 1, 2, 100} {
					c := newCounter(n, p.Threads())
					p.For(c, n, grain, limit)
					c.check(t, 1)
				}
			}
		}
	}
}

func TestChunksDoNotDependOnThreads(t *testing.T) {
	borders := func(threads int) string {
		p := workpool.New(threads)
		defer p.Close()
		var mu sync.Mutex
		los := map[int]int{}
		c := newCounter(1000, p.Threads())
		c.inner = func(lo, hi int) { mu.Lock(); los[lo] = hi; mu.Unlock() }
		p.For(c, 1000, 4, 0)
		return fmt.Sprint(los)
	}
	want := borders(1)
	for _, threads := range []int{2, 5} {
		if got := borders(threads); got != want {
			t.Errorf("%d threads: chunks %s, want %s", threads, got, want)
		}
	}
}

func TestChunkSizeIsAMultipleOfTheGrain(t *testing.T) {
	for _, n := range []int{1, 63, 64, 65, 576, 14336} {
		for _, grain := range []int{1, 4, 32} {
			if c := workpool.ChunkSize(n, grain); c <= 0 || c%grain != 0 {
				t.Errorf("ChunkSize(%d, %d) = %d", n, grain, c)
			}
		}
	}
}

func TestNestedAndConcurrentLoopsFinish(t *testing.T) {
	p := workpool.New(3)
	defer p.Close()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 200 {
				inner := newCounter(50, p.Threads())
				outer := newCounter(10, p.Threads())
				var mu sync.Mutex
				outer.inner = func(int, int) { mu.Lock(); defer mu.Unlock(); p.For(inner, 50, 1, 0) }
				p.For(outer, 10, 1, 0)
				outer.check(t, 1)
				inner.check(t, 10)
			}
		})
	}
	wg.Wait()
}

func TestAPanicReachesTheCallerAndThePoolGoesOn(t *testing.T) {
	p := workpool.New(4)
	defer p.Close()
	for round := range 50 {
		got := func() (v any) {
			defer func() { v = recover() }()
			c := newCounter(100, p.Threads())
			c.inner = func(lo, hi int) {
				if lo <= round && round < hi {
					panic("index " + fmt.Sprint(round))
				}
			}
			p.For(c, 100, 1, 0)
			return nil
		}()
		if want := any("index " + fmt.Sprint(round)); got != want {
			t.Fatalf("round %d: recovered %v, want %v", round, got, want)
		}
		c := newCounter(100, p.Threads())
		p.For(c, 100, 1, 0)
		c.check(t, 1)
	}
}

// halves is a loop of two chunks: the caller's ends when the worker's has begun, and the
// worker's when it is let go.
type halves struct {
	begun, free chan struct{}
	ended       atomic.Int32
}

func (h *halves) Run(_, _, worker int) {
	if worker == 0 {
		<-h.begun
	} else {
		close(h.begun)
		<-h.free
	}
	h.ended.Add(1)
}

func TestACallerThatIsWokenEarlyWaitsOn(t *testing.T) {
	p := workpool.New(2)
	defer p.Close()
	for range 20 {
		h := &halves{begun: make(chan struct{}), free: make(chan struct{})}
		var returned atomic.Bool
		go func() {
			workpool.AlertLate(p)
			for !workpool.Parked(p) && !returned.Load() {
				runtime.Gosched()
			}
			close(h.free)
		}()
		p.For(h, 2, 1, 0)
		ended := h.ended.Load()
		returned.Store(true)
		if ended != 2 {
			t.Fatalf("the loop ended when %d of its 2 chunks had", ended)
		}
	}
}

func TestAClosedOrNilPoolRunsOnTheCaller(t *testing.T) {
	p := workpool.New(4)
	p.Close()
	p.Close()
	c := newCounter(100, 4)
	p.For(c, 100, 1, 0)
	c.check(t, 1)
	c = newCounter(100, 1)
	(*workpool.Pool)(nil).For(c, 100, 1, 0)
	c.check(t, 1)
}

func TestALoopAllocatesNothing(t *testing.T) {
	p := workpool.New(2)
	defer p.Close()
	c := newCounter(100, 2)
	if n := testutil.Allocs(100, func() { p.For(c, 100, 1, 0) }); n != 0 {
		t.Errorf("a loop allocated %v times", n)
	}
}

func BenchmarkEmptyLoop(b *testing.B) {
	for _, threads := range []int{1, 2} {
		b.Run(fmt.Sprintf("threads=%d", threads), func(b *testing.B) {
			p := workpool.New(threads)
			defer p.Close()
			c := newCounter(2, threads)
			for b.Loop() {
				p.For(c, 2, 1, 0)
			}
		})
	}
}
