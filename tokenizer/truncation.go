package tokenizer

import (
	"errors"
	"fmt"

	"github.com/gocoreml/coreml/tokenizer/internal/budget"
	"github.com/gocoreml/coreml/tokenizer/internal/fault"
	"github.com/gocoreml/coreml/tokenizer/internal/jsontext"
)

// TruncationStrategy says which text of a pair is cut.
type TruncationStrategy string

// The strategies, by the names that files have for them.
const (
	// LongestFirst shortens the longer text, and both alike from where they
	// have the same length.
	LongestFirst TruncationStrategy = "LongestFirst"
	// OnlyFirst and OnlySecond shorten that text only.
	OnlyFirst  TruncationStrategy = "OnlyFirst"
	OnlySecond TruncationStrategy = "OnlySecond"
)

// Truncation cuts encodings that are too long. What is cut off is in
// [Encoding].Overflowing.
type Truncation struct {
	// MaxLength is the most tokens, special ones included.
	MaxLength int
	// Strategy is LongestFirst if empty.
	Strategy TruncationStrategy
	// Stride is how many tokens an overflowing part repeats of the one before.
	Stride int
	// Left cuts at the beginning.
	Left bool
}

// ErrTooShort is returned where a text cannot be cut as a [Truncation] wants: so
// much would have to go that nothing of it were left.
var ErrTooShort = errors.New("tokenizer: the text to truncate is too short for that length")

// ErrLimit is returned where a length to truncate to is too small: negative, or
// below the number of tokens that are put around every text. The error's text has
// both numbers.
var ErrLimit = errors.New("tokenizer: limit is too small")

// limitError is the error of a limit below what stands around every text.
func limitError(limit, around int) error {
	if around == 0 {
		return fmt.Errorf("%w: it is %d, want 0 or more", ErrLimit, limit)
	}
	return fmt.Errorf("%w: it is %d, and %d special tokens stand around every text", ErrLimit, limit, around)
}

// Truncation returns the truncation that the file asks for, nil if it asks for
// none. Only [Tokenizer.EncodeBatch] truncates, and only if it is told to.
func (t *Tokenizer) Truncation() *Truncation {
	t = t.made()
	if t.truncation == nil {
		return nil
	}
	c := *t.truncation
	return &c
}

// within cuts a text or a pair so that with the tokens around it it has the length.
func (by *Truncation) within(a, b *Encoding, around int) (*Encoding, *Encoding, error) {
	limit := *by
	if limit.MaxLength < max(around, 0) {
		return nil, nil, limitError(limit.MaxLength, around)
	}
	if limit.Stride < 0 {
		return nil, nil, fmt.Errorf("%w: the stride is %d, want 0 or more", ErrLimit, limit.Stride)
	}
	limit.MaxLength -= around
	return truncate(a, b, &limit)
}

// truncate cuts a text or a pair to the length.
func truncate(a, b *Encoding, by *Truncation) (*Encoding, *Encoding, error) {
	total := a.Len()
	if b != nil {
		total += b.Len()
	}
	switch {
	case by.MaxLength < 0 || by.Stride < 0:
		return nil, nil, ErrTooShort
	case total <= by.MaxLength:
		return a, b, nil
	}
	first, second, err := by.shares(a.Len(), total-a.Len(), b != nil)
	if err != nil {
		return nil, nil, err
	}
	// Each part of one is joined with each part of the other.
	if b != nil && a.cuts(first, by.Stride)*b.cuts(second, by.Stride)*by.MaxLength > maxOverflow(total) {
		return nil, nil, errOverflow
	}
	a, err = a.truncated(first, by)
	if err == nil && b != nil {
		b, err = b.truncated(second, by)
	}
	return a, b, err
}

// shares returns how many of their tokens the two texts keep, of which there are too
// many. With a single text the second has none.
func (by *Truncation) shares(first, second int, pair bool) (int, int, error) {
	surplus := first + second - by.MaxLength
	switch {
	case by.MaxLength == 0:
		first, second = 0, 0
	case by.Strategy == OnlyFirst:
		if first -= surplus; first <= 0 {
			return 0, 0, ErrTooShort
		}
	case by.Strategy == OnlySecond:
		if second -= surplus; !pair || second <= 0 {
			return 0, 0, ErrTooShort
		}
	case by.Strategy != LongestFirst && by.Strategy != "":
		return 0, 0, &UnsupportedError{Component: "option", Name: "truncation.strategy=" + string(by.Strategy)}
	case !pair:
		first = by.MaxLength
	default:
		first, second = share(first, second, by.MaxLength)
	}
	return first, second, nil
}

// errOverflow is returned where truncation would make far more tokens than there
// are, by a stride that is nearly the length.
var errOverflow = fmt.Errorf("%w in the parts that truncation cuts off", budget.ErrTokens)

// maxOverflow bounds the tokens of all parts of a text of n tokens.
func maxOverflow(n int) int { return max(1<<21, 4*n) }

// cuts returns the number of parts that an encoding is cut into, of n tokens
// each, at most a million.
func (e *Encoding) cuts(n, stride int) int {
	if size := e.Len(); n < size && stride < n {
		return min((size-stride-1)/(n-stride)+1, 1<<20)
	}
	return 1
}

// share returns how much of limit each of two texts gets: the shorter one all
// that it needs, as long as that is not more than half.
func share(first, second, limit int) (int, int) {
	short := min(first, second)
	long := max(short, limit-short)
	if short+long > limit {
		short = limit / 2
		long = short + limit%2
	}
	if first > second {
		return long, short
	}
	return short, long
}

// truncated returns the first n tokens, or the last ones, with the parts that
// are cut off.
func (e *Encoding) truncated(n int, by *Truncation) (*Encoding, error) {
	size := e.Len()
	switch {
	case n >= size:
		return e, nil
	case n == 0:
		return &Encoding{original: e.original, Overflowing: []*Encoding{e}}, nil
	case by.Stride >= n:
		return nil, fmt.Errorf("tokenizer: a stride of %d needs a length above it; the text gets %d", by.Stride, n)
	case e.cuts(n, by.Stride)*n > maxOverflow(size):
		return nil, errOverflow
	}
	var parts []*Encoding
	for at, done := 0, false; !done; at += n - by.Stride {
		if by.Left {
			end := size - at
			start := max(end-n, 0)
			done = start == 0
			parts = append(parts, e.part(start, end))
			continue
		}
		end := min(at+n, size)
		done = end == size
		parts = append(parts, e.part(at, end))
	}
	parts[0].Overflowing = parts[1:]
	return parts[0], nil
}

// readTruncation reads the section that asks for truncation.
func (t *Tokenizer) readTruncation(raw []byte) error {
	if jsontext.IsNull(raw) {
		return nil
	}
	var f struct {
		Direction string             `json:"direction"`
		MaxLength int                `json:"max_length"`
		Strategy  TruncationStrategy `json:"strategy"`
		Stride    int                `json:"stride"`
	}
	if err := strictly("truncation", raw, &f); err != nil {
		return err
	}
	if f.Strategy != LongestFirst && f.Strategy != OnlyFirst && f.Strategy != OnlySecond {
		return &fault.Unsupported{Component: "option", Name: "truncation.strategy=" + string(f.Strategy)}
	}
	left, err := isLeft("truncation", f.Direction)
	t.truncation = &Truncation{MaxLength: f.MaxLength, Strategy: f.Strategy, Stride: f.Stride, Left: left}
	return err
}
