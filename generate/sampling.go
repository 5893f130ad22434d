package generate

import (
	"maps"
	"math"
	"math/rand/v2"
	"slices"
)

// Sampler chooses the next token. Logits has an element for each token of the
// vocabulary; it may be changed and is valid until Sample returns. A Sampler
// serves one stream at a time.
type Sampler interface {
	Sample(logits []float32) (id int, err error)
}

// Processor changes the logits of a step before a token is chosen. Ids are the
// tokens of the prompt and of the answer so far; both slices are valid until
// Process returns and ids must not be changed. A logit of -Inf rules a token
// out.
type Processor interface {
	Process(ids []int, logits []float32) error
}

// Sampling holds the parameters of the built-in sampler and of the built-in
// processors before it. What Hugging Face's transformers has, has its meaning and its
// place in the order: biases and penalties, then what rules tokens out, then
// [Options.Processors], the temperature, and what narrows the choice. A zero field is off.
type Sampling struct {
	// Temperature divides the logits. 0 turns sampling itself off: the likeliest
	// token is taken, and neither the fields that narrow the choice, from TopNSigma to
	// Mirostat, nor Seed mean anything.
	Temperature float64
	// TopNSigma keeps the tokens whose logits are at most so many standard deviations
	// of all logits below the greatest; as llama.cpp (Tang et al., "Top-nσ", 2024).
	TopNSigma float64
	// TopK keeps the K likeliest tokens, and those that are as likely as the
	// last of them.
	TopK int
	// TopP keeps the smallest set of the likeliest tokens whose probabilities
	// reach it together. 1 is off too.
	TopP float64
	// MinP keeps the tokens that are at least MinP times as likely as the
	// likeliest.
	MinP float64
	// TypicalP keeps the tokens whose surprise is the closest to the expected one, until
	// their probabilities reach it together (Meister et al., "Locally Typical Sampling",
	// 2022). 1 is off too.
	TypicalP float64
	// EpsilonCutoff keeps the tokens of at least this probability, from 0 to below 1, and
	// the likeliest (Hewitt et al., "Truncation Sampling as Language Model Desmoothing", 2022).
	EpsilonCutoff float64
	// EtaCutoff is an EpsilonCutoff that is less where the distribution is flat: the
	// least probability is the smaller of it and of its square root times e to the
	// power of minus the entropy (Hewitt et al., 2022).
	EtaCutoff float64
	// XTC sometimes leaves out the likeliest of several likely tokens.
	XTC *XTC
	// Mirostat keeps the surprise of the text near a target. It takes the place of all
	// that narrows the choice, from TopNSigma to XTC.
	Mirostat *Mirostat

	// LogitBias is added to the logits of tokens, by their ids: -1e6 to 1e6, or -Inf for
	// a token that must not come.
	LogitBias map[int]float64
	// SequenceBias is added to the logit of the last token of each sequence where those
	// before it have just been written.
	SequenceBias []BiasedSequence
	// RepetitionPenalty divides positive and multiplies negative logits of the
	// tokens in the prompt and in the answer so far, 1e-6 to 1e6. 1 is off too. It
	// applies without a temperature as well, as does all from LogitBias to
	// BeginSuppressTokens.
	RepetitionPenalty float64
	// PresencePenalty is taken off the logits of the tokens that the answer has already,
	// and FrequencyPenalty as often as it has them, each -1e6 to 1e6: OpenAI's, for which
	// -2 to 2 is usual. The prompt does not count.
	PresencePenalty, FrequencyPenalty float64
	// DRY makes the going on of what the text has had already less likely.
	DRY *DRY
	// NoRepeatNgram keeps any so many tokens in a row, prompt and answer together, from
	// coming twice.
	NoRepeatNgram int
	// BadWords are sequences of tokens that must not come. One that is an end token alone
	// is left out of account.
	BadWords [][]int
	// MinTokens keeps the end tokens away until prompt and answer have so many tokens
	// together, and MinNewTokens until the answer has. Stop strings are not affected.
	MinTokens, MinNewTokens int
	// ForcedBOS is the token after a prompt of a single token. Nil is off.
	ForcedBOS *int
	// ForcedEOS are end tokens of which one is taken as the last token that MaxTokens
	// allows.
	ForcedEOS []int
	// ForcedTokens are those that the answer begins with.
	ForcedTokens []int
	// SuppressTokens never come, and BeginSuppressTokens not as the first of the answer.
	SuppressTokens, BeginSuppressTokens []int
	// Seed makes the choice repeatable. Nil means a random one, which
	// Stats.Seed tells.
	Seed *uint64
}

// BiasedSequence is a sequence of tokens and what is added to the logit of its last one:
// -1e6 to 1e6, or -Inf for one that must not come.
type BiasedSequence struct {
	// Tokens are one or more.
	Tokens []int
	// Bias counts where all but the last of them have just been written.
	Bias float64
}

// minPenalty is the least repetition penalty: with less, products with logits
// leave the range of a float32.
const minPenalty = 1e-6

// maxTemperature is the greatest temperature, the largest float32.
const maxTemperature = math.MaxFloat32

// seed returns the seed that is asked for, or a random one.
func (s *Sampling) seed() uint64 {
	if s.Seed != nil {
		return *s.Seed
	}
	return rand.Uint64()
}

// clone returns a copy that shares no memory with s, nil for nil.
func (s *Sampling) clone() *Sampling {
	if s == nil {
		return nil
	}
	c := *s
	c.Seed, c.ForcedBOS, c.XTC, c.Mirostat = copied(s.Seed), copied(s.ForcedBOS), copied(s.XTC), copied(s.Mirostat)
	if c.DRY = copied(s.DRY); c.DRY != nil {
		c.DRY.Breakers = slices.Clone(s.DRY.Breakers)
	}
	c.LogitBias = maps.Clone(s.LogitBias)
	c.SequenceBias = slices.Clone(s.SequenceBias)
	for i := range c.SequenceBias {
		c.SequenceBias[i].Tokens = slices.Clone(c.SequenceBias[i].Tokens)
	}
	c.BadWords = slices.Clone(s.BadWords)
	for i, word := range c.BadWords {
		c.BadWords[i] = slices.Clone(word)
	}
	for _, list := range []*[]int{&c.ForcedEOS, &c.ForcedTokens, &c.SuppressTokens, &c.BeginSuppressTokens} {
		*list = slices.Clone(*list)
	}
	return &c
}

// copied returns a pointer to a copy, nil for nil.
func copied[T any](p *T) *T {
	if p == nil {
		return nil
	}
	return new(*p)
}
