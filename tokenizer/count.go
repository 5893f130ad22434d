package tokenizer

import (
	"context"
	"errors"
	"unicode/utf8"

	"github.com/gocoreml/coreml/tokenizer/internal/budget"
	"github.com/gocoreml/coreml/tokenizer/internal/pattern"
)

// Count returns the number of ids that [Tokenizer.Encode] gives for text. It
// keeps none of them.
func (t *Tokenizer) Count(text string, addSpecial bool) (int, error) {
	return t.CountContext(context.Background(), text, addSpecial)
}

// CountContext is [Tokenizer.Count], which ends with the context as
// [Tokenizer.EncodeContext] does.
func (t *Tokenizer) CountContext(ctx context.Context, text string, addSpecial bool) (int, error) {
	t = t.made()
	ctx = background(ctx)
	if t.intricate {
		ids, err := t.appendTraced(ctx, nil, text, addSpecial)
		return len(ids), err
	}
	st, err := t.state(ctx, text)
	if err != nil {
		return 0, err
	}
	st.counting = true
	// The ids of a piece lie in the state while it is counted; what is left
	// over are added tokens.
	kept := t.encodeParts(st, st.ids[:0], text)
	count := st.counted + len(kept)
	st.ids = kept[:0]
	if err := t.release(ctx, st); err != nil {
		if errors.Is(err, pattern.ErrPlaceless) {
			ids, err := t.appendTraced(ctx, nil, text, addSpecial)
			return len(ids), err
		}
		return 0, err
	}
	if addSpecial {
		count += len(t.before) + len(t.after)
	}
	return count, nil
}

// TruncateOptions are the options of [Tokenizer.Truncate].
type TruncateOptions struct {
	// AddSpecial counts the tokens that the tokenizer puts around a text.
	AddSpecial bool
	// Left cuts at the beginning and keeps the end of the text.
	Left bool
}

// Truncate cuts a text to at most limit tokens. It returns the beginning of the
// text, or its end, and the number of tokens that [Tokenizer.Count] gives for
// that. The text is cut between two tokens and never inside a character, so what
// is returned is a part of text, byte for byte, and valid UTF-8 if text is.
//
// A text by itself can have other tokens at its ends than as a part of a longer
// one. Truncate counts what it returns, so that it never has more than limit
// tokens; a few less than would fit are possible. Options of nil are the zero
// ones. A negative limit, and one below what is put around every text, is
// [ErrLimit].
func (t *Tokenizer) Truncate(text string, limit int, opts *TruncateOptions) (string, int, error) {
	return t.TruncateContext(context.Background(), text, limit, opts)
}

// TruncateContext is [Tokenizer.Truncate], which ends with the context as
// [Tokenizer.EncodeContext] does.
func (t *Tokenizer) TruncateContext(ctx context.Context, text string, limit int, opts *TruncateOptions) (string, int, error) {
	t = t.made()
	ctx = background(ctx)
	if opts == nil {
		opts = &TruncateOptions{}
	}
	around, err := t.CountContext(ctx, "", opts.AddSpecial)
	if err != nil {
		return "", 0, err
	}
	if limit < around {
		return "", 0, limitError(limit, around)
	}
	for size := window(limit); ; size *= 4 {
		// What is far behind the limit does not change the tokens before it.
		part := text
		if size < len(text) && size <= budget.MaxText {
			part = keep(text, size, opts.Left)
		} else if count, err := t.CountContext(ctx, text, opts.AddSpecial); err != nil {
			return "", 0, err
		} else if count <= limit {
			return text, count, nil
		}
		e, err := t.trace(ctx, part)
		if err != nil {
			return "", 0, err
		}
		if len(part) < len(text) && e.Len() < limit-around+windowMargin {
			continue
		}
		return t.fit(ctx, part, e.Offsets, limit, around, opts)
	}
}

// A window onto a text holds far more tokens than the limit in most texts.
const windowMargin = 64

func window(limit int) int { return 1<<10 + 8*min(max(limit, 0), budget.MaxText) }

// keep returns the beginning of a text, or its end, of about size bytes.
func keep(text string, size int, end bool) string {
	if !end {
		return text[:budget.Chunk(text, size)]
	}
	at := max(len(text)-size, 0)
	for last := at + utf8.UTFMax - 1; at < len(text) && at < last && !utf8.RuneStart(text[at]); {
		at++
	}
	return text[at:]
}

// fit cuts text, which has tokens at the given places, until it has no more
// tokens than the limit.
func (t *Tokenizer) fit(ctx context.Context, text string, at []Offsets, limit, around int, opts *TruncateOptions) (string, int, error) {
	for n, less := min(limit-around, len(at)), 1; ; less *= 2 {
		part := text
		if n < len(at) {
			part = text[:cutAfter(at, n)]
			if opts.Left {
				part = text[cutBefore(at, len(at)-n, len(text)):]
			}
		}
		count, err := t.CountContext(ctx, part, opts.AddSpecial)
		if err != nil {
			return "", 0, err
		}
		if count <= limit {
			return part, count, nil
		}
		// Taking twice as much away each time ends soon, at last with nothing.
		n = max(min(n, len(at))-max(less, count-limit), 0)
	}
}

// cutAfter returns where the first n tokens end: where the next ones begin, if
// those share a character with them.
func cutAfter(at []Offsets, n int) int {
	end := 0
	for _, o := range at[:n] {
		end = max(end, o.End)
	}
	for _, o := range at[n:] {
		// An empty place is that of a token that stands for no text.
		if o.Start < o.End && o.Start < end {
			end = o.Start
		}
	}
	return end
}

// cutBefore returns where the tokens from n on begin: where those before them
// end, if they share a character.
func cutBefore(at []Offsets, n, size int) int {
	start := size
	for _, o := range at[n:] {
		if o.Start < o.End {
			start = min(start, o.Start)
		}
	}
	for _, o := range at[:n] {
		start = max(start, o.End)
	}
	return min(start, size)
}
