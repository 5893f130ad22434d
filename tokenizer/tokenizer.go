package tokenizer

import (
	"errors"
	"sync"
	"unicode/utf8"
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

// maxText bounds a text in bytes, also while it is normalized and cut: a
// malformed file could make it grow at each step.
const maxText = 1 << 26

var errTooLong = errors.New("tokenizer: the text is longer than 64 MiB")

// Encode returns the ids of text. Added tokens, special ones included, are
// recognised in it. If addSpecial is set, the ids that the tokenizer puts
// around a text are added, for many models one that begins it.
//
// A byte of text that is not part of a UTF-8 character is read as U+FFFD, as a
// range over the string would. Truncation and padding that the file asks for
// are not applied.
func (t *Tokenizer) Encode(text string, addSpecial bool) ([]int, error) {
	return t.AppendEncode(make([]int, 0, len(text)/3+8), text, addSpecial)
}

// AppendEncode is [Tokenizer.Encode], which appends the ids to dst.
func (t *Tokenizer) AppendEncode(dst []int, text string, addSpecial bool) ([]int, error) {
	if len(text) > maxText {
		return dst, errTooLong
	}
	if !utf8.ValidString(text) {
		text = string(appendValid(make([]byte, 0, len(text)+16), text))
	}
	if t.intricate {
		return t.appendTraced(dst, text, addSpecial)
	}
	st := t.state(text)
	start := len(dst)
	if addSpecial {
		dst = append(dst, t.before...)
	}
	t.added[0].split(text, func(part string, at int) {
		dst = t.encodePart(st, dst, part, at == 0)
	}, func(a *addedToken, _, _ int) {
		dst = append(dst, int(a.ID))
	})
	if addSpecial {
		dst = append(dst, t.after...)
	}
	err := st.err
	st.reset()
	t.states.Put(st)
	if errors.Is(err, errPlaceless) {
		return t.appendTraced(dst[:start], text, addSpecial)
	}
	if err != nil {
		return dst[:start], err
	}
	return dst, nil
}

// appendTraced is AppendEncode for what the fast way does not follow.
func (t *Tokenizer) appendTraced(dst []int, text string, addSpecial bool) ([]int, error) {
	e, err := t.EncodeWithOffsets(text, addSpecial)
	if err != nil {
		return dst, err
	}
	return append(dst, e.IDs...), nil
}

// state returns the memory to encode a text in.
func (t *Tokenizer) state(text string) *state {
	st, ok := t.states.Get().(*state)
	if !ok {
		st = &state{cache: newWordCache(), pieces: make([][]piece, len(t.stages))}
	}
	st.patience = patience(text)
	return st
}

// encodePart appends the ids of a text between added tokens; first says that
// it is the beginning of the whole text.
func (t *Tokenizer) encodePart(st *state, dst []int, part string, first bool) []int {
	part, err := apply(t.normalizers, part)
	if err != nil {
		st.err = err
		return dst
	}
	if t.added[1] == nil {
		if part == "" {
			return dst
		}
		return t.pretokenize(st, dst, part, first, 0)
	}
	t.added[1].split(part, func(part string, at int) {
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
