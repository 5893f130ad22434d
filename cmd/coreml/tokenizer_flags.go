package main

import (
	"fmt"

	"github.com/gocoreml/coreml/tokenizer"
)

// tokenizerFlags say how a tokenizer is loaded. Verbs with a --tokenizer embed them.
type tokenizerFlags struct {
	KeepComponents bool `help:"Take tokenizer.json as it is, where the classes of transformers 5 make its parts anew."`
}

// loader returns what the flags mean to the library.
func (f *tokenizerFlags) loader() *tokenizer.Loader {
	return &tokenizer.Loader{KeepComponents: f.KeepComponents}
}

// loadFolder loads what a finder found and names it where that fails.
func (f *tokenizerFlags) loadFolder(where string) (*tokenizer.Tokenizer, error) {
	tok, err := f.loader().Load(where)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", where, err)
	}
	return tok, nil
}
