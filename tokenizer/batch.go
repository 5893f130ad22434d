package tokenizer

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"sync"
)

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

// EncodeBatch encodes texts and pairs, several at a time. Options of nil are
// the zero ones. The encodings come in the order of the inputs.
func (t *Tokenizer) EncodeBatch(inputs []Input, opts *BatchOptions) ([]*Encoding, error) {
	return t.EncodeBatchContext(context.Background(), inputs, opts)
}

// EncodeBatchContext is [Tokenizer.EncodeBatch], which ends with the context as
// [Tokenizer.EncodeContext] does.
func (t *Tokenizer) EncodeBatchContext(ctx context.Context, inputs []Input, opts *BatchOptions) ([]*Encoding, error) {
	t = t.made()
	ctx = background(ctx)
	if opts == nil {
		opts = &BatchOptions{}
	}
	out, err := t.encodeInputs(ctx, inputs, opts)
	if err == nil && opts.Padding != nil {
		err = pad(out, opts.Padding)
	}
	if err != nil {
		return nil, err
	}
	return out, nil
}

// encodeInputs encodes each input by itself, as many at a time as there are
// processors. Of several errors it returns that of the first input, so that it does
// not depend on which was done first.
func (t *Tokenizer) encodeInputs(ctx context.Context, inputs []Input, opts *BatchOptions) ([]*Encoding, error) {
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
			return nil, &inputError{i, err}
		}
	}
	return out, nil
}

// inputError says which text of a batch an error is about. The errors of texts name
// the package; here its name stays in front of the text's number.
type inputError struct {
	index int
	err   error
}

func (e *inputError) Error() string {
	return fmt.Sprintf("tokenizer: text %d: %s", e.index, strings.TrimPrefix(e.err.Error(), "tokenizer: "))
}

func (e *inputError) Unwrap() error { return e.err }

// encodeInput encodes a text or a pair and cuts it.
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
		around := 0
		if opts.AddSpecial {
			around = t.SpecialCount(b != nil)
		}
		if a, b, err = opts.Truncation.within(a, b, around); err != nil {
			return nil, err
		}
	}
	return t.finish(a, b, opts.AddSpecial)
}
