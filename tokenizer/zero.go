package tokenizer

import (
	"errors"
	"hash/maphash"

	"github.com/gocoreml/coreml/tokenizer/internal/vocab"
)

// noTokenizer answers for a Tokenizer that no Load made, the zero value or a nil
// pointer: what is left when the error of Load was not looked at. It has no tokens.
var noTokenizer = &Tokenizer{
	config: new(Config),
	vocab:  &vocab.Vocab{Slots: make([]uint32, 1), Seed: maphash.MakeSeed()}, // the least that can be searched
}

var (
	errNotLoaded    = errors.New("tokenizer: not loaded: it is nil or the zero value, not what Load returned")
	errNoFileSystem = errors.New("tokenizer: the file system is nil")
)

// made returns t, and noTokenizer for one that nothing made.
func (t *Tokenizer) made() *Tokenizer {
	if t == nil || t.vocab == nil {
		return noTokenizer
	}
	return t
}

// check refuses a tokenizer that nothing made.
func (t *Tokenizer) check() error {
	if t.made() == noTokenizer {
		return errNotLoaded
	}
	return nil
}

// check refuses a decoder that no NewDecoder made, or one of no tokenizer.
func (d *Decoder) check() error {
	if d == nil {
		return errNotLoaded
	}
	return d.t.check()
}
