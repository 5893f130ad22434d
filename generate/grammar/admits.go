package grammar

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/gocoreml/coreml/internal/quote"
)

// ErrSpelling says that the tokens of a vocabulary cannot write a text.
var ErrSpelling = errors.New("no tokens of the vocabulary write the text")

// Admits reports whether a model can write text as a whole answer: whether each of its
// tokens is allowed by the mask in its place, and the end behind the last one. The tokens
// are those of the tokenizer, and where those do not write the text as it is, as for a
// text that reads like a special token, the longest that do.
func (g *Grammar) Admits(ctx context.Context, v *Vocabulary, text string) (bool, error) {
	ids, err := v.Spell(ctx, text)
	if err != nil {
		return false, err
	}
	m := NewMatcher(g, v)
	for _, id := range ids {
		if err := ctx.Err(); err != nil {
			return false, err
		}
		if !m.Mask().Allows(id) {
			return false, m.state.Err()
		}
		if _, err := m.Accept(id); err != nil {
			return false, fmt.Errorf("token %d is in the mask: %w", id, err)
		}
	}
	return m.Mask().CanEnd(), nil
}

// Spell returns tokens that write a text at the beginning of an answer, exactly: those of
// the tokenizer where they do, and else the longest that do. Without such tokens its
// error is [ErrSpelling].
func (v *Vocabulary) Spell(ctx context.Context, text string) ([]int, error) {
	ids, err := v.tok.EncodeContext(ctx, text, false)
	if err != nil {
		return nil, err
	}
	if v.writes(ids, text) {
		return ids, nil
	}
	ids = ids[:0]
	for rest := text; rest != ""; {
		t := v.tokens(rest == text)
		id, size := t.longestToken(rest)
		if size == 0 {
			return nil, fmt.Errorf("%w: there is none for %s", ErrSpelling, quote.Name(rest, 20))
		}
		ids, rest = append(ids, id), rest[size:]
	}
	return ids, nil
}

// writes reports whether tokens write a text exactly.
func (v *Vocabulary) writes(ids []int, text string) bool {
	for i, id := range ids {
		b := v.Bytes(id, i == 0)
		if b == "" || len(b) > len(text) || text[:len(b)] != b {
			return false
		}
		text = text[len(b):]
	}
	return text == ""
}

// longestToken returns the longest token that a text begins with, and its bytes.
func (t *tokens) longestToken(text string) (id, size int) {
	size = t.longest(text)
	if size == 0 {
		return 0, 0
	}
	k, _ := slices.BinarySearchFunc(t.tree.ids, text[:size], func(id int32, s string) int { return cmp.Compare(t.text[id], s) })
	return int(t.tree.ids[k]), size
}
