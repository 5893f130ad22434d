package tokenizer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"sync"

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

// Padding fills up encodings to one length.
type Padding struct {
	// Length is the length, 0 for that of the longest encoding of the batch.
	Length int
	// MultipleOf raises the length to a multiple of it, if it is not 0.
	MultipleOf int
	// ID, TypeID and Token are those of the padding.
	ID     int
	TypeID int
	Token  string
	// Left puts the padding before the text.
	Left bool
}

// Input is a text to encode, or a pair.
type Input struct {
	// Text is the text, or the first one of a pair.
	Text string
	// Pair is the second text of a pair, nil for a single text.
	Pair *string
}

// BatchOptions are the options of [Tokenizer.EncodeBatch].
type BatchOptions struct {
	// AddSpecial adds the special tokens of the post-processor.
	AddSpecial bool
	// Truncation and Padding are applied if they are not nil. Those that the
	// file asks for are [Tokenizer.Truncation] and [Tokenizer.Padding].
	Truncation *Truncation
	Padding    *Padding
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
	if t.truncation == nil {
		return nil
	}
	c := *t.truncation
	return &c
}

// Padding returns the padding that the file asks for, nil if it asks for none.
func (t *Tokenizer) Padding() *Padding {
	if t.padding == nil {
		return nil
	}
	c := *t.padding
	return &c
}

// EncodeBatch encodes texts and pairs, several at a time. Options of nil are
// the zero ones. The encodings come in the order of the inputs.
func (t *Tokenizer) EncodeBatch(inputs []Input, opts *BatchOptions) ([]*Encoding, error) {
	return t.EncodeBatchContext(context.Background(), inputs, opts)
}

// EncodeBatchContext is [Tokenizer.EncodeBatch], which ends with the context as
// [Tokenizer.EncodeContext] does.
func (t *Tokenizer) EncodeBatchContext(ctx context.Context, inputs []Input, opts *BatchOptions) ([]*Encoding, error) {
	ctx = background(ctx)
	if opts == nil {
		opts = &BatchOptions{}
	}
	out := make([]*Encoding, len(inputs))
	errs := make([]error, len(inputs))
	next := make(chan int)
	var wait sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(inputs)) {
		wait.Go(func() {
			for i := range next {
				out[i], errs[i] = t.encodeInput(ctx, inputs[i], opts)
			}
		})
	}
	for i := range inputs {
		next <- i
	}
	close(next)
	wait.Wait()
	for i, err := range errs {
		if err != nil {
			return nil, fmt.Errorf("text %d: %w", i, err)
		}
	}
	if opts.Padding != nil {
		if err := pad(out, opts.Padding); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (t *Tokenizer) encodeInput(ctx context.Context, in Input, opts *BatchOptions) (*Encoding, error) {
	a, err := t.trace(ctx, in.Text)
	if err != nil {
		return nil, err
	}
	var b *Encoding
	if in.Pair != nil {
		if b, err = t.trace(ctx, *in.Pair); err != nil {
			return nil, err
		}
	}
	if opts.Truncation != nil {
		limit, around := *opts.Truncation, 0
		if opts.AddSpecial {
			around = t.SpecialCount(b != nil)
		}
		if limit.MaxLength < max(around, 0) {
			return nil, limitError(limit.MaxLength, around)
		}
		if limit.Stride < 0 {
			return nil, fmt.Errorf("%w: the stride is %d, want 0 or more", ErrLimit, limit.Stride)
		}
		limit.MaxLength -= around
		if a, b, err = truncate(a, b, &limit); err != nil {
			return nil, err
		}
	}
	return t.finish(a, b, opts.AddSpecial)
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
	first, second := a.Len(), total-a.Len()
	surplus := total - by.MaxLength
	switch {
	case by.MaxLength == 0:
		first, second = 0, 0
	case by.Strategy == OnlyFirst:
		if first -= surplus; first <= 0 {
			return nil, nil, ErrTooShort
		}
	case by.Strategy == OnlySecond:
		if second -= surplus; b == nil || second <= 0 {
			return nil, nil, ErrTooShort
		}
	case by.Strategy != LongestFirst && by.Strategy != "":
		return nil, nil, &fault.Unsupported{Component: "option", Name: "truncation.strategy=" + string(by.Strategy)}
	case b == nil:
		first = by.MaxLength
	default:
		first, second = share(first, second, by.MaxLength)
	}
	// Each part of one is joined with each part of the other.
	if b != nil && a.cuts(first, by.Stride)*b.cuts(second, by.Stride)*by.MaxLength > maxOverflow(total) {
		return nil, nil, errOverflow
	}
	a, err := a.truncated(first, by)
	if err == nil && b != nil {
		b, err = b.truncated(second, by)
	}
	return a, b, err
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

// maxPadding bounds the tokens of a batch that is filled up, by the number of its
// encodings and of the tokens that they have without padding.
func maxPadding(encodings, tokens int) int { return 1<<21 + 1<<10*(encodings+tokens) }

// pad fills up encodings and their overflowing parts.
func pad(list []*Encoding, by *Padding) error {
	length := by.Length
	if length == 0 {
		for _, e := range list {
			length = max(length, e.Len())
		}
	}
	if by.MultipleOf > 0 && length%by.MultipleOf > 0 {
		length += by.MultipleOf - length%by.MultipleOf
	}
	encodings, tokens := 0, 0
	for _, e := range list {
		encodings += 1 + len(e.Overflowing)
		tokens += e.Len()
		for _, o := range e.Overflowing {
			tokens += o.Len()
		}
	}
	if most := maxPadding(encodings, tokens); length > most/max(encodings, 1) {
		return fmt.Errorf("%w: padding %d texts to %d", budget.ErrTokens, encodings, length)
	}
	for _, e := range list {
		e.pad(length, by)
	}
	return nil
}

func (e *Encoding) pad(length int, by *Padding) {
	for _, o := range e.Overflowing {
		o.pad(length, by)
	}
	n := length - e.Len()
	if n <= 0 {
		return
	}
	e.IDs = padded(e.IDs, n, by.ID, by.Left)
	e.Tokens = padded(e.Tokens, n, by.Token, by.Left)
	e.Offsets = padded(e.Offsets, n, Offsets{}, by.Left)
	e.TypeIDs = padded(e.TypeIDs, n, by.TypeID, by.Left)
	e.Words = padded(e.Words, n, -1, by.Left)
	e.SpecialMask = padded(e.SpecialMask, n, 1, by.Left)
	e.AttentionMask = padded(e.AttentionMask, n, 0, by.Left)
}

func padded[T any](list []T, n int, v T, left bool) []T {
	out := make([]T, 0, n+len(list))
	if !left {
		out = append(out, list...)
	}
	for range n {
		out = append(out, v)
	}
	if left {
		out = append(out, list...)
	}
	return out
}

// readLimits reads the sections that ask for truncation and padding.
func (t *Tokenizer) readLimits(sections map[string][]byte) error {
	if raw := sections["truncation"]; !jsontext.IsNull(raw) {
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
		if err != nil {
			return err
		}
		t.truncation = &Truncation{MaxLength: f.MaxLength, Strategy: f.Strategy, Stride: f.Stride, Left: left}
	}
	raw := sections["padding"]
	if jsontext.IsNull(raw) {
		return nil
	}
	var f struct {
		Strategy   json.RawMessage `json:"strategy"`
		Direction  string          `json:"direction"`
		MultipleOf *int            `json:"pad_to_multiple_of"`
		ID         int             `json:"pad_id"`
		TypeID     int             `json:"pad_type_id"`
		Token      string          `json:"pad_token"`
	}
	if err := strictly("padding", raw, &f); err != nil {
		return err
	}
	left, err := isLeft("padding", f.Direction)
	if err != nil {
		return err
	}
	t.padding = &Padding{ID: f.ID, TypeID: f.TypeID, Token: f.Token, Left: left}
	if f.MultipleOf != nil {
		t.padding.MultipleOf = *f.MultipleOf
	}
	var fixed struct{ Fixed *int }
	if json.Unmarshal(f.Strategy, &fixed) == nil && fixed.Fixed != nil {
		if t.padding.Length = *fixed.Fixed; t.padding.Length == 0 {
			t.padding = nil // a length that every text has
		}
		return nil
	}
	if string(f.Strategy) != `"BatchLongest"` {
		return &fault.Unsupported{Component: "option", Name: "padding.strategy=" + string(f.Strategy)}
	}
	return nil
}

// isLeft reads a direction; none is right.
func isLeft(section, direction string) (bool, error) {
	switch direction {
	case "Left":
		return true, nil
	case "Right", "":
		return false, nil
	}
	return false, &fault.Unsupported{Component: "option", Name: section + ".direction=" + direction}
}
