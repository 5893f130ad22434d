package main

import (
	"errors"
	"math"
	"reflect"

	"github.com/gocoreml/coreml/generate"
)

// The flags that say how generate chooses tokens.

// samplingFlags override the model's own settings one by one.
//
// They are pointers because 0 is a value of theirs: --top-k 0 turns off what the
// model's settings turn on, and leaving the flag out does not.
type samplingFlags struct {
	Temperature   *float64 `aliases:"temp" help:"Randomness; 0 takes the likeliest token." placeholder:"T"`
	TopK          *int     `help:"Choose among the K likeliest tokens; 0 is off." placeholder:"K"`
	TopP          *float64 `help:"Choose among the likeliest tokens that reach probability P together, from 0 to 1; 0 is off." placeholder:"P"`
	MinP          *float64 `help:"Choose among tokens at least P times as likely as the likeliest, from 0 to 1; 0 is off." placeholder:"P"`
	TopNSigma     *float64 `help:"Choose among tokens whose logits are at most N standard deviations below the greatest; 0 is off." placeholder:"N"`
	TypicalP      *float64 `help:"Choose among the tokens of the most typical surprise that reach probability P together, from 0 to 1; 0 is off." placeholder:"P"`
	EpsilonCutoff *float64 `help:"Choose among tokens of at least this probability; 0 is off." placeholder:"P"`
	EtaCutoff     *float64 `help:"The same, with less where the model is unsure; 0 is off." placeholder:"P"`

	XTCProbability *float64 `name:"xtc-probability" help:"Leave out the likeliest of several likely tokens, with this probability at each step; 0 is off." placeholder:"P"`
	XTCThreshold   *float64 `name:"xtc-threshold" help:"How likely such tokens are at least; 0 means 0.1." placeholder:"P"`
	MirostatTau    *float64 `help:"Keep the surprise near so many bits (Mirostat 2), in place of all flags above but the temperature; 0 is off." placeholder:"BITS"`
	MirostatEta    *float64 `help:"How quickly Mirostat corrects itself; 0 means 0.1. Without --mirostat-tau 5 bits are kept." placeholder:"RATE"`

	RepetitionPenalty *float64 `help:"Make repetition less likely, above 0; 1 is off." placeholder:"R"`
	PresencePenalty   *float64 `help:"Make tokens that the answer has already less likely; 0 is off." placeholder:"X"`
	FrequencyPenalty  *float64 `help:"The same, as often as it has them; 0 is off." placeholder:"X"`
	DRYMultiplier     *float64 `name:"dry-multiplier" help:"Make it less likely that the text goes on as it did before (DRY); 0 is off, 0.8 is usual." placeholder:"X"`
	DRYBase           *float64 `name:"dry-base" help:"How much more so for each token that repeats; 0 means 1.75." placeholder:"X"`
	DRYAllowedLength  *int     `name:"dry-allowed-length" help:"From how many repeated tokens on; 0 means 2." placeholder:"N"`
	DRYLastN          *int     `name:"dry-last-n" help:"Look at so many tokens at the end; 0 means all." placeholder:"N"`
	DRYBreaker        []string `name:"dry-breaker" sep:"none" help:"A text over which no repetition reaches, in place of a new line, a colon, a quote and an asterisk; may be repeated." placeholder:"TEXT"`
	NoRepeatNgram     *int     `aliases:"no-repeat-ngram-size" help:"Let no N tokens in a row come twice; 0 is off." placeholder:"N"`

	LogitBias           map[string]string `mapsep:"none" help:"Add to the logit of a token; -inf keeps it away. May be repeated." placeholder:"ID=BIAS"`
	SequenceBias        []string          `sep:"none" help:"The same for the last of several tokens in a row. May be repeated." placeholder:"ID,ID=BIAS"`
	BadWord             []string          `sep:"none" help:"A text that must not come, at the beginning of a word or with a space before it; may be repeated." placeholder:"TEXT"`
	SuppressTokens      []int             `help:"Tokens that must not come." placeholder:"ID"`
	BeginSuppressTokens []int             `help:"Tokens that the answer must not begin with." placeholder:"ID"`
	MinTokens           *int              `aliases:"min-length" help:"Fewest tokens of prompt and answer together." placeholder:"N"`
	MinNewTokens        *int              `help:"Fewest tokens of the answer." placeholder:"N"`
	ForcedBOS           *int              `name:"forced-bos" help:"The token after a prompt of a single token." placeholder:"ID"`
	ForcedEOS           []int             `name:"forced-eos" help:"End tokens, one of which is the last that --max-tokens allows." placeholder:"ID"`
	ForcedTokens        []int             `help:"Tokens that the answer begins with." placeholder:"ID"`

	Seed *uint64 `help:"Make random choices repeatable." placeholder:"N"`

	// words are bad words as tokens, which requests may give.
	words [][]int
	// biases are sequence biases that requests give.
	biases []generate.BiasedSequence
}

// given reports whether any flag is.
func (f *samplingFlags) given() bool { return !reflect.DeepEqual(*f, samplingFlags{}) }

// setting is a flag with its place among the library's settings. Field is the name of
// that in errors.
type setting[T any] struct {
	flag, field string
	value       **T // nil where it is not given
	place       func(*generate.Sampling) *T
}

// given reports whether the flag is.
func (s *setting[T]) given() bool { return *s.value != nil }

// numbers are the flags that take a number with a fraction.
func (f *samplingFlags) numbers() []setting[float64] {
	return []setting[float64]{
		{"temperature", "Temperature", &f.Temperature, func(s *generate.Sampling) *float64 { return &s.Temperature }},
		{"top-p", "TopP", &f.TopP, func(s *generate.Sampling) *float64 { return &s.TopP }},
		{"min-p", "MinP", &f.MinP, func(s *generate.Sampling) *float64 { return &s.MinP }},
		{"top-n-sigma", "TopNSigma", &f.TopNSigma, func(s *generate.Sampling) *float64 { return &s.TopNSigma }},
		{"typical-p", "TypicalP", &f.TypicalP, func(s *generate.Sampling) *float64 { return &s.TypicalP }},
		{"epsilon-cutoff", "EpsilonCutoff", &f.EpsilonCutoff, func(s *generate.Sampling) *float64 { return &s.EpsilonCutoff }},
		{"eta-cutoff", "EtaCutoff", &f.EtaCutoff, func(s *generate.Sampling) *float64 { return &s.EtaCutoff }},
		{"xtc-probability", "XTC.Probability", &f.XTCProbability, func(s *generate.Sampling) *float64 { return &made(&s.XTC).Probability }},
		{"xtc-threshold", "XTC.Threshold", &f.XTCThreshold, func(s *generate.Sampling) *float64 { return &made(&s.XTC).Threshold }},
		{"mirostat-tau", "Mirostat.Tau", &f.MirostatTau, func(s *generate.Sampling) *float64 { return &made(&s.Mirostat).Tau }},
		{"mirostat-eta", "Mirostat.Eta", &f.MirostatEta, func(s *generate.Sampling) *float64 { return &made(&s.Mirostat).Eta }},
		{"repetition-penalty", "RepetitionPenalty", &f.RepetitionPenalty, func(s *generate.Sampling) *float64 { return &s.RepetitionPenalty }},
		{"presence-penalty", "PresencePenalty", &f.PresencePenalty, func(s *generate.Sampling) *float64 { return &s.PresencePenalty }},
		{"frequency-penalty", "FrequencyPenalty", &f.FrequencyPenalty, func(s *generate.Sampling) *float64 { return &s.FrequencyPenalty }},
		{"dry-multiplier", "DRY.Multiplier", &f.DRYMultiplier, func(s *generate.Sampling) *float64 { return &made(&s.DRY).Multiplier }},
		{"dry-base", "DRY.Base", &f.DRYBase, func(s *generate.Sampling) *float64 { return &made(&s.DRY).Base }},
	}
}

// counts are the flags that take a whole number.
func (f *samplingFlags) counts() []setting[int] {
	return []setting[int]{
		{"top-k", "TopK", &f.TopK, func(s *generate.Sampling) *int { return &s.TopK }},
		{"dry-allowed-length", "DRY.AllowedLength", &f.DRYAllowedLength, func(s *generate.Sampling) *int { return &made(&s.DRY).AllowedLength }},
		{"dry-last-n", "DRY.LastN", &f.DRYLastN, func(s *generate.Sampling) *int { return &made(&s.DRY).LastN }},
		{"no-repeat-ngram", "NoRepeatNgram", &f.NoRepeatNgram, func(s *generate.Sampling) *int { return &s.NoRepeatNgram }},
		{"min-tokens", "MinTokens", &f.MinTokens, func(s *generate.Sampling) *int { return &s.MinTokens }},
		{"min-new-tokens", "MinNewTokens", &f.MinNewTokens, func(s *generate.Sampling) *int { return &s.MinNewTokens }},
		{"forced-bos", "ForcedBOS", &f.ForcedBOS, func(s *generate.Sampling) *int { return made(&s.ForcedBOS) }},
	}
}

// lists are the flags that take token ids.
func (f *samplingFlags) lists() []idSetting {
	return []idSetting{
		{"forced-eos", "ForcedEOS", &f.ForcedEOS, func(s *generate.Sampling) *[]int { return &s.ForcedEOS }},
		{"forced-tokens", "ForcedTokens", &f.ForcedTokens, func(s *generate.Sampling) *[]int { return &s.ForcedTokens }},
		{"suppress-tokens", "SuppressTokens", &f.SuppressTokens, func(s *generate.Sampling) *[]int { return &s.SuppressTokens }},
		{"begin-suppress-tokens", "BeginSuppressTokens", &f.BeginSuppressTokens, func(s *generate.Sampling) *[]int { return &s.BeginSuppressTokens }},
	}
}

// idSetting is a setting of token ids, which are nil where they are not given.
type idSetting struct {
	flag, field string
	ids         *[]int
	place       func(*generate.Sampling) *[]int
}

// made returns what a pointer points to, which it makes where there is nothing.
func made[T any](p **T) *T {
	if *p == nil {
		*p = new(T)
	}
	return *p
}

// check says which range a number leaves.
func (f *samplingFlags) check() error {
	for _, i := range []interval{
		{flag: "--temperature", value: f.Temperature, most: math.Inf(1), means: "0 takes the likeliest token"},
		{flag: "--top-p", value: f.TopP, most: 1, means: "0 is off"},
		{flag: "--min-p", value: f.MinP, most: 1, means: "0 is off"},
		{flag: "--repetition-penalty", value: f.RepetitionPenalty, most: math.Inf(1), above: true, means: "1 is off"},
	} {
		if err := i.check(); err != nil {
			return err
		}
	}
	if f.TopK != nil {
		if err := atLeast("--top-k", *f.TopK, 0, "off"); err != nil {
			return err
		}
	}
	if _, err := f.logitBias(); err != nil {
		return err
	}
	if _, err := f.sequenceBias(); err != nil {
		return err
	}
	if s := f.sampling(nil); s != nil {
		// The library knows the ranges of the others.
		_, err := generate.NewSampler(s)
		if config, ok := errors.AsType[*generate.ConfigError](err); ok {
			return errors.New(blamed(f.flagOf(config), config))
		}
		return err
	}
	return nil
}

// flagOf returns the flag whose value an error is about, and its field where no flag gave
// that.
func (f *samplingFlags) flagOf(err *generate.ConfigError) string {
	for _, s := range f.names() {
		if s.given && "Sampling."+s.field == err.Field {
			return "--" + s.flag
		}
	}
	return err.Field
}

// flagName is a flag, the library's name of what it sets, and whether it is given.
type flagName struct {
	flag, field string
	given       bool
}

// names lists all flags but the seed.
func (f *samplingFlags) names() []flagName {
	list := []flagName{
		{"dry-breaker", "DRY.Breakers", f.DRYBreaker != nil},
		{"logit-bias", "LogitBias", f.LogitBias != nil},
		{"sequence-bias", "SequenceBias", f.SequenceBias != nil},
		{"bad-word", "BadWords", f.BadWord != nil},
	}
	for _, s := range f.numbers() {
		list = append(list, flagName{s.flag, s.field, s.given()})
	}
	for _, s := range f.counts() {
		list = append(list, flagName{s.flag, s.field, s.given()})
	}
	for _, s := range f.lists() {
		list = append(list, flagName{s.flag, s.field, *s.ids != nil})
	}
	return list
}
