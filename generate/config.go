package generate

import (
	"fmt"
	"math"
	"time"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/tokenizer"
)

const (
	// DefaultMaxTokens is the number of tokens of an answer when neither the
	// caller nor generation_config.json limits it.
	DefaultMaxTokens = 256
	// DefaultPrefillChunk is the number of prompt tokens that one prediction
	// takes. The logits of a chunk are as many rows, so that its size bounds the
	// memory of a long prompt.
	DefaultPrefillChunk = 128
	// DefaultMaxStates is the number of sequences that a generator runs at once.
	DefaultMaxStates = 4
)

// Config is what belongs to a generator as a whole. A nil *Config is the same
// as a zero one.
type Config struct {
	// Model is passed to coreml.Load by [Open] and [OpenFS]; [New] does not use
	// it. Nil, or an Arithmetic of coreml.ArithmeticDefault, selects coreml.Fast:
	// what it costs of a model's quality is small (the README gives the figure).
	// coreml.Faithful and coreml.Wide cost nothing.
	Model *coreml.Config
	// Tokenizer is the folder of the tokenizer or its tokenizer.json. Empty means
	// the folder in which the package lies. OpenFS takes it as a folder of its
	// file system.
	Tokenizer string
	// Driver overrides what is detected; its empty fields are detected as usual.
	// Nil means the driver file beside the package, if there is one, for Open and
	// OpenFS, and none for New.
	Driver *Driver
	// Defaults are the model's own defaults. Nil means generation_config.json
	// beside the package, else beside the tokenizer, for Open and OpenFS, and
	// none for New.
	Defaults *Defaults
	// PrefillChunk is the number of prompt tokens per prediction. 0 means
	// [DefaultPrefillChunk]; -1, or a number not below the prompt's length, means
	// the whole prompt in one prediction. Fewer are taken where the package's
	// declared shapes ask for it.
	PrefillChunk int
	// MaxStates is the number of sequences at once; 0 means [DefaultMaxStates].
	MaxStates int
}

// Options is what one call of a generator asks for. A nil *Options is the same as
// a zero one.
type Options struct {
	// MaxTokens limits the answer, the end token included. 0 means
	// max_new_tokens of generation_config.json, else [DefaultMaxTokens]; -1 means
	// as many as the context holds.
	MaxTokens int
	// Sampling says how tokens are chosen. Nil means as generation_config.json
	// says, and the likeliest token where it says nothing. To change one setting
	// of the model's own, change the copy that [Generator.DefaultSampling] returns.
	Sampling *Sampling
	// Stop lists strings that end the answer as soon as they appear in it. They
	// are not part of the text.
	Stop []string
	// EndTokens are ids that end the answer besides the model's own.
	EndTokens []int
	// IgnoreEnd goes on after the model's end tokens; EndTokens still hold.
	IgnoreEnd bool
	// Processors change the logits of every step, in their order, after the
	// repetition penalty and before the temperature.
	Processors []Processor
	// Sampler chooses the token in place of the built-in sampler. Of Sampling
	// only RepetitionPenalty applies then. Nil means the built-in one.
	Sampler Sampler
	// Tools describe the functions that the model may call, each as the JSON
	// schema object that the chat template expects (tokenizer.ChatOptions.Tools).
	// With any, the calls in an answer come in Token.Calls instead of its text,
	// where the template tells how the model writes them
	// (tokenizer.Tokenizer.ToolFormat). They mean nothing without a chat
	// template.
	Tools []any
}

// Sampling holds the parameters of the built-in sampler, with Hugging Face's
// meaning. A zero field is off.
type Sampling struct {
	// Temperature divides the logits. 0 turns sampling itself off: the likeliest
	// token is taken and TopK, TopP, MinP and Seed mean nothing.
	Temperature float64
	// TopK keeps the K likeliest tokens, and those that are as likely as the
	// last of them.
	TopK int
	// TopP keeps the smallest set of the likeliest tokens whose probabilities
	// reach it together. 1 is off too.
	TopP float64
	// MinP keeps the tokens that are at least MinP times as likely as the
	// likeliest.
	MinP float64
	// RepetitionPenalty divides positive and multiplies negative logits of the
	// tokens in the prompt and in the answer so far, 1e-6 to 1e6. 1 is off too. It
	// applies without a temperature as well.
	RepetitionPenalty float64
	// Seed makes the choice repeatable. Nil means a random one, which
	// Stats.Seed tells.
	Seed *uint64
}

// minPenalty is the least repetition penalty: with less, products with logits
// leave the range of a float32.
const minPenalty = 1e-6

// validate refuses values out of range; the error names the range.
func (s *Sampling) validate() error {
	for _, p := range []struct {
		field, name string
		v, high     float64
		want        string
	}{
		{"Temperature", "temperature", s.Temperature, maxTemperature, "0 (the likeliest token) or more"},
		{"TopP", "top-p", s.TopP, 1, "0 to 1"},
		{"MinP", "min-p", s.MinP, 1, "0 to 1"},
		{"RepetitionPenalty", "repetition penalty", s.RepetitionPenalty, 1 / minPenalty, "1e-06 to 1e+06; 1 is off"},
	} {
		if math.IsNaN(p.v) || p.v < 0 || p.v > p.high {
			return &ConfigError{Field: "Sampling." + p.field, Reason: fmt.Sprintf("%s is %v, want %s", p.name, p.v, p.want)}
		}
	}
	if p := s.RepetitionPenalty; p > 0 && p < minPenalty {
		return &ConfigError{Field: "Sampling.RepetitionPenalty", Reason: fmt.Sprintf("repetition penalty is %v, want 1e-06 to 1e+06; 1 is off", p)}
	}
	if s.TopK < 0 {
		return &ConfigError{Field: "Sampling.TopK", Reason: fmt.Sprintf("top-k is %d, want 0 (all tokens) or more", s.TopK)}
	}
	return nil
}

// maxTemperature is the greatest temperature, the largest float32.
const maxTemperature = math.MaxFloat32

// validate refuses what cannot be asked of a model with width logits; 0 means
// that the number is not known.
func (c *Options) validate(width int) error {
	if c.MaxTokens < -1 {
		return &ConfigError{Field: "MaxTokens", Reason: fmt.Sprintf("is %d, want 1 or more, 0 for the default, or -1 for as many as the context holds", c.MaxTokens)}
	}
	for _, id := range c.EndTokens {
		if id < 0 || id > math.MaxInt32 || width > 0 && id >= width {
			return &TokenError{ID: id, Where: "EndTokens", Vocabulary: width}
		}
	}
	for i, p := range c.Processors {
		if p == nil {
			return &ConfigError{Field: "Processors", Reason: fmt.Sprintf("number %d is nil", i)}
		}
	}
	if c.Sampling != nil {
		return c.Sampling.validate()
	}
	return nil
}

// validate refuses values out of range.
func (o *Config) validate() error {
	switch {
	case o.MaxStates < 0:
		return &ConfigError{Field: "MaxStates", Reason: fmt.Sprintf("is %d, want 1 or more, or 0 for %d", o.MaxStates, DefaultMaxStates)}
	case o.PrefillChunk < -1:
		return &ConfigError{Field: "PrefillChunk", Reason: fmt.Sprintf("is %d, want 1 or more, 0 for %d, or -1 for the whole prompt", o.PrefillChunk, DefaultPrefillChunk)}
	}
	if o.Defaults == nil {
		return nil
	}
	if o.Defaults.MaxTokens < 0 {
		return &ConfigError{Field: "Defaults.MaxTokens", Reason: fmt.Sprintf("is %d, want 0 or more", o.Defaults.MaxTokens)}
	}
	if o.Defaults.Sampling != nil {
		return o.Defaults.Sampling.validate()
	}
	return nil
}

// chunk returns the greatest number of tokens in one forward pass.
func (o *Config) chunk() int {
	switch {
	case o.PrefillChunk == 0:
		return DefaultPrefillChunk
	case o.PrefillChunk < 0:
		return maxContext
	}
	return o.PrefillChunk
}

// states returns the number of sequences at once.
func (o *Config) states() int {
	if o.MaxStates == 0 {
		return DefaultMaxStates
	}
	return o.MaxStates
}

// FinishReason says why an answer ended.
type FinishReason string

// The reasons for which an answer ends. An error or a break of the loop ends it
// without any.
const (
	// FinishNone marks every token but the last.
	FinishNone FinishReason = ""
	// FinishEnd: the model gave an end token.
	FinishEnd FinishReason = "end_token"
	// FinishStop: one of Options.Stop appeared.
	FinishStop FinishReason = "stop_string"
	// FinishLength: MaxTokens was reached.
	FinishLength FinishReason = "length"
	// FinishContext: the model's context is full.
	FinishContext FinishReason = "context_full"
)

// Token is one step of an answer.
type Token struct {
	// ID is the token that the model gave.
	ID int
	// Text is what can be shown now: whole UTF-8 characters, never a part of a
	// stop string. It is empty while text is held back and for an end token.
	Text string
	// Calls are the calls of functions that became whole with this token; only
	// with Options.Tools. A call to which the model gave no id gets one of nine
	// characters.
	Calls []tokenizer.ToolCall
	// Finish is set on the last token only.
	Finish FinishReason
	// Stats is set on the last token only.
	Stats *Stats
}

// Stats are the measures of one answer.
type Stats struct {
	// Load is the time that opening the generator took.
	Load time.Duration
	// FirstToken is the time from the start of the stream to its first token,
	// with the wait for a state.
	FirstToken time.Duration
	// PromptTokens is the length of the prompt; CachedTokens of them were in the
	// cache already.
	PromptTokens, CachedTokens int
	// PrefillCalls is the number of predictions that took the prompt.
	PrefillCalls int
	// Tokens is the number of tokens given, the end token included.
	Tokens int
	// Prefill and Decode are the times of the prompt and of the steps after the
	// first token, sampling included.
	Prefill, Decode time.Duration
	// Seed is the seed that was used; meaningless without a temperature.
	Seed uint64
	// Greedy is true when every token was the likeliest one: there was neither a
	// temperature nor a Sampler of the caller.
	Greedy bool
	// Loop is what the answer repeats at its end; zero when it repeats nothing. An
	// answer whose tokens are always the likeliest ones easily ends so, and a
	// temperature or a repetition penalty helps.
	Loop Loop
}

// PrefillRate returns the prompt tokens per second, those in the cache left
// out, or 0 when there was nothing to measure.
func (s *Stats) PrefillRate() float64 { return rate(s.PromptTokens-s.CachedTokens, s.Prefill) }

// DecodeRate returns the tokens per second after the first one, or 0 when there
// were none.
func (s *Stats) DecodeRate() float64 { return rate(s.Tokens-1, s.Decode) }

func rate(n int, d time.Duration) float64 {
	if n <= 0 || d <= 0 {
		return 0
	}
	return float64(n) / d.Seconds()
}

// Result is a whole answer.
type Result struct {
	// Text is the answer without the end token and the stop string.
	Text string
	// Calls are the calls of functions in it.
	Calls []tokenizer.ToolCall
	// Tokens are the ids, the end token included when it was given.
	Tokens []int
	// Finish says why the answer ended.
	Finish FinishReason
	// Stats are its measures.
	Stats Stats
}
