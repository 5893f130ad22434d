package jinja

import (
	"context"
	"math/big"
)

// The price of work in steps. A step is a node that is evaluated, some 50
// nanoseconds; work on text is counted in the bytes that it touches, and
// the shifts say how many bytes are worth a step.
const (
	// lookShift is for what goes over text many bytes at a time: comparing,
	// hashing, searching.
	lookShift = 6
	// copyShift is for what makes text or lists: new memory costs more than
	// reading what is there.
	copyShift = 5
	// runeShift is for what looks at each character.
	runeShift = 2
	// pollSteps is how many steps pass between two looks at the context, a few
	// milliseconds.
	pollSteps = 1 << 14
)

// What values take in memory beside the text in them, rounded up: the interface
// that holds one, a boxed string or number, the header of a list, a key of a
// mapping with its share of the index.
const (
	itemBytes = 16
	boxBytes  = 24
	listBytes = 48
	pairBytes = 160
	// A scope with a few variables, which a macro that is defined in it keeps.
	scopeBytes = 384
)

// meter is the budget of one rendering. Everything that a template can make
// large is paid for here before it is done, or in pieces while it is done, so
// that no single operation outlasts the limits or the context.
type meter struct {
	steps int
	bytes int
	// poll is the number of steps left at which the context is looked at next;
	// 0 when there is none that can end.
	poll  int
	done  <-chan struct{}
	cause func() error
	// stopped is why the rendering is over. It stays, so that an operation
	// that takes an error for an answer of its own cannot go on.
	stopped error
}

// A context that cannot end has no channel, and is not looked at again.
func newMeter(ctx context.Context, steps, bytes int) meter {
	m := meter{steps: steps, bytes: bytes, done: ctx.Done(), cause: ctx.Err}
	if m.done != nil {
		// Looked at before the first step: a context that has already ended
		// renders nothing.
		m.poll = steps
	}
	return m
}

// spend takes n steps from the budget. It is called for every node, so its
// common way is one subtraction and one comparison: poll is set so that the
// budget's end and the next look at the context are the same test.
func (m *meter) spend(n int) error {
	if m.steps -= n; m.steps < m.poll || n < 0 {
		return m.look(n < 0)
	}
	return nil
}

// look is the slow part of spend: the budget is used up, or the context is to
// be looked at. Reading the channel takes longer than evaluating a node, hence
// so seldom.
func (m *meter) look(overflow bool) error {
	switch {
	case m.stopped != nil:
	case m.steps < 0 || overflow:
		return m.stop("the template takes too many steps")
	case m.done != nil:
		select {
		case <-m.done:
			m.stopped = m.cause()
		default:
		}
	}
	if m.stopped != nil {
		m.steps = -1
		return m.stopped
	}
	// Zero means that only the budget is left to end the rendering.
	m.poll = 0
	if m.done != nil {
		m.poll = max(m.steps-pollSteps, 0)
	}
	return nil
}

// stop ends the rendering for a limit, unless it is over already. No step is
// left after it, so that whoever ignores the error fails at the next.
func (m *meter) stop(limit string) error {
	if m.stopped == nil {
		m.stopped = fail(LimitError, "%s", limit)
	}
	m.steps = -1
	return m.stopped
}

// charge takes n bytes of memory, and the steps that filling them takes. A
// negative n is a size that has overflowed, and no budget is enough for it.
func (m *meter) charge(n int) error {
	if m.bytes -= n; m.bytes < 0 || n < 0 {
		m.bytes = -1
		return m.stop("the template uses too much memory")
	}
	return m.spend(n >> copyShift)
}

// chargeTimes is charge of n times size, whatever the product.
func (m *meter) chargeTimes(n, size int64) error {
	if n > 0 && size > int64(m.bytes)/n {
		return m.charge(-1)
	}
	return m.charge(int(n * size))
}

// touch pays for going over n bytes quickly.
func (m *meter) touch(n int) error { return m.spend(n >> lookShift) }

// size returns what a value is charged for when a function is handed it: the
// bytes of a text, the slots of a list. What lists hold is not counted: whoever
// goes into them pays there.
func size(v Value) int {
	switch v := v.(type) {
	case string:
		return len(v)
	case markup:
		return len(v)
	case *List:
		return itemBytes * len(v.Items)
	case *Dict:
		return itemBytes * v.Len()
	case *view:
		return itemBytes * v.dict.Len()
	case *generator:
		return itemBytes * len(v.items)
	case *big.Int:
		return bigSize(v)
	}
	return 0
}

// bigSize is size for a whole number: what is done with one, such as writing
// its digits, takes more than a look at each byte.
func bigSize(v *big.Int) int { return 8 * v.BitLen() }
