package tokenizer

import (
	"context"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/gocoreml/coreml/tokenizer/internal/budget"
	"github.com/gocoreml/coreml/tokenizer/internal/bytelevel"
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
		return "", budget.Stopped(err)
	}
	text, may := t.decode(ctx.Done(), ids, skipSpecial)
	if may.Err != nil {
		return "", may.Failure(ctx)
	}
	return text, nil
}

// decode returns the text of ids and, as the error of the budget, why it is not
// all that the decoder would make of them.
func (t *Tokenizer) decode(done <-chan struct{}, ids []int, skipSpecial bool) (string, *budget.Budget) {
	may := &budget.Budget{}
	may.Begin(done, budget.MaxText)
	if t.bytesOnly {
		return t.decodeBytes(may, ids, skipSpecial), may
	}
	if t.writer != nil {
		var b strings.Builder
		b.Grow(5 * len(ids))
		i := 0
		for _, id := range ids {
			if text, ok := t.token(id, skipSpecial); ok {
				if !may.Decodes(b.Len() + len(text)) {
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
		if !may.Decodes(size + len(text)) {
			break
		}
		if ok || t.gaps {
			tokens, size = append(tokens, text), size+len(text)
		}
	}
	if may.Err != nil {
		return strings.Join(tokens, ""), may
	}
	may.Begin(done, size)
	return t.decodeTokens(may, tokens), may
}

// decodeBytes decodes tokens that are bytes in the byte-level alphabet.
func (t *Tokenizer) decodeBytes(may *budget.Budget, ids []int, skipSpecial bool) string {
	raw := make([]byte, 0, 4*len(ids))
	for _, id := range ids {
		if text, ok := t.token(id, skipSpecial); ok {
			if !may.Decodes(len(raw) + len(text)) {
				break
			}
			raw = bytelevel.AppendBytes(raw, text)
		}
	}
	if utf8.Valid(raw) {
		return string(raw)
	}
	return string(bytelevel.AppendLossy(nil, raw))
}

// DecodeTokens is [Tokenizer.Decode] for tokens as the vocabulary spells them.
func (t *Tokenizer) DecodeTokens(tokens []string) string {
	size := 0
	for _, token := range tokens {
		size += len(token)
	}
	may := &budget.Budget{}
	may.Begin(nil, size)
	return t.decodeTokens(may, slices.Clone(tokens))
}

// decodeTokens decodes tokens and may change the list.
func (t *Tokenizer) decodeTokens(may *budget.Budget, tokens []string) string {
	if t.decoders == nil {
		return strings.Join(tokens, " ")
	}
	for _, step := range t.decoders {
		next := step(may, tokens)
		if may.Err != nil {
			// The tokens as they are say more than nothing.
			break
		}
		tokens = next
	}
	return strings.Join(tokens, "")
}

// token returns the text of an id, unless it is special and those are skipped.
func (t *Tokenizer) token(id int, skipSpecial bool) (string, bool) {
	if id < 0 || id >= len(t.isAdded) || t.isAdded[id] {
		if skipSpecial && t.IsSpecial(id) {
			return "", false
		}
		return t.IDToToken(id)
	}
	return t.vocab.ByID(id)
}
