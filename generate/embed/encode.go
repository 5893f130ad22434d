package embed

import (
	"context"
	"strings"

	"github.com/gocoreml/coreml/tokenizer"
)

// encoded is a text as the package takes it.
type encoded struct {
	index      int // among the texts of a window
	ids, types []int
	truncated  bool
}

// prepare puts the prompt before a text and changes it as the files say.
func (m *Model) prepare(prompt, text string) string {
	text = prompt + text
	if m.settings.LowerCase {
		text = strings.ToLower(text)
	}
	return text
}

// encode turns texts, or pairs, into tokens and cuts those that are too long. first
// is the place of the first one among all that were given.
func (m *Model) encode(ctx context.Context, inputs []tokenizer.Input, refuse bool, first int) ([]encoded, error) {
	whole, err := m.tok.EncodeBatchContext(ctx, inputs, &tokenizer.BatchOptions{AddSpecial: true})
	if err != nil {
		return nil, err
	}
	if err := m.checkIDs(whole, first); err != nil {
		return nil, err
	}
	out := make([]encoded, len(whole))
	var long []tokenizer.Input
	var places []int
	for i, e := range whole {
		switch n := e.Len(); {
		case n == 0, n > m.maxTokens && refuse:
			return nil, &LengthError{Text: first + i, Tokens: n, MaxTokens: m.maxTokens}
		case n > m.maxTokens:
			long, places = append(long, inputs[i]), append(places, i)
		}
		out[i] = encoded{i, e.IDs, e.TypeIDs, false}
	}
	if len(long) == 0 {
		return out, nil
	}
	cut, err := m.tok.EncodeBatchContext(ctx, long, &tokenizer.BatchOptions{
		AddSpecial: true, Truncation: &tokenizer.Truncation{MaxLength: m.maxTokens, Left: m.cutLeft},
	})
	if err != nil {
		return nil, err
	}
	for i, e := range cut {
		if e.Len() == 0 || e.Len() > m.maxTokens {
			return nil, &LengthError{Text: first + places[i], Tokens: e.Len(), MaxTokens: m.maxTokens}
		}
		out[places[i]] = encoded{places[i], e.IDs, e.TypeIDs, true}
	}
	return out, nil
}

// promptTokens returns how many tokens at the beginning of a text are those of the
// prompt and take no part in the pooling. The special token that ends a text stands
// behind the text and is none of them.
func (m *Model) promptTokens(ctx context.Context, prompt string) (int, error) {
	if prompt == "" || !m.settings.SkipPrompt {
		return 0, nil
	}
	ids, err := m.tok.EncodeContext(ctx, m.prepare(prompt, ""), true)
	if err != nil {
		return 0, err
	}
	n := len(ids)
	if n > 0 && m.tok.IsSpecial(ids[n-1]) {
		n--
	}
	return n, nil
}

// checkIDs refuses tokens that the model does not have: it would read another
// token's vector, or none.
func (m *Model) checkIDs(list []*tokenizer.Encoding, first int) error {
	most := maxID
	if m.settings.vocabulary > 0 {
		most = m.settings.vocabulary
	}
	for i, e := range list {
		for _, id := range e.IDs {
			if id < 0 || id >= most {
				return configErrorf("Tokenizer", "is another model's: token id %d of text %d is not in the model's vocabulary, 0 to %d", id, first+i, most-1)
			}
		}
	}
	return nil
}
