package generate

import (
	"time"

	"github.com/gocoreml/coreml/tokenizer"
)

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
	// Reasoning is what became known of the model's thinking with this token, without
	// its marks; only in answers to messages. It is part of Text too, which may hold the
	// beginning of a stop string back, and ends before one.
	Reasoning string
	// Content is what of the answer became known with this token: Text without the
	// thinking and its marks.
	Content string
	// LogProb is the natural logarithm of the token's probability, and TopLogProbs are
	// the likeliest tokens of its step, the likeliest first; only with Options.LogProbs.
	// Both are of the model's own distribution: before biases, penalties, guidance and
	// temperature.
	LogProb     float64
	TopLogProbs []LogProb
	scored      *TokenLogProbs // nil without Options.LogProbs
	// Kind says what the token is a part of: the answer, the model's thinking or a call.
	Kind TokenKind
	// CallText is what became known with this token of the call that the model is writing,
	// in the model's own form and without the mark that opened it: for those who show a call
	// as it grows. It is no part of Text. The call itself comes in Calls when it is whole.
	CallText string
	// CallErrors are the texts that began as a call and were none, as they stand in Text
	// from this token on.
	CallErrors []*tokenizer.ToolCallError
	// PromptTokens is the length of the prompt, and CachedTokens is how many tokens of it were
	// in the cache already. Both are set on the first token of an answer only.
	PromptTokens, CachedTokens int
	// Finish is set on the last token only.
	Finish FinishReason
	// StopString is the one of Options.Stop that ended the answer; only with FinishStop.
	StopString string
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
	// Forced is how many of them were not chosen: the grammar of the answer left one
	// continuation alone, which took no predictions of their own.
	Forced int
	// Prefill and Decode are the times of the prompt and of the steps after the
	// first token, sampling included.
	Prefill, Decode time.Duration
	// ReasoningTokens are those of Tokens that are of Kind KindReasoning.
	ReasoningTokens int
	// DroppedMessages is the number of messages that [OverflowDropTurns] left out of the
	// prompt, and Slides how often [OverflowSlide] dropped tokens.
	DroppedMessages, Slides int
	// Seed is the seed that was used; meaningless without a temperature.
	Seed uint64
	// Greedy is true when every token was the likeliest one: there was neither a
	// temperature nor a Sampler of the caller.
	Greedy bool
	// Speculation is what became of drafts, nil where none were asked for
	// ([Options.Speculation]).
	Speculation *SpeculationStats
	// Loop is what the answer repeats at its end; zero when it repeats nothing. An
	// answer whose tokens are always the likeliest ones easily ends so, and a
	// temperature or a repetition penalty helps.
	Loop Loop
}

// PrefillRate returns the prompt tokens per second, those in the cache left
// out, or 0 when there was nothing to measure.
func (s *Stats) PrefillRate() float64 {
	v := valueOr(s, Stats{})
	return rate(v.PromptTokens-v.CachedTokens, v.Prefill)
}

// DecodeRate returns the tokens per second after the first one, or 0 when there
// were none.
func (s *Stats) DecodeRate() float64 {
	v := valueOr(s, Stats{})
	return rate(v.Tokens-1, v.Decode)
}

// rate returns n per second, or 0 where there was nothing to measure.
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
	// Reasoning is the model's thinking, without its marks. It is part of Text too, which
	// ends before a stop string.
	Reasoning string
	// Content is Text without the thinking and its marks.
	Content string
	// CallErrors are the texts that began as a call and were none. They are part of Text.
	CallErrors []*tokenizer.ToolCallError
	// Tokens are the ids, the end token included when it was given.
	Tokens []int
	// LogProbs tells of each of Tokens how likely it was; only with Options.LogProbs.
	LogProbs []TokenLogProbs
	// Finish says why the answer ended, and StopString is the one of Options.Stop that ended
	// it, if one did.
	Finish     FinishReason
	StopString string
	// Stats are its measures.
	Stats Stats
}
