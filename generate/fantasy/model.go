// Package fantasy makes models of this SDK those of charm.land/fantasy: [Model] is a
// fantasy.LanguageModel over a [generate.Generator]. Import it under another name than
// that package:
//
//	import (
//		"charm.land/fantasy"
//		coreml "github.com/gocoreml/coreml/generate/fantasy"
//	)
//
//	agent := fantasy.NewAgent(coreml.New("mistral", g, nil), fantasy.WithTools(tool))
//	result, err := agent.Generate(ctx, fantasy.AgentCall{Prompt: "Is it warm in Seville?"})
//
// Texts, pictures and text files, thinking, tools with their results and the choice of
// one, streaming and objects work. Objects are bound to their schema by a grammar: an
// object that comes fits. What fantasy.Call has no field for is in [Options].
package fantasy

import (
	"context"
	"errors"
	"iter"
	"strconv"

	"charm.land/fantasy"

	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/generate/internal/bridge"
	"github.com/gocoreml/coreml/tokenizer"
)

// Name is the name of the provider, and the key of [Options] in fantasy.ProviderOptions.
const Name = "coreml"

// Model is a language model of fantasy. It is safe for concurrent use as far as its
// generator is, which stays the caller's to close.
type Model struct {
	name     string
	g        *generate.Generator
	options  *generate.Options
	grammars bridge.Grammars
}

var _ fantasy.LanguageModel = (*Model)(nil)

// New returns the model of a generator under a name of the caller's. The options are those
// of every call, which its own fields change; nil is the zero ones.
func New(name string, g *generate.Generator, options *generate.Options) *Model {
	return &Model{name: name, g: g, options: options}
}

// Provider returns [Name].
func (m *Model) Provider() string { return Name }

// Model returns the name that [New] was given.
func (m *Model) Model() string { return m.name }

// Generate answers a call. A model without a chat template goes on with the text of a
// single user message. Tools of providers are left out with a warning, as fantasy does
// it; what else cannot be honoured is an error.
func (m *Model) Generate(ctx context.Context, call fantasy.Call) (*fantasy.Response, error) {
	request, warnings, err := m.request(&call)
	if err != nil {
		return nil, failed(err)
	}
	r, err := generate.Collect(request.Stream(ctx, m.g))
	if err != nil {
		return nil, failed(err)
	}
	out := &fantasy.Response{FinishReason: finish(r.Finish, len(r.Calls)), Usage: usage(&r.Stats), Warnings: warnings}
	if r.Reasoning != "" {
		out.Content = append(out.Content, fantasy.ReasoningContent{Text: r.Reasoning})
	}
	if r.Content != "" {
		out.Content = append(out.Content, fantasy.TextContent{Text: r.Content})
	}
	for _, c := range r.Calls {
		out.Content = append(out.Content, fantasy.ToolCallContent{ToolCallID: c.ID, ToolName: c.Name, Input: input(c)})
	}
	return out, nil
}

// Stream is Generate part by part. A call that is wrong fails here; what happens later is
// the last part. A loop that breaks ends the answer. A call of a tool comes when it is whole.
func (m *Model) Stream(ctx context.Context, call fantasy.Call) (fantasy.StreamResponse, error) {
	request, warnings, err := m.request(&call)
	if err != nil {
		return nil, failed(err)
	}
	return func(yield func(fantasy.StreamPart) bool) {
		s := &streamed{yield: yield}
		if len(warnings) > 0 && !s.put(fantasy.StreamPart{Type: fantasy.StreamPartTypeWarnings, Warnings: warnings}) {
			return
		}
		for tok, err := range request.Stream(ctx, m.g) {
			if err != nil {
				s.put(fantasy.StreamPart{Type: fantasy.StreamPartTypeError, Error: failed(err)})
				return
			}
			if !s.token(&tok) {
				return
			}
		}
	}, nil
}

// streamed writes the tokens of an answer as parts: each run of thinking or text begins
// and ends, and has an id.
type streamed struct {
	yield func(fantasy.StreamPart) bool
	open  string // what the run under way is, empty for none
	runs  int
	calls int
	over  bool
}

// put yields a part and reports whether there may be more.
func (s *streamed) put(p fantasy.StreamPart) bool {
	s.over = s.over || !s.yield(p)
	return !s.over
}

const (
	runText      = "text"
	runReasoning = "reasoning"
)

func (s *streamed) token(tok *generate.Token) bool {
	s.write(runReasoning, tok.Reasoning)
	s.write(runText, tok.Content)
	for _, c := range tok.Calls {
		s.end()
		s.calls++
		_ = s.over || s.put(fantasy.StreamPart{Type: fantasy.StreamPartTypeToolInputStart, ID: c.ID, ToolCallName: c.Name}) &&
			s.put(fantasy.StreamPart{Type: fantasy.StreamPartTypeToolInputDelta, ID: c.ID, Delta: input(c)}) &&
			s.put(fantasy.StreamPart{Type: fantasy.StreamPartTypeToolInputEnd, ID: c.ID}) &&
			s.put(fantasy.StreamPart{Type: fantasy.StreamPartTypeToolCall, ID: c.ID, ToolCallName: c.Name, ToolCallInput: input(c)})
	}
	if tok.Stats != nil && !s.over {
		s.end()
		_ = s.over || s.put(fantasy.StreamPart{Type: fantasy.StreamPartTypeFinish, FinishReason: finish(tok.Finish, s.calls), Usage: usage(tok.Stats)})
	}
	return !s.over
}

// write adds text to the run of a kind.
func (s *streamed) write(kind, text string) {
	if text == "" || s.over {
		return
	}
	if s.open != kind {
		s.end()
		if s.open = kind; s.over || !s.put(fantasy.StreamPart{Type: fantasy.StreamPartType(kind + "_start"), ID: s.id()}) {
			return
		}
	}
	s.put(fantasy.StreamPart{Type: fantasy.StreamPartType(kind + "_delta"), ID: s.id(), Delta: text})
}

// end ends the run under way.
func (s *streamed) end() {
	if s.open != "" && !s.over {
		s.put(fantasy.StreamPart{Type: fantasy.StreamPartType(s.open + "_end"), ID: s.id()})
		s.open = ""
		s.runs++
	}
}

func (s *streamed) id() string { return strconv.Itoa(s.runs) }

// input returns the arguments of a call.
func input(c tokenizer.ToolCall) string {
	if len(c.Arguments) == 0 {
		return "{}"
	}
	return string(c.Arguments)
}

func finish(reason generate.FinishReason, calls int) fantasy.FinishReason {
	switch {
	case calls > 0:
		return fantasy.FinishReasonToolCalls
	case bridge.Ended(reason):
		return fantasy.FinishReasonLength
	}
	return fantasy.FinishReasonStop
}

func usage(s *generate.Stats) fantasy.Usage {
	return fantasy.Usage{
		InputTokens: int64(s.PromptTokens), OutputTokens: int64(s.Tokens), TotalTokens: int64(s.PromptTokens + s.Tokens),
		ReasoningTokens: int64(s.ReasoningTokens), CacheReadTokens: int64(s.CachedTokens),
	}
}

// failure is an error of this module that is a fantasy.ProviderError too: errors.As finds
// either.
type failure struct {
	cause    error
	provider *fantasy.ProviderError
}

// Error returns the text of the cause.
func (e *failure) Error() string { return e.cause.Error() }

// Unwrap returns the cause and the error of fantasy.
func (e *failure) Unwrap() []error { return []error{e.cause, e.provider} }

// Agents of fantasy go by the status of HTTP, although there is none here.
const (
	statusInvalid = 400
	statusBusy    = 429
)

// failed returns the error as fantasy knows it. Ends of contexts stay what they are:
// agents look for these. A full queue is tried again by agents.
func failed(err error) error {
	e := &failure{err, &fantasy.ProviderError{Title: Name, Message: err.Error(), Cause: err}}
	switch bridge.FaultOf(err) {
	case bridge.FaultCancelled, bridge.FaultDeadline:
		return err
	case bridge.FaultBusy:
		e.provider.StatusCode = statusBusy
	case bridge.FaultInvalid, bridge.FaultIncomplete:
		e.provider.StatusCode = statusInvalid
	case bridge.FaultTooLong:
		e.provider.StatusCode, e.provider.ContextTooLargeErr = statusInvalid, true
		if full, ok := errors.AsType[*generate.ContextError](err); ok {
			e.provider.ContextUsedTokens, e.provider.ContextMaxTokens = full.Tokens+full.Before, full.ContextLength
		}
	case bridge.FaultClosed, bridge.FaultInternal: // no status: trying again does not help
	}
	return e
}

// contents passes on the text of an answer as it grows.
func contents(stream iter.Seq2[generate.Token, error], grown func(text string) bool) iter.Seq2[generate.Token, error] {
	return func(yield func(generate.Token, error) bool) {
		for tok, err := range stream {
			if err == nil && tok.Content != "" && !grown(tok.Content) || !yield(tok, err) {
				return
			}
		}
	}
}
