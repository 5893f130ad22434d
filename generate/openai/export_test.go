package openai

import (
	"context"
	"errors"

	"github.com/gocoreml/coreml/generate/grammar"
)

// KeepsGrammar reports whether the handler has the grammar of a text of some kind.
func (h *Handler) KeepsGrammar(kind, text string) bool {
	_, release, err := h.grammars.Get(context.Background(), kind, text, func() (*grammar.Grammar, error) { return nil, errors.New("there is none") })
	if err == nil {
		release()
	}
	return err == nil
}
