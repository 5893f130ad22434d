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
	block, err := NewBlock(m, c.handle)
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

// Done is closed when the handler has been called.
func (c *Completion[T]) Done() <-chan struct{} { return c.done }

// Discard closes the block of a method that was not sent after all. Wait then
// returns ErrNotCalled.
func (c *Completion[T]) Discard() {
	var none T
	c.block.Close()
	c.finish(none, ErrNotCalled)
}

// handle is the block's handler.
func (c *Completion[T]) handle(a, b, d uintptr) {
	// Closed first: a second call of the handler finds nothing.
	c.block.Close()
	value, err := c.readSafely(a, b, d)
	if !c.finish(value, err) && err == nil && c.drop != nil {
		c.drop(value)
	}
}

// finish ends the waiting. It reports whether somebody still wants the value.
func (c *Completion[T]) finish(value T, err error) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.finished {
		return false
	}
	c.finished = true
	close(c.done)
	if c.given {
		return false
	}
	c.value, c.err = value, err
	return true
}

// readSafely calls read and turns a panic into an error.
func (c *Completion[T]) readSafely(a, b, d uintptr) (value T, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = newPanicError(v)
		}
	}()
	return c.read(a, b, d)
}
