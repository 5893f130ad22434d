package budget

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Decodes takes the step to one more token of a text that has a size with it.
func (may *Budget) Decodes(size int) bool {
	if size > MaxText {
		may.Fail(ErrTooLong)
	}
	return may.Spend(1)
}

// ErrTooLarge means that a text, or what a tokenizer makes of it, is larger than
// the bounds that the package documentation names. The bounds follow the size of
// the input, so that a malformed file cannot turn a short text into a long one.
var ErrTooLarge = errors.New("tokenizer: too large")

// MaxText bounds a text in bytes, also while it is normalized and cut.
const MaxText = 1 << 26

var (
	// ErrTooLong is [ErrTooLarge] of the text itself.
	ErrTooLong   = fmt.Errorf("%w: the text is longer than 64 MiB", ErrTooLarge)
	errGrown     = fmt.Errorf("%w: the tokenizer makes far more of the text than it is", ErrTooLarge)
	errLaborious = fmt.Errorf("%w: the tokenizer takes too many steps for a text of this size", ErrTooLarge)
	// ErrTokens is [ErrTooLarge] of what would be told of the tokens.
	ErrTokens = fmt.Errorf("%w: too many tokens", ErrTooLarge)
	// ErrStopped says that the context has ended; the caller has its error.
	ErrStopped = errors.New("tokenizer: stopped")
)

// growth bounds what a text of n bytes may become while it is normalized and
// cut. The most that tokenizers in use need are 3 times for spaces that become
// marks or Korean that is taken apart, 6 times for that and the byte-level
// alphabet, and 11 times for single characters of Arabic.
func growth(n int) int { return min(1<<20+8*n, MaxText) }

// labor bounds the steps for a text of n bytes: a byte looked at once by one
// component is about one. The pieces of vocabularies in use are short, so that
// looking for one at each byte takes some ten steps.
func labor(n int) int { return 1<<25 + 48*n }

// Traceable bounds the tokens of an encoding for texts of n bytes. One takes
// some 70 bytes of memory.
func Traceable(n int) int { return min(1<<20+3*n, 1<<23) }

// LookAfter is the number of steps between two looks at the context: less than a
// millisecond for all but a few kinds of step.
const LookAfter = 1 << 14

// Budget is what an encoding may still do. It is part of its state, so that the
// innermost loops can ask for one subtraction.
type Budget struct {
	Done  <-chan struct{} // of the context; nil for one that never ends
	Tick  int             // steps until the next look
	work  int             // steps after those
	room  int             // bytes that may still reach the model, before the byte-level alphabet
	limit int             // bytes that a text may have on its way
	// Patience is the time that is left for patterns that backtrack.
	Patience time.Duration
	Most     int // tokens that may still be told with their places
	Err      error
}

// Begin makes a budget for a text of n bytes.
func (may *Budget) Begin(done <-chan struct{}, n int) {
	*may = Budget{
		Done: done, Tick: LookAfter, work: labor(n) - LookAfter, room: growth(n), limit: growth(n),
		Patience: patience(n),
	}
}

// Spend takes n steps. It reports false once the encoding has to end; the loops
// then leave whatever they have, and its error says why.
func (may *Budget) Spend(n int) bool {
	may.Tick -= n
	return may.Tick >= 0 || may.look()
}

// look looks at the context and at the steps that are left.
func (may *Budget) look() bool {
	if may.Err != nil {
		return false
	}
	select {
	case <-may.Done:
		may.Fail(ErrStopped)
		return false
	default:
	}
	if may.work += may.Tick; may.work < 0 {
		may.Fail(errLaborious)
		return false
	}
	may.Tick = min(LookAfter, may.work)
	may.work -= may.Tick
	return true
}

// Fail records why the encoding has to end. The first reason stays.
func (may *Budget) Fail(err error) {
	if may.Err == nil {
		may.Err = err
	}
	may.Tick, may.work = -1, 0
}

// Fits reports whether a text may have a size, and ends the encoding otherwise.
// Whatever makes a text longer asks before it does so.
func (may *Budget) Fits(size int) bool {
	if size <= may.limit {
		return may.Err == nil
	}
	may.Fail(errGrown)
	return false
}

// Take takes n bytes of the room for what reaches the model.
func (may *Budget) Take(n int) bool {
	if may.room -= n; may.room >= 0 {
		return may.Err == nil
	}
	may.Fail(errGrown)
	return false
}

// Tells reports whether n more tokens can be told with their places, and ends the
// encoding otherwise.
func (may *Budget) Tells(n int) bool {
	if n > may.Most {
		may.Fail(ErrTokens)
	}
	return may.Err == nil
}

// Failure returns why the encoding ended, with the error of the context in the
// place of the note that it has ended.
func (may *Budget) Failure(ctx context.Context) error {
	if errors.Is(may.Err, ErrStopped) {
		return Stopped(ctx.Err())
	}
	return may.Err
}

// Stopped is the error of a call whose context has ended with an error.
func Stopped(err error) error { return fmt.Errorf("tokenizer: %w", err) }

// Guard hands the budget to package uni, where a step is some look-ups in a map.
func (may *Budget) Guard() func(n, size int) bool {
	return func(n, size int) bool { return may.Spend(4*n) && may.Fits(size) }
}

// patience returns how long the patterns may take in all for a text of n bytes:
// far more than any pattern needs that does not backtrack without end.
func patience(n int) time.Duration {
	return time.Second + time.Duration(n)*2*time.Microsecond
}

// maxPath bounds a text that a model cuts in one piece: each byte takes a step, or
// a symbol with its neighbours.
const maxPath = MaxText / 4

// Cuts reports whether a model can cut a text of n bytes in one piece, and ends
// the encoding otherwise.
func (may *Budget) Cuts(n int) bool {
	if n > maxPath {
		may.Fail(fmt.Errorf("%w: a piece of text is longer than 16 MiB", ErrTooLarge))
	}
	return may.Err == nil
}
