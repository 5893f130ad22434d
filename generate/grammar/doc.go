// Package grammar says which texts a language model may write: those that fit a regular
// expression, a grammar, one of some choices, or JSON.
//
//	g, err := grammar.Regex(`(yes|no), because [a-z ]{1,80}\.`)
//	for tok, err := range generator.Stream(ctx, prompt, &generate.Options{Grammar: g}) { … }
//
// A [Grammar] is compiled once and does not change: any number of goroutines may use it.
// It works on the bytes of the text. A [Vocabulary] has the bytes of a tokenizer's
// tokens, and a [Matcher] says, in an answer under way, which of them may follow: every
// token that leads on to a text that fits, wherever its ends lie in words and in
// characters.
//
// # Bounds
//
// Grammars may come from strangers. What does not compile within the bounds of the
// package is a [*LimitError]; reading a text takes time in proportion to its length and
// memory that is bounded by a cache.
package grammar
