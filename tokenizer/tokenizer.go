package tokenizer

import (
	"context"
	"sync"

	"github.com/gocoreml/coreml/tokenizer/internal/added"
	"github.com/gocoreml/coreml/tokenizer/internal/budget"
	"github.com/gocoreml/coreml/tokenizer/internal/chat"
	"github.com/gocoreml/coreml/tokenizer/internal/decoder"
	"github.com/gocoreml/coreml/tokenizer/internal/model"
	"github.com/gocoreml/coreml/tokenizer/internal/normalizer"
	"github.com/gocoreml/coreml/tokenizer/internal/pretokenizer"
	"github.com/gocoreml/coreml/tokenizer/internal/vocab"
)

// Tokenizer turns text into the ids of a model's vocabulary and back. It does
// not change after it was loaded and is safe for concurrent use. It is made by
// [Load] or [LoadFS]: a nil or zero one has no tokens and encodes nothing but an
// error, and what it decodes is empty.
type Tokenizer struct {
	model       model.Model
	vocab       *vocab.Vocab
	raw         bool // the last stage leaves the byte-level alphabet to the model
	normalizers []normalizer.Step
	stages      []pretokenizer.Stage
	decoders    []decoder.Step
	bytesOnly   bool           // the decoder is ByteLevel alone
	writer      decoder.Writer // the decoder, if it is Metaspace alone
	gaps        bool           // the decoder is told where tokens are skipped
	cleans      bool           // spaces before marks are taken out of what is decoded
	decoding    decoding       // what the class does beyond the decoders
	before      []int
	after       []int
	// intricate says that the ids depend on more than the fast way follows: a
	// post-processor that does more than put ids around a text, or a
	// pre-tokenizer that asks where in the original text a part comes from.
	intricate  bool
	processors []processor
	truncation *Truncation
	padding    *Padding
	added      [2]*added.Set // tokens found before and after normalization
	addedIDs   map[string]int
	addedByID  map[int]*added.Token
	special    map[int]bool
	isAdded    []bool // by id: added or special
	size       int
	source     source
	config     *Config
	templates  chat.Cache
	facts      templateFacts
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
	return t.made().encode(background(ctx), make([]int, 0, min(len(text), budget.MaxText)/3+8), text, addSpecial)
}

// AppendEncode is [Tokenizer.Encode], which appends the ids to dst.
func (t *Tokenizer) AppendEncode(dst []int, text string, addSpecial bool) ([]int, error) {
	return t.made().encode(context.Background(), dst, text, addSpecial)
}

// VocabSize returns the largest id plus one, added tokens included. Some of
// the ids below it may have no token.
func (t *Tokenizer) VocabSize() int { return t.made().size }

// TokenToID returns the id of a token as the vocabulary spells it, in
// byte-level vocabularies for example "Ġthe" for " the".
func (t *Tokenizer) TokenToID(token string) (int, bool) {
	t = t.made()
	if id, ok := t.addedIDs[token]; ok {
		return id, true
	}
	id, ok := t.vocab.Lookup(token)
	return int(id), ok
}

// IDToToken returns the token of an id as the vocabulary spells it. An added token
// that is looked for in normalized text is spelled as the normalizer writes it.
func (t *Tokenizer) IDToToken(id int) (string, bool) {
	t = t.made()
	if a, ok := t.addedByID[id]; ok {
		return a.Text, true
	}
	return t.vocab.ByID(id)
}

// IsSpecial reports whether id is a special token: one that is no text, such
// as the end of a text or of a turn.
func (t *Tokenizer) IsSpecial(id int) bool { return t.made().special[id] }

// IsAdded reports whether id is a token that was added to the vocabulary of the
// tokenizer's model, or a special one of it.
func (t *Tokenizer) IsAdded(id int) bool {
	t = t.made()
	return id >= 0 && id < len(t.isAdded) && t.isAdded[id]
}

// Config returns what the files beside tokenizer.json say. It is shared and
// must not be changed.
func (t *Tokenizer) Config() *Config { return t.made().config }
