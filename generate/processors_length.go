package generate

import "slices"

// The built-in processors that go by the length of the text.

// MinLength is a [Processor] that rules Ends out while the text, prompt and answer
// together, has fewer than Tokens tokens: transformers' MinLengthLogitsProcessor.
type MinLength struct {
	// Tokens is the least length of the text.
	Tokens int
	// Ends are the tokens that would end it.
	Ends []int
}

// Process implements Processor.
func (m MinLength) Process(ids []int, logits []float32) error {
	if len(ids) < m.Tokens {
		ruleOut(m.Ends, logits)
	}
	return nil
}

// ruleOut makes tokens impossible.
func ruleOut(ids []int, logits []float32) {
	for _, id := range ids {
		if id >= 0 && id < len(logits) {
			logits[id] = ruledOut
		}
	}
}

// SuppressTokens is a [Processor] that rules tokens out: transformers'
// SuppressTokensLogitsProcessor.
type SuppressTokens []int

// Process implements Processor.
func (s SuppressTokens) Process(_ []int, logits []float32) error {
	ruleOut(s, logits)
	return nil
}

// BeginSuppressTokens is a [Processor] that rules tokens out where the text has exactly
// At tokens: transformers' SuppressTokensAtBeginLogitsProcessor.
type BeginSuppressTokens struct {
	// Tokens are those that must not come.
	Tokens []int
	// At is the length of the text, such as that of the prompt.
	At int
}

// Process implements Processor.
func (s BeginSuppressTokens) Process(ids []int, logits []float32) error {
	if len(ids) == s.At {
		ruleOut(s.Tokens, logits)
	}
	return nil
}

// ForcedTokens is a [Processor] that leaves one token where the text has At tokens or
// some more: the first of Tokens behind At of them, the second behind At+1, and so on.
type ForcedTokens struct {
	// Tokens come one after the other.
	Tokens []int
	// At is the length of the text before the first of them.
	At int
}

// Process implements Processor.
func (f ForcedTokens) Process(ids []int, logits []float32) error {
	if i := len(ids) - f.At; i >= 0 && i < len(f.Tokens) {
		force(f.Tokens[i:i+1], logits)
	}
	return nil
}

// ForcedEnd is a [Processor] that leaves Ends alone, all equally likely, where the text
// has exactly At tokens: transformers' ForcedEOSTokenLogitsProcessor, whose max_length is
// At+1.
type ForcedEnd struct {
	// Ends are the tokens that are left.
	Ends []int
	// At is the length of the text before them.
	At int
}

// Process implements Processor.
func (f ForcedEnd) Process(ids []int, logits []float32) error {
	if len(ids) == f.At {
		force(f.Ends, logits)
	}
	return nil
}

// force rules out all tokens but some, unless none of these has a logit.
func force(ids []int, logits []float32) {
	if !slices.ContainsFunc(ids, func(id int) bool { return id >= 0 && id < len(logits) }) {
		return
	}
	fill(logits, ruledOut)
	for _, id := range ids {
		if id >= 0 && id < len(logits) {
			logits[id] = 0
		}
	}
}
