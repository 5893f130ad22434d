package tokenizer

import (
	"context"
	"errors"
	"sync"
)

// Tokenizer turns text into the ids of a model's vocabulary and back. It does
// not change after it was loaded and is safe for concurrent use.
type Tokenizer struct {
	model       model
	vocab       *vocab
	raw         bool // the last stage leaves the byte-level alphabet to the model
	normalizers []normalize
	stages      []stage
	decoders    []decodeStep
	bytesOnly   bool        // the decoder is ByteLevel alone
	writer      tokenWriter // the decoder, if it is Metaspace alone
	gaps        bool        // the decoder is told where tokens are skipped
	before      []int
	after       []int
	// intricate says that the ids depend on more than the fast way follows: a
	// post-processor that does more than put ids around a text, or a
	// pre-tokenizer that asks where in the original text a part comes from.
	intricate  bool
	processors []processor
	truncation *Truncation
	padding    *Padding
	added      [2]*addedSet // tokens found before and after normalization
	addedIDs   map[string]int
	addedByID  map[int]*addedToken
	special    map[int]bool
	isAdded    []bool // by id: added or special
	size       int
	config     *Config
	templates  templateCache
	states     sync.Pool
}

// Encode returns the ids of text. Added tokens, special ones included, are
// recognised in it. If addSpecial is set, the ids that the tokenizer puts
// around a text are added, for many models one that begins it.
//
// A byte of text that is not part of a UTF-8 character is read as U+FFFD, as a
// range over the string would. Truncation and padding that the file asks for
// are not applied. A text beyond the limits of the package is [ErrTooLarge].
func (t *Tokenizer) Encode(text string, addSpecial bool) ([]int, error) {
	return t.EncodeContext(context.Background(), text, addSpecial)
}

// EncodeContext is [Tokenizer.Encode], which ends with the context: a few
// milliseconds after it, whatever the text. A nil context counts as the
// background.
func (t *Tokenizer) EncodeContext(ctx context.Context, text string, addSpecial bool) ([]int, error) {
	return t.encode(background(ctx), make([]int, 0, min(len(text), maxText)/3+8), text, addSpecial)
}

// AppendEncode is [Tokenizer.Encode], which appends the ids to dst.
func (t *Tokenizer) AppendEncode(dst []int, text string, addSpecial bool) ([]int, error) {
	return t.encode(context.Background(), dst, text, addSpecial)
}

// encode appends the ids of text to dst.
func (t *Tokenizer) encode(ctx context.Context, dst []int, text string, addSpecial bool) ([]int, error) {
	if t.intricate {
		return t.appendTraced(ctx, dst, text, addSpecial)
	}
	st, err := t.state(ctx, text)
	if err != nil {
		return dst, err
	}
	start := len(dst)
	if addSpecial {
		dst = append(dst, t.before...)
	}
	dst = t.encodeParts(st, dst, text)
	if addSpecial {
		dst = append(dst, t.after...)
	}
	if err = t.release(ctx, st); errors.Is(err, errPlaceless) {
		return t.appendTraced(ctx, dst[:start], text, addSpecial)
	}
	if err != nil {
		return dst[:start], err
	}
	return dst, nil
}

// appendTraced is encode for what the fast way does not follow.
func (t *Tokenizer) appendTraced(ctx context.Context, dst []int, text string, addSpecial bool) ([]int, error) {
	e, err := t.EncodeWithOffsetsContext(ctx, text, addSpecial)
	if err != nil {
		return dst, err
	}
	return append(dst, e.IDs...), nil
}

// state returns the memory to encode a text in, with the budget for it.
func (t *Tokenizer) state(ctx context.Context, text string) (*state, error) {
	if len(text) > maxText {
		return nil, errTooLong
	}
	if err := ctx.Err(); err != nil {
		return nil, stopped(err)
	}
	st, ok := t.states.Get().(*state)
	if !ok {
		st = &state{pieces: make([][]piece, len(t.stages))}
		st.encoder = t.model.encoder(&st.budget)
	}
	st.begin(ctx.Done(), len(text))
	return st, nil
}

// release gives the memory back and returns why the encoding ended before its
// end.
func (t *Tokenizer) release(ctx context.Context, st *state) error {
	err := st.failure(ctx)
	st.reset()
	t.states.Put(st)
	return err
}

// encodeParts appends the ids of a text and of the added tokens in it.
func (t *Tokenizer) encodeParts(st *state, dst []int, text string) []int {
	t.added[0].split(&st.budget, st.valid(text), func(part string, at int) {
		dst = t.encodePart(st, dst, part, at == 0)
	}, func(a *addedToken, _, _ int) {
		dst = append(dst, int(a.ID))
	})
	return dst
}

// encodePart appends the ids of a text between added tokens; first says that
// it is the beginning of the whole text.
func (t *Tokenizer) encodePart(st *state, dst []int, part string, first bool) []int {
	if part = apply(&st.budget, t.normalizers, part); part == "" || st.err != nil {
		return dst
	}
	if len(t.stages) == 0 && !st.take(len(part)) {
		return dst
	}
	if t.added[1] == nil {
		return t.pretokenize(st, dst, part, first, 0)
	}
	t.added[1].split(&st.budget, part, func(part string, at int) {
		dst = t.pretokenize(st, dst, part, first && at == 0, 0)
	}, func(a *addedToken, _, _ int) {
		dst = append(dst, int(a.ID))
	})
	return dst
}

// VocabSize returns the largest id plus one, added tokens included. Some of
// the ids below it may have no token.
func (t *Tokenizer) VocabSize() int { return t.size }

// TokenToID returns the id of a token as the vocabulary spells it, in
// byte-level vocabularies for example "Ġthe" for " the".
func (t *Tokenizer) TokenToID(token string) (int, bool) {
	if id, ok := t.addedIDs[token]; ok {
		return id, true
	}
	id, ok := t.vocab.lookup(token)
	return int(id), ok
}

// IDToToken returns the token of an id as the vocabulary spells it.
func (t *Tokenizer) IDToToken(id int) (string, bool) {
	if a, ok := t.addedByID[id]; ok {
		return a.Content, true
	}
	return t.vocab.byID(id)
}

// IsSpecial reports whether id is a special token: one that is no text, such
// as the end of a text or of a turn.
func (t *Tokenizer) IsSpecial(id int) bool { return t.special[id] }

// Config returns what the files beside tokenizer.json say. It is shared and
// must not be changed.
func (t *Tokenizer) Config() *Config { return t.config }
