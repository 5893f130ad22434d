package budget

import (
	"context"
	"errors"
	"fmt"
	"time"
)

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
func labor(n int) int64 { return 1<<25 + laborOfByte*int64(n) }

const laborOfByte = 48

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
	work  int64           // steps after those
	room  int             // bytes that may still reach the model, before the byte-level alphabet
	limit int             // bytes that a text may have on its way
	// Patience is the time that is left for patterns that backtrack.
	Patience time.Duration
	Most     int // tokens that may still be told with their places
	Err      error
	stream   bool // tokens are credited as they arrive, not as they are decoded
}

// Begin makes a budget for a text of n bytes.
func (may *Budget) Begin(done <-chan struct{}, n int) {
	*may = Budget{
		Done: done, Tick: LookAfter, work: labor(n) - LookAfter, room: growth(n), limit: growth(n),
		Patience: patience(n),
	}
}

// BeginStream makes a budget for a stream, whose tokens can be decoded several times.
func (may *Budget) BeginStream() {
	may.Begin(nil, 0)
	may.stream = true
}

// patienceOfCall is the time that each further call of a stream may take for
// patterns. A search that needs next to none can wait that long for a processor,
// and a stream of a million tokens is not to end for a million such waits.
const patienceOfCall = time.Millisecond

// laborOfCall is the steps of each further call of a stream: some ten for each token
// that is held back and decoded again, of which there are a thousand at most.
const laborOfCall = LookAfter

// Resume goes on with a budget in another call, under the context of that one. A
// stream has one budget from its first token to its last: what a pattern has taken
// for one token is gone for the next ones. It grows with the tokens that arrive, but
// what is left over never adds up to more than a budget has at its beginning.
func (may *Budget) Resume(done <-chan struct{}) {
	may.Done = done
	may.Patience = min(may.Patience+patienceOfCall, patience(0))
	may.work = min(may.work+laborOfCall, labor(0))
}

// Credit adds what a token of n bytes may take. Nobody knows beforehand how many
// bytes a list of ids stands for, so the budget of a decoding begins as that of no
// text and grows here.
func (may *Budget) Credit(n int) {
	may.work += laborOfByte * int64(1+n)
	may.Patience += time.Duration(n) * patienceOfByte
}

// Decodes takes the step to one more token, of n bytes, of a text that has a size
// with it. In a stream it credits nothing: a token that is decoded again and again
// would pay for all of that itself.
func (may *Budget) Decodes(n, size int) bool {
	if size > MaxText {
		may.Fail(ErrTooLong)
	}
	if !may.stream {
		may.Credit(n)
	}
	return may.Spend(1 + n/8)
}

// Bound lets a text become what one of n bytes may become.
func (may *Budget) Bound(n int) { may.limit = growth(n) }

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
	if may.work += int64(may.Tick); may.work < 0 {
		may.Fail(errLaborious)
		return false
	}
	may.Tick = int(min(LookAfter, may.work))
	may.work -= int64(may.Tick)
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
func patience(n int) time.Duration { return time.Second + time.Duration(n)*patienceOfByte }

const patienceOfByte = 2 * time.Microsecond

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
