package tokenizer

import (
	"context"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"
)

// ErrTooLarge means that a text, or what a tokenizer makes of it, is larger than
// the bounds that the package documentation names. The bounds follow the size of
// the input, so that a malformed file cannot turn a short text into a long one.
var ErrTooLarge = errors.New("tokenizer: too large")

// maxText bounds a text in bytes, also while it is normalized and cut.
const maxText = 1 << 26

var (
	errTooLong   = fmt.Errorf("%w: the text is longer than 64 MiB", ErrTooLarge)
	errGrown     = fmt.Errorf("%w: the tokenizer makes far more of the text than it is", ErrTooLarge)
	errLaborious = fmt.Errorf("%w: the tokenizer takes too many steps for a text of this size", ErrTooLarge)
	errTokens    = fmt.Errorf("%w: too many tokens", ErrTooLarge)
	// errStopped says that the context has ended; the caller has its error.
	errStopped = errors.New("tokenizer: stopped")
)

// growth bounds what a text of n bytes may become while it is normalized and
// cut. The most that tokenizers in use need are 3 times for spaces that become
// marks or Korean that is taken apart, 6 times for that and the byte-level
// alphabet, and 11 times for single characters of Arabic.
func growth(n int) int { return min(1<<20+8*n, maxText) }

// labor bounds the steps for a text of n bytes: a byte looked at once by one
// component is about one. The pieces of vocabularies in use are short, so that
// looking for one at each byte takes some ten steps.
func labor(n int) int { return 1<<25 + 48*n }

// traceable bounds the tokens of an [Encoding] for texts of n bytes. One takes
// some 70 bytes of memory.
func traceable(n int) int { return min(1<<20+3*n, 1<<23) }

// lookAfter is the number of steps between two looks at the context: less than a
// millisecond for all but a few kinds of step.
const lookAfter = 1 << 14

// budget is what an encoding may still do. It is part of its state, so that the
// innermost loops can ask for one subtraction.
type budget struct {
	done  <-chan struct{} // of the context; nil for one that never ends
	tick  int             // steps until the next look
	work  int             // steps after those
	room  int             // bytes that may still reach the model, before the byte-level alphabet
	limit int             // bytes that a text may have on its way
	// patience is the time that is left for patterns that backtrack.
	patience time.Duration
	most     int // tokens that may still be told with their places
	err      error
}

// begin makes a budget for a text of n bytes.
func (may *budget) begin(done <-chan struct{}, n int) {
	*may = budget{
		done: done, tick: lookAfter, work: labor(n) - lookAfter, room: growth(n), limit: growth(n),
		patience: patience(n),
	}
}

// spend takes n steps. It reports false once the encoding has to end; the loops
// then leave whatever they have, and its error says why.
func (may *budget) spend(n int) bool {
	may.tick -= n
	return may.tick >= 0 || may.look()
}

// look looks at the context and at the steps that are left.
func (may *budget) look() bool {
	if may.err != nil {
		return false
	}
	select {
	case <-may.done:
		may.fail(errStopped)
		return false
	default:
	}
	if may.work += may.tick; may.work < 0 {
		may.fail(errLaborious)
		return false
	}
	may.tick = min(lookAfter, may.work)
	may.work -= may.tick
	return true
}

// fail records why the encoding has to end. The first reason stays.
func (may *budget) fail(err error) {
	if may.err == nil {
		may.err = err
	}
	may.tick, may.work = -1, 0
}

// fits reports whether a text may have a size, and ends the encoding otherwise.
// Whatever makes a text longer asks before it does so.
func (may *budget) fits(size int) bool {
	if size <= may.limit {
		return may.err == nil
	}
	may.fail(errGrown)
	return false
}

// take takes n bytes of the room for what reaches the model.
func (may *budget) take(n int) bool {
	if may.room -= n; may.room >= 0 {
		return may.err == nil
	}
	may.fail(errGrown)
	return false
}

// tells reports whether n more tokens can be told with their places, and ends the
// encoding otherwise.
func (may *budget) tells(n int) bool {
	if n > may.most {
		may.fail(errTokens)
	}
	return may.err == nil
}

// failure returns why the encoding ended, with the error of the context in the
// place of the note that it has ended.
func (may *budget) failure(ctx context.Context) error {
	if errors.Is(may.err, errStopped) {
		return stopped(ctx.Err())
	}
	return may.err
}

// stopped is the error of a call whose context has ended with an error.
func stopped(err error) error { return fmt.Errorf("tokenizer: %w", err) }

// chunks rewrites a text chunk by chunk, none of which ends inside a character:
// f looks at each character by itself.
func (may *budget) chunks(s string, f func(part string) string) string {
	const size = lookAfter
	if len(s) <= size { // most texts
		may.spend(len(s))
		return f(s)
	}
	var out []byte
	same := 0 // the beginning of s that f has left as it is
	for at := 0; at < len(s) && may.spend(size) && may.fits(len(out)); {
		part := s[at : at+chunk(s[at:], size)]
		at += len(part)
		with := f(part)
		if out == nil && with == part {
			same = at
			continue
		}
		if out == nil {
			out = append(make([]byte, 0, len(s)+len(s)/8), s[:same]...)
		}
		out = append(out, with...)
	}
	if out == nil {
		return s
	}
	return string(out)
}

// chunk returns the length of a beginning of s of about size bytes that does not
// end inside a character.
func chunk(s string, size int) int {
	n := min(size, len(s))
	for end := n + utf8.UTFMax - 1; n < len(s) && n < end && !utf8.RuneStart(s[n]); {
		n++
	}
	return n
}

// valid returns a text with each byte that is not part of a character as U+FFFD.
func (may *budget) valid(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	return may.chunks(s, func(part string) string { return string(appendValid(make([]byte, 0, len(part)+16), part)) })
}

// background returns ctx, or the background for none.
func background(ctx context.Context) context.Context {
	if ctx == nil {
		return context.Background()
	}
	return ctx
}

// maxQuoted bounds what messages quote of a file.
const maxQuoted = 80

// clip shortens a text of a file for a message.
func clip(s string) string {
	if len(s) <= maxQuoted {
		return s
	}
	n := maxQuoted
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}
