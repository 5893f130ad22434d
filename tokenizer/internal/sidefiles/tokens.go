package sidefiles

import "github.com/gocoreml/coreml/tokenizer/internal/added"

// Tokens returns the tokens to add to those that a tokenizer has, in their order; has
// reports whether a text is one of those. Descriptions of tokens that it has are among
// them, and change those.
//
// A token with a name is special, whatever its description says. One without a name,
// in Extra, is what its description says, and special if it is a text alone that is
// new: the reference does not look at those that the tokenizer has already.
func (s *Side) Tokens(has func(text string) bool) []added.Token {
	// A tokenizer.json alone is what the tokenizers library makes of it, which has no name
	// for the token of its padding.
	if s.class.apart || s.alone {
		return nil
	}
	named := map[string]bool{}
	for _, n := range s.Names {
		named[n.Text] = true
	}
	var tokens []added.Token
	listed := map[string]bool{}
	seen := map[added.Token]bool{} // descriptions
	texts := map[string]bool{}     // texts alone, which are no description to the reference
	put := func(t added.Token) {
		t.ID = 0
		seen[t] = true
		t.Special = t.Special || named[t.Content]
		tokens = append(tokens, t)
	}
	for _, t := range s.Listed {
		put(t)
		listed[t.Content] = true
	}
	add := func(v Value) {
		switch {
		case listed[v.Text] || has(v.Text):
		case v.Token != nil && !seen[*v.Token]:
			put(*v.Token)
		case v.Token == nil && !texts[v.Text]:
			texts[v.Text] = true
			tokens = append(tokens, added.Token{Content: v.Text, Special: true})
		}
	}
	for _, n := range s.Names {
		add(n.Value)
	}
	for _, v := range s.Extra {
		add(v)
	}
	return tokens
}
