//go:build (darwin || linux) && (amd64 || arm64)

package objc

import (
	"context"
	"sync"
)

// Completion waits for the completion handler of one asynchronous method. The
// handler is called once and on any thread; who waits may stop waiting at any
// time, and the result is then dropped when it comes.
type Completion[T any] struct {
	block *Block
	read  func(a, b, c uintptr) (T, error)
	drop  func(T)
	done  chan struct{}

	mu       sync.Mutex
	finished bool
	given    bool // to Wait, or dropped
	value    T
	err      error
}

// NewCompletion makes the handler's block for a method. read turns the handler's
// words into a value: it runs on the framework's thread inside a pool, retains
// what it keeps and must not wait. drop frees a value that nobody waits for any
// more; nil if nothing is to be freed. A panic in read is the error of Wait. The
// error wraps ErrUnavailable if the system lacks the method, whose handler would
// never be called; a send to nil calls none either, and is followed by Discard.
func NewCompletion[T any](m *Method, read func(a, b, c uintptr) (T, error), drop func(T)) (*Completion[T], error) {
	if m.escape != escaping {
		panic("objc: " + m.String() + " has no completion handler")
	}
	if !m.Available() {
		return nil, m.unavailable()
	}
	c := &Completion[T]{read: read, drop: drop, done: make(chan struct{})}
	block, err := newBlock(m, c.handle)
	if err != nil {
		return nil, err
	}
	c.block = block
	return c, nil
}

// Word returns the block as an argument of the send.
func (c *Completion[T]) Word() uintptr { return c.block.Word() }

// Wait returns what the handler got. When ctx ends first it returns the
// context's error, and the late value is dropped. It is to be called once, and
// never inside WithPool.
func (c *Completion[T]) Wait(ctx context.Context) (T, error) {
	select {
	case <-c.done:
	case <-ctx.Done():
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	given := c.given
	c.given = true
	var none T
	switch {
	case given:
		return none, ErrNotCalled
	case !c.finished:
		return none, ctx.Err()
	}
	return c.value, c.err
}

// Done is closed when the handler has been called and has left nothing behind: a
// value that nobody waits for has been dropped.
func (c *Completion[T]) Done() <-chan struct{} { return c.done }

// Discard closes the block of a method that was not sent after all. Wait then
// returns ErrNotCalled.
func (c *Completion[T]) Discard() {
	var none T
	c.block.Close()
	if first, _ := c.finish(none, ErrNotCalled); first {
		close(c.done)
	}
}

// handle is the block's handler.
func (c *Completion[T]) handle(a, b, d uintptr) {
	// Closed first: a second call of the handler finds nothing.
	c.block.Close()
	value, err := c.readSafely(a, b, d)
	first, wanted := c.finish(value, err)
	if first {
		defer close(c.done)
	}
	if !wanted && err == nil && c.drop != nil {
		c.drop(value)
	}
}

// finish keeps the result for Wait. It reports whether it is the first one, and
// whether somebody still wants it.
func (c *Completion[T]) finish(value T, err error) (first, wanted bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.finished {
		return false, false
	}
	c.finished = true
	if c.given {
		return true, false
	}
	c.value, c.err = value, err
	return true, true
}

// readSafely calls read in a pool, which is drained before anybody hears of the
// result, and turns a panic into an error.
func (c *Completion[T]) readSafely(a, b, d uintptr) (value T, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = newPanicError(v)
		}
	}()
	WithPool(func() { value, err = c.read(a, b, d) })
	return value, err
}
