package model

import (
	"fmt"

	"github.com/gocoreml/coreml/tokenizer/internal/budget"
	"github.com/gocoreml/coreml/tokenizer/internal/fault"
	"github.com/gocoreml/coreml/tokenizer/internal/jsontext"
	"github.com/gocoreml/coreml/tokenizer/internal/vocab"
)

// modelFields are the fields of each model; ! marks those that are always there, by
// which a model without a type is known.
var modelFields = map[string]string{
	"BPE":     "vocab! merges! dropout unk_token continuing_subword_prefix end_of_word_suffix fuse_unk byte_fallback ignore_merges cache_capacity",
	"Unigram": "vocab! unk_id byte_fallback", "WordLevel": "vocab! unk_token!",
	"WordPiece": "vocab! unk_token! continuing_subword_prefix! max_input_chars_per_word!",
}

// Model turns the pieces of a text into ids. What a piece is the pre-tokenizer decides:
// a word for most, and the whole text for some.
type Model interface {
	// Encoder returns an encoder, which works within a budget.
	Encoder(may *budget.Budget) Encoder
	// Tokens returns the vocabulary.
	Tokens() *vocab.Vocab
	// Unknown returns the id of what the vocabulary does not have, -1 where there is none.
	Unknown() int32
}

// Encoder is a model at work. The memory that it works in is its own, so that
// many can share one model; it is used by one goroutine at a time.
type Encoder interface {
	// AppendPiece appends the ids of one piece of pre-tokenized text.
	AppendPiece(dst []int, piece string) []int
	// AppendTokens appends the same ids with their places in the piece.
	AppendTokens(dst []Token, piece string) []Token
	// Reset lets go of the memory that a very long text took.
	Reset()
}

// Section is a model section whose fields have been found, and not yet read.
type Section struct {
	fields map[string][]byte
	o      *modelOptions
	err    error // why they have not
}

// Find finds the fields of a model section. Who reads it gets the error.
func Find(raw []byte) *Section {
	var s Section
	s.fields, s.o, s.err = readOptions(raw)
	return &s
}

// Read reads the section. The model gets the bytes of its pieces instead of the byte-level
// alphabet if alphabet is set and it can do that, which isRaw tells. With small it makes
// another model of the same vocabulary and merges: what the section says beside them
// counts for nothing, and small has the small fields.
func (s *Section) Read(small []byte, alphabet bool) (m Model, isRaw bool, err error) {
	if s.err != nil {
		return nil, false, s.err
	}
	o := s.o
	if small != nil {
		if _, o, err = readOptions(small); err == nil && jsontext.IsNull(s.fields["vocab"]) {
			err = vocab.ErrNoVocab
		}
	} else {
		err = checkFields(s.fields, o)
	}
	if err != nil {
		return nil, false, err
	}
	return readAs(s.fields, o, alphabet, small != nil)
}

// Type returns the type of the model, "" where nothing says it.
func (s *Section) Type() string {
	if isList(s.fields["vocab"]) {
		return "Unigram"
	}
	if s.o == nil {
		return ""
	}
	return s.o.Type
}

// isList reports whether a vocabulary is a list of tokens with their scores.
func isList(raw []byte) bool { return len(raw) > 0 && raw[0] == '[' }

// readAs reads a model with the small fields o. The vocabulary of another model can be a
// list.
func readAs(fields map[string][]byte, o *modelOptions, alphabet, other bool) (Model, bool, error) {
	if o.Type == "Unigram" {
		u, err := readUnigram(fields["vocab"], o)
		if err != nil {
			return nil, false, fmt.Errorf("vocabulary: %w", err)
		}
		return u, false, nil
	}
	read := vocab.Read
	if other && isList(fields["vocab"]) {
		read = readListed
	}
	words, err := read(&jsontext.Scanner{Data: fields["vocab"]})
	if err != nil {
		return nil, false, fmt.Errorf("vocabulary: %w", err)
	}
	if o.Type != "BPE" {
		return newWordPiece(words, o), false, nil
	}
	b := newBPE(words, o, alphabet)
	if err := b.readMerges(fields["merges"]); err != nil {
		return nil, false, fmt.Errorf("merges: %w", err)
	}
	return b, b.raw, nil
}

// readListed reads the tokens of a list of tokens with scores.
func readListed(s *jsontext.Scanner) (*vocab.Vocab, error) {
	var m unigram
	err := m.readTokens(s.Data)
	return m.vocab, err
}

// Place returns the place of a token in the list of a Unigram model: the first from a
// place on, of those with a score of zero alone if zero is set.
func (s *Section) Place(token string, from int, zero bool) (int, bool) {
	if !isList(s.fields["vocab"]) {
		return 0, false
	}
	list := &jsontext.Scanner{Data: s.fields["vocab"]}
	i, found := -1, -1
	_ = list.Array(func() error { // who reads the model says what is wrong
		text, score, err := readScored(list)
		if i++; err == nil && found < 0 && i >= from && string(text) == token && (score == 0 || !zero) {
			found = i
		}
		return err
	})
	return found, found >= 0
}

// checkFields refuses what would change the ids if it were passed over: a field that
// nobody knows, a model of another kind, and dropout, by which the same text gets
// other ids each time.
func checkFields(fields map[string][]byte, o *modelOptions) error {
	for name, value := range fields {
		if list, ok := modelFields[o.Type]; ok && name != "type" && !jsontext.Allowed(list, name) && !jsontext.IsNull(value) {
			return &fault.Unsupported{Component: "option", Name: o.Type + "." + name}
		}
	}
	switch _, known := modelFields[o.Type]; {
	case !known:
		return &fault.Unsupported{Component: "model", Name: o.Type}
	case o.Dropout != nil && *o.Dropout != 0:
		return &fault.Unsupported{Component: "option", Name: "BPE.dropout"}
	case jsontext.IsNull(fields["vocab"]):
		return vocab.ErrNoVocab
	}
	return nil
}

// Token is a token of a piece of text. Places are 32 bits: a piece has 64 MiB at most.
type Token struct {
	ID         int32
	Start, End int32  // its bytes in the piece
	Text       string // how it is spelled
}

// maxAffix bounds what is put before or behind each part of a word: it is looked up
// with every character. Those in use have four bytes.
const maxAffix = 1 << 8
