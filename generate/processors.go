package generate

import "math"

// The built-in processors that change the logits of tokens. Each can be used by itself
// in [Options.Processors] too; [Sampling] has a field for each. None keeps anything from
// step to step, and all may be used by several streams at once.

// ruledOut is the logit of a token that must not come.
var ruledOut = float32(math.Inf(-1))

// RepetitionPenalty is a [Processor] that makes the tokens of the prompt and of
// the answer so far less likely: their positive logits are divided by the
// penalty and their negative ones multiplied. It is the definition of Keskar et
// al., "CTRL" (2019), as Hugging Face applies it.
type RepetitionPenalty float64

// Process implements Processor.
func (r RepetitionPenalty) Process(ids []int, logits []float32) error {
	seen := make(map[int]struct{}, len(ids))
	for _, id := range ids {
		if _, ok := seen[id]; !ok && id >= 0 && id < len(logits) {
			seen[id] = struct{}{}
			logits[id] = penalise(logits[id], float32(r))
		}
	}
	return nil
}

// penalise makes a logit less by its sign: dividing a negative one would make it
// greater.
func penalise(logit, penalty float32) float32 {
	if logit < 0 {
		return logit * penalty
	}
	return logit / penalty
}

// TokenPenalties is a [Processor] that takes Presence off the logits of the tokens that
// the text has already, and Frequency as often as it has them: OpenAI's penalties. Only
// tokens behind the first Prompt ones are counted.
type TokenPenalties struct {
	// Presence and Frequency are usually -2 to 2; below 0 they reward.
	Presence, Frequency float64
	// Prompt is how many tokens at the beginning do not count.
	Prompt int
}

// Process implements Processor.
func (p TokenPenalties) Process(ids []int, logits []float32) error {
	counts := map[int]int{}
	for _, id := range ids[min(max(p.Prompt, 0), len(ids)):] {
		counts[id]++
	}
	for id, n := range counts { // each token is changed once: the order does not matter
		if id >= 0 && id < len(logits) {
			logits[id] -= countPenalty(n, float32(p.Presence), float32(p.Frequency))
		}
	}
	return nil
}

// countPenalty is what is taken off the logit of a token that came n times.
func countPenalty(n int, presence, frequency float32) float32 {
	return float32(float32(n)*frequency) + presence
}

// LogitBias is a [Processor] that adds to the logits of tokens, by their ids. -Inf rules
// a token out.
type LogitBias map[int]float64

// Process implements Processor.
func (b LogitBias) Process(_ []int, logits []float32) error {
	for id, bias := range b { // each token is changed once: the order does not matter
		if id >= 0 && id < len(logits) {
			logits[id] += float32(bias)
		}
	}
	return nil
}

// SequenceBias is a [Processor] that adds to the logit of the last token of each
// sequence where the text ends with those before it: the definition of transformers'
// SequenceBiasLogitsProcessor.
type SequenceBias []BiasedSequence

// Process implements Processor.
func (b SequenceBias) Process(ids []int, logits []float32) error {
	for i := range b {
		if last, ok := completes(b[i].Tokens, ids); ok && last < len(logits) {
			logits[last] += float32(b[i].Bias)
		}
	}
	return nil
}

// completes returns the last token of a sequence where ids end with those before it.
func completes(sequence, ids []int) (last int, ok bool) {
	n := len(sequence) - 1
	if n < 0 || n > len(ids) || sequence[n] < 0 {
		return 0, false
	}
	for i, id := range ids[len(ids)-n:] {
		if id != sequence[i] {
			return 0, false
		}
	}
	return sequence[n], true
}

// BadWords is a [Processor] that keeps sequences of tokens from coming: transformers'
// NoBadWordsLogitsProcessor.
type BadWords [][]int

// Process implements Processor.
func (b BadWords) Process(ids []int, logits []float32) error {
	for _, word := range b {
		if last, ok := completes(word, ids); ok && last < len(logits) {
			logits[last] = ruledOut
		}
	}
	return nil
}

// NoRepeatNgram is a [Processor] that keeps any so many tokens in a row from coming
// twice: transformers' NoRepeatNGramLogitsProcessor. 0 is off.
type NoRepeatNgram int

// Process implements Processor.
func (n NoRepeatNgram) Process(ids []int, logits []float32) error {
	size := int(n)
	if size < 1 || len(ids) < size {
		return nil
	}
	end := ids[len(ids)-size+1:]
	for i := 0; i+size <= len(ids); i++ {
		if last := ids[i+size-1]; last >= 0 && last < len(logits) && sharedPrefix(ids[i:], end) == len(end) {
			logits[last] = ruledOut
		}
	}
	return nil
}
