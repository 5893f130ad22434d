package tokenizer

import (
	"context"
	"slices"
	"strings"

	"github.com/gocoreml/coreml/tokenizer/internal/budget"
	"github.com/gocoreml/coreml/tokenizer/internal/bytelevel"
	"github.com/gocoreml/coreml/tokenizer/internal/decoder"
	"github.com/gocoreml/coreml/tokenizer/internal/sidefiles"
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
	text, _ := t.made().decode(nil, ids, skipSpecial)
	return text
}

// DecodeContext is [Tokenizer.Decode] with an error, which is [ErrTooLarge] or
// that of the context. A nil context counts as the background.
func (t *Tokenizer) DecodeContext(ctx context.Context, ids []int, skipSpecial bool) (string, error) {
	if err := t.check(); err != nil {
		return "", err
	}
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
	may.Begin(done, 0)
	ids = t.sieved(ids, skipSpecial)
	var text string
	if t.bytesOnly {
		text = t.decodeBytes(may, ids, skipSpecial)
	} else {
		text = t.decodeWithin(may, ids, skipSpecial)
	}
	if t.cleans {
		text = cleanUp(text)
	}
	if t.decoding.kind == sidefiles.Whisper {
		text = withoutTimes(text)
	}
	return text, may
}

// decodeWithin is decode in a budget that may have been used before, for
// tokenizers whose tokens are not plain bytes.
func (t *Tokenizer) decodeWithin(may *budget.Budget, ids []int, skipSpecial bool) string {
	if t.writer != nil {
		return t.decodeWritten(may, ids, skipSpecial)
	}
	// Tokens are collected in blocks: a list of millions would be made, or copied as
	// it grows, for longer than a look at the context may wait.
	var blocks [][]string
	tokens := make([]string, 0, min(len(ids), block))
	size := 0
	for _, id := range ids {
		text, ok := t.token(id, skipSpecial)
		if !may.Decodes(len(text), size+len(text)) {
			break
		}
		if !ok && !t.gaps {
			continue
		}
		if len(tokens) == block {
			blocks, tokens = append(blocks, tokens), make([]string, 0, block)
		}
		tokens, size = append(tokens, text), size+len(text)
	}
	may.Bound(size)
	if may.Done == nil || size < aside {
		if blocks != nil {
			tokens = slices.Concat(append(blocks, tokens)...)
		}
		return t.decodeTokens(may, tokens)
	}
	return t.decodeAside(may, append(blocks, tokens))
}

// block is the number of tokens that are collected in one piece of memory.
const block = 1 << 16

// aside is the size in bytes from which on tokens are decoded beside a caller who
// has a context: less takes no step of a decoder as long as a caller may wait.
const aside = 1 << 16

// decodeAside is decodeTokens for many. The steps look at the budget between tokens,
// and a token of theirs can be the whole text, so that the caller does not wait for
// them: what goes on ends at its next look.
func (t *Tokenizer) decodeAside(may *budget.Budget, blocks [][]string) string {
	type result struct {
		text   string
		may    budget.Budget
		thrown any
	}
	decoded := make(chan result, 1)
	own := *may // the caller goes on with the other one
	go func() {
		var r result
		defer func() {
			r.may, r.thrown = own, recover()
			decoded <- r
		}()
		r.text = t.decodeTokens(&own, slices.Concat(blocks...))
	}()
	select {
	case <-may.Done:
		may.Fail(budget.ErrStopped)
		return ""
	case r := <-decoded:
		if r.thrown != nil {
			panic(r.thrown) // as if the steps had been called from here
		}
		*may = r.may
		return r.text
	}
}

// decodeWritten decodes token by token into the text, without a list of them: the
// decoder Metaspace looks at nothing but the token and whether it is the first.
func (t *Tokenizer) decodeWritten(may *budget.Budget, ids []int, skipSpecial bool) string {
	may.Bound(budget.MaxText) // a mark never becomes longer
	var b strings.Builder
	b.Grow(5 * len(ids))
	i := 0
	for _, id := range ids {
		text, ok := t.token(id, skipSpecial)
		if !ok {
			continue
		}
		if !may.Decodes(len(text), b.Len()+len(text)) {
			break
		}
		t.writer(may, &b, i, text)
		i++
	}
	return b.String()
}

// decodeBytes decodes tokens that are bytes in the byte-level alphabet.
func (t *Tokenizer) decodeBytes(may *budget.Budget, ids []int, skipSpecial bool) string {
	raw := make([]byte, 0, 4*len(ids))
	for _, id := range ids {
		if text, ok := t.token(id, skipSpecial); ok {
			if !may.Decodes(len(text), len(raw)+len(text)) {
				break
			}
			raw = bytelevel.AppendBytes(raw, text)
		}
	}
	return decoder.Text(may, raw)
}

// DecodeTokens is [Tokenizer.Decode] for tokens as the vocabulary spells them.
func (t *Tokenizer) DecodeTokens(tokens []string) string {
	t = t.made()
	size := 0
	for _, token := range tokens {
		size += len(token)
	}
	may := &budget.Budget{}
	may.Begin(nil, size)
	return t.decodeTokens(may, slices.Clone(tokens))
}

// decodeTokens decodes tokens and may change the list. Where the budget is at its
// end it gives them as the vocabulary spells them.
func (t *Tokenizer) decodeTokens(may *budget.Budget, tokens []string) string {
	if may.Err != nil {
		return strings.Join(tokens, "")
	}
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
		if skipSpecial && t.special[id] {
			return "", false
		}
		return t.IDToToken(id)
	}
	return t.vocab.ByID(id)
}
