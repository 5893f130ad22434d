// Package workpool runs loops on a fixed set of goroutines.
//
// A loop over [0,n) is cut into chunks whose borders depend on n and the grain
// only, never on the number of threads. A task that computes each index from its
// inputs alone therefore gives the same bits with any number of threads.
//
// Each worker has a share of neighbouring chunks, which it takes in order: what
// it reads of a large array is one stream, and what its kernel fetches ahead is
// its own next chunk. Who is done with its share helps with the others'.
package workpool

import (
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
)

// Task is the body of a loop.
type Task interface {
	// Run handles the indices lo..hi-1. Calls of one loop get disjoint ranges and
	// may run at the same time; worker is below [Pool.Threads], and no two calls
	// of one loop that run at the same time share it, so that it can index
	// scratch memory.
	Run(lo, hi, worker int)
}

const (
	// wantChunks is the number of chunks that a long loop is cut into: enough
	// that the wait for the last one, or for a core which is taken away, is a small
	// part of the loop, few enough that taking one (some 20 ns) costs nothing.
	wantChunks = 256

	// A share's word holds, from the top, the number of workers admitted to the
	// loop, the chunk after the share's last, and the next chunk to take.
	chunkBits  = 24
	chunkMask  = 1<<chunkBits - 1
	maxThreads = 1 << 12

	// Rounds of polling before a goroutine parks. A caller waits some tens of
	// microseconds: more than a chunk takes, less than waking a parked goroutine
	// costs. An idle worker waits a fraction of a millisecond, which bridges what a
	// model does on one core between two layers and between two tokens. Polling
	// longer loses on a shared machine, where it burns time that the other side needs.
	idleSpins = 400_000
	waitSpins = 50_000
)

// Pool is a set of workers. All methods may be called by many goroutines.
type Pool struct {
	threads int
	busy    atomic.Bool
	closed  atomic.Bool
	_       [64]byte

	// loops counts the loops begun: what idle workers watch.
	loops atomic.Uint32
	_     [60]byte

	// The current loop. Written by the caller before the shares that publish it
	// and read only by holders of one of its chunks.
	task    Task
	n       int
	chunk   int
	done    chan struct{}
	failure atomic.Pointer[failure]
	_       [64]byte

	// Apart from the others, which workers read while it changes.
	pending atomic.Int32
	waiting atomic.Bool
	_       [56]byte

	shares  []share
	helpers []helper
}

// share is the chunks of the current loop that one worker takes first.
type share struct {
	word atomic.Uint64
	_    [56]byte
}

type failure struct{ value any }

type helper struct {
	asleep atomic.Bool
	wake   chan struct{}
	_      [48]byte
}

var standard = sync.OnceValue(func() *Pool { return New(Cores()) })

// Default returns the process's pool: one worker for each physical core that
// the process may use, a container's CPU quota included.
func Default() *Pool { return standard() }

// New starts a pool. The goroutine that calls [Pool.For] is one of its threads,
// so threads-1 goroutines are started; fewer than 1 counts as 1.
func New(threads int) *Pool {
	threads = min(max(threads, 1), maxThreads)
	p := &Pool{
		threads: threads, done: make(chan struct{}, 1),
		shares: make([]share, threads), helpers: make([]helper, threads),
	}
	for i := 1; i < threads; i++ {
		p.helpers[i].wake = make(chan struct{}, 1)
		go p.help(i)
	}
	return p
}

// Threads returns the size of the pool, the calling goroutine included.
func (p *Pool) Threads() int { return p.threads }

// Close stops the workers. Loops that start later run on their caller alone.
func (p *Pool) Close() {
	if p.closed.Swap(true) {
		return
	}
	for i := 1; i < p.threads; i++ {
		p.rouse(i)
	}
}

// ChunkSize returns the size of the chunks that a loop over n indices is cut
// into: a multiple of grain, the last chunk excepted.
func ChunkSize(n, grain int) int {
	grain = max(grain, 1)
	chunk := (n + wantChunks - 1) / wantChunks
	return max((chunk+grain-1)/grain, 1) * grain
}

// For runs t over [0,n) on at most maxThreads threads (0: all of them) and
// returns when every chunk is done. It allocates nothing. When the pool is busy
// with another loop, or p is nil, the caller runs all chunks itself, so For may
// be nested and called concurrently. A panic of t is raised again in the caller
// once the other chunks have ended.
func (p *Pool) For(t Task, n, grain, maxThreads int) {
	if n <= 0 {
		return
	}
	chunk := ChunkSize(n, grain)
	chunks := (n + chunk - 1) / chunk
	threads := 1
	if p != nil {
		if threads = p.threads; maxThreads > 0 {
			threads = min(threads, maxThreads)
		}
		threads = min(threads, chunks)
	}
	if threads < 2 || p.closed.Load() || !p.busy.CompareAndSwap(false, true) {
		for lo := 0; lo < n; lo += chunk {
			t.Run(lo, min(lo+chunk, n), 0)
		}
		return
	}
	p.task, p.n, p.chunk = t, n, chunk
	p.pending.Store(int32(chunks))
	for i := range threads {
		first, end := chunks*i/threads, chunks*(i+1)/threads
		p.shares[i].word.Store(uint64(threads)<<(2*chunkBits) | uint64(end)<<chunkBits | uint64(first))
	}
	p.loops.Add(1)
	for i := 1; i < threads; i++ {
		p.rouse(i)
	}
	p.work(0, threads)
	p.wait()
	p.task = nil
	f := p.failure.Swap(nil)
	p.busy.Store(false)
	if f != nil {
		panic(f.value)
	}
}

// work runs chunks of the worker's own share, and then of the others of the first n, until
// there are none. They count as done when it ends, all at once: cores would hand the
// counter to and fro for each of them.
func (p *Pool) work(worker, n int) {
	done := 0
	for c := p.take(worker, n); c >= 0; c = p.take(worker, n) {
		p.runChunk(c, worker)
		done++
	}
	if done > 0 && p.pending.Add(-int32(done)) == 0 {
		p.alert()
	}
}

// take returns the next chunk of the worker's own share, or of another one of the first
// n, and -1 where there is none. A successful compare-and-swap proves that the chunk
// belongs to the current loop, which cannot end before the chunk counts as done, so the
// loop's fields are stable from then on.
func (p *Pool) take(worker, n int) int {
	for i := range n {
		i += worker
		if i >= n {
			i -= n
		}
		word := &p.shares[i].word
		for w := word.Load(); admits(w, worker); w = word.Load() {
			if word.CompareAndSwap(w, w+1) {
				return int(w & chunkMask)
			}
		}
	}
	return -1
}

// admits reports whether a share has a chunk left that the worker may take.
func admits(w uint64, worker int) bool {
	return w&chunkMask < w>>chunkBits&chunkMask && uint64(worker) < w>>(2*chunkBits)
}

// runChunk runs a chunk and keeps the first panic.
func (p *Pool) runChunk(c, worker int) {
	defer func() {
		if r := recover(); r != nil {
			p.failure.CompareAndSwap(nil, &failure{r})
		}
	}()
	lo := c * p.chunk
	p.task.Run(lo, min(lo+p.chunk, p.n), worker)
}

// alert wakes the caller if it is parked.
func (p *Pool) alert() {
	if p.waiting.CompareAndSwap(true, false) {
		p.done <- struct{}{}
	}
}

// wait returns when the current loop's chunks are all done.
func (p *Pool) wait() {
	for range waitSpins {
		if p.pending.Load() == 0 {
			return
		}
	}
	// Who ended an earlier loop, and lost its core before it looked whether somebody waits,
	// may look now: being woken is no proof of the end.
	for p.pending.Load() != 0 {
		p.waiting.Store(true)
		if p.pending.Load() == 0 && p.waiting.CompareAndSwap(true, false) {
			return
		}
		<-p.done
	}
}

// rouse wakes a parked helper.
func (p *Pool) rouse(i int) {
	h := &p.helpers[i]
	if h.asleep.Load() && h.asleep.CompareAndSwap(true, false) {
		h.wake <- struct{}{}
	}
}

// help is the life of one worker goroutine: take chunks, poll briefly, park.
func (p *Pool) help(id int) {
	// A task may read mapped files. A fault in one is thrown in the caller, as
	// every panic of a task is, and not the end of the process.
	debug.SetPanicOnFault(true)
	h := &p.helpers[id]
	for !p.closed.Load() {
		seen := p.loops.Load()
		p.work(id, p.threads)
		if p.poll(seen) {
			continue
		}
		h.asleep.Store(true)
		if (p.loops.Load() != seen || p.closed.Load()) && h.asleep.CompareAndSwap(true, false) {
			continue
		}
		<-h.wake
	}
}

// poll waits a fraction of a millisecond for a loop that began after the number
// seen and reports whether there is one.
func (p *Pool) poll(seen uint32) bool {
	for i := range idleSpins {
		if p.loops.Load() != seen || p.closed.Load() {
			return true
		}
		if i&16383 == 16383 {
			runtime.Gosched()
		}
	}
	return false
}
