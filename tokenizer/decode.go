package tokenizer

import (
	"context"
	"slices"
	"strings"
	"unicode/utf8"
)

// Decode returns the text of ids. Ids that the vocabulary does not have are
// passed over, and special tokens too if skipSpecial is set. Bytes that do not
// form characters come out as U+FFFD, so the result is always valid UTF-8.
//
// Of a text of more than 64 MiB Decode returns the beginning, and where a
// malformed file makes far more of the tokens than they are, or takes too long
// over them, what the decoder has made of them until then.
// [Tokenizer.DecodeContext] gives the error.
func (t *Tokenizer) Decode(ids []int, skipSpecial bool) string {
	text, _ := t.decode(nil, ids, skipSpecial)
	return text
}

// DecodeContext is [Tokenizer.Decode] with an error, which is [ErrTooLarge] or
// that of the context. A nil context counts as the background.
func (t *Tokenizer) DecodeContext(ctx context.Context, ids []int, skipSpecial bool) (string, error) {
	ctx = background(ctx)
	if err := ctx.Err(); err != nil {
		return "", stopped(err)
	}
	text, may := t.decode(ctx.Done(), ids, skipSpecial)
	if may.err != nil {
		return "", may.failure(ctx)
	}
	return text, nil
}

// decode returns the text of ids and, as the error of the budget, why it is not
// all that the decoder would make of them.
func (t *Tokenizer) decode(done <-chan struct{}, ids []int, skipSpecial bool) (string, *budget) {
	may := &budget{}
	may.begin(done, maxText)
	if t.bytesOnly {
		return t.decodeBytes(may, ids, skipSpecial), may
	}
	if t.writer != nil {
		var b strings.Builder
		b.Grow(5 * len(ids))
		i := 0
		for _, id := range ids {
			if text, ok := t.token(id, skipSpecial); ok {
				if !may.decodes(b.Len() + len(text)) {
					break
				}
				t.writer(may, &b, i, text)
				i++
			}
		}
		return b.String(), may
	}
	tokens := make([]string, 0, len(ids))
	size := 0
	for _, id := range ids {
		text, ok := t.token(id, skipSpecial)
		if !may.decodes(size + len(text)) {
			break
		}
		if ok || t.gaps {
			tokens, size = append(tokens, text), size+len(text)
		}
	}
	if may.err != nil {
		return strings.Join(tokens, ""), may
	}
	may.begin(done, size)
	return t.decodeTokens(may, tokens), may
}

// decodes takes the step to one more token of a text that has a size with it.
func (may *budget) decodes(size int) bool {
	if size > maxText {
		may.fail(errTooLong)
	}
	return may.spend(1)
}

// decodeBytes decodes tokens that are bytes in the byte-level alphabet.
func (t *Tokenizer) decodeBytes(may *budget, ids []int, skipSpecial bool) string {
	raw := make([]byte, 0, 4*len(ids))
	for _, id := range ids {
		if text, ok := t.token(id, skipSpecial); ok {
			if !may.decodes(len(raw) + len(text)) {
				break
			}
			raw = appendBytes(raw, text)
		}
	}
	if utf8.Valid(raw) {
		return string(raw)
	}
	return string(appendLossy(nil, raw))
}

// DecodeTokens is [Tokenizer.Decode] for tokens as the vocabulary spells them.
func (t *Tokenizer) DecodeTokens(tokens []string) string {
	size := 0
	for _, token := range tokens {
		size += len(token)
	}
	may := &budget{}
	may.begin(nil, size)
	return t.decodeTokens(may, slices.Clone(tokens))
}

// decodeTokens decodes tokens and may change the list.
func (t *Tokenizer) decodeTokens(may *budget, tokens []string) string {
	if t.decoders == nil {
		return strings.Join(tokens, " ")
	}
	for _, step := range t.decoders {
		next := step(may, tokens)
		if may.err != nil {
			// The tokens as they are say more than nothing.
			break
		}
		tokens = next
	}
	return strings.Join(tokens, "")
}
