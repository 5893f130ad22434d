// Package langchaingo makes models of this SDK those of langchaingo
// (github.com/tmc/langchaingo): [Model] is an llms.Model and llms.ReasoningModel over a
// [generate.Generator], [Embedder] an embeddings.Embedder over an [embed.Model].
//
//	g, err := generate.Open(ctx, "Model.mlpackage", nil)
//	defer g.Close()
//	text, err := llms.GenerateFromSinglePrompt(ctx, langchaingo.New(g, nil), "Why is the sky blue?")
//
// # What of a call is honoured
//
// Texts, pictures (llms.BinaryContent, and llms.ImageURLContent with a data: URL), calls
// of tools and their results; the sampling that llms.CallOptions has; stop words; tools
// and the choice of one; JSON mode; N and CandidateCount; the thinking budget. A value
// that cannot be honoured, such as a picture for a model that takes none, is an error
// with a code of llms and the cause of package generate behind it. WithModel and
// metadata of others are not looked at: the generator is the model.
//
// JSON mode is kept by a grammar, not by hope, and [WithJSONSchema] and [WithGrammar] bind
// the answer to more than that. Everything else that [generate.Options] has is set for all
// calls with [New].
package langchaingo

import (
	"cmp"
	"context"
	"encoding/json"
	"iter"

	"github.com/tmc/langchaingo/callbacks"
	"github.com/tmc/langchaingo/llms"

	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/generate/internal/bridge"
)

// Model is a language model of langchaingo. It is safe for concurrent use as far as its
// generator is, which stays the caller's to close.
type Model struct {
	// CallbacksHandler is told of calls; nil for none. It is set before the first call.
	CallbacksHandler callbacks.Handler

	g        *generate.Generator
	options  *generate.Options
	grammars bridge.Grammars
}

var (
	_ llms.Model          = (*Model)(nil)
	_ llms.ReasoningModel = (*Model)(nil)
)

// New returns the model of a generator. The options are those of every call, which its
// own call options change; nil is the zero ones. They are not changed.
func New(g *generate.Generator, options *generate.Options) *Model {
	return &Model{g: g, options: options}
}

// Call answers a text.
//
// Deprecated: llms.Model has it for older callers; use [Model.GenerateContent].
func (m *Model) Call(ctx context.Context, prompt string, options ...llms.CallOption) (string, error) {
	return llms.GenerateFromSinglePrompt(ctx, m, prompt, options...)
}

// SupportsReasoning reports whether the chat template knows thinking, which then comes
// apart from the answer.
func (m *Model) SupportsReasoning() bool {
	return bridge.Thinks(m.g, m.options)
}

// GenerateContent answers a conversation. A model without a chat template goes on with
// the text of a single human message.
//
// StreamingFunc gets the answer as it grows, whole characters at a time, without thinking
// and without calls of tools; StreamingReasoningFunc gets thinking and answer as they
// grow. Their errors end the answer and are returned. Neither goes with N above 1.
//
// In GenerationInfo are PromptTokens, CompletionTokens, TotalTokens, ReasoningTokens,
// ThinkingTokens and CachedTokens, each an int. StopReason is "stop", "length" or
// "tool_calls".
func (m *Model) GenerateContent(ctx context.Context, messages []llms.MessageContent, options ...llms.CallOption) (*llms.ContentResponse, error) {
	if m.CallbacksHandler != nil {
		m.CallbacksHandler.HandleLLMGenerateContentStart(ctx, messages)
	}
	response, err := m.generate(ctx, messages, options)
	if err != nil {
		err = coded(err)
		if m.CallbacksHandler != nil {
			m.CallbacksHandler.HandleLLMError(ctx, err)
		}
		return nil, err
	}
	if m.CallbacksHandler != nil {
		m.CallbacksHandler.HandleLLMGenerateContentEnd(ctx, response)
	}
	return response, nil
}

func (m *Model) generate(ctx context.Context, messages []llms.MessageContent, options []llms.CallOption) (*llms.ContentResponse, error) {
	call := newCall(options)
	request := &bridge.Request{Grammars: &m.grammars}
	var err error
	if request.Messages, err = conversation(messages); err != nil {
		return nil, err
	}
	if request.Options, err = m.callOptions(ctx, call); err != nil {
		return nil, err
	}
	n := max(call.N, call.CandidateCount, 1)
	if n == 1 {
		result, err := generate.Collect(m.told(ctx, call, request.Stream(ctx, m.g)))
		if err != nil {
			return nil, err
		}
		return &llms.ContentResponse{Choices: []*llms.ContentChoice{choice(result)}}, nil
	}
	if call.StreamingFunc != nil || call.StreamingReasoningFunc != nil {
		return nil, bridge.Refused("N", "is %d: several answers are not streamed", n)
	}
	results, err := request.Answers(ctx, m.g, n)
	if err != nil {
		return nil, err
	}
	response := &llms.ContentResponse{}
	for _, result := range results {
		response.Choices = append(response.Choices, choice(result))
	}
	return response, nil
}

// told passes the tokens of an answer on, once the functions of the call have seen them.
func (m *Model) told(ctx context.Context, call *llms.CallOptions, stream iter.Seq2[generate.Token, error]) iter.Seq2[generate.Token, error] {
	return func(yield func(generate.Token, error) bool) {
		for tok, err := range stream {
			if err == nil {
				err = m.tell(ctx, call, &tok)
			}
			if !yield(tok, err) || err != nil {
				return
			}
		}
	}
}

func (m *Model) tell(ctx context.Context, call *llms.CallOptions, tok *generate.Token) error {
	if tok.Content != "" && m.CallbacksHandler != nil {
		m.CallbacksHandler.HandleStreamingFunc(ctx, []byte(tok.Content))
	}
	if tok.Content != "" && call.StreamingFunc != nil {
		if err := call.StreamingFunc(ctx, []byte(tok.Content)); err != nil {
			return err
		}
	}
	if call.StreamingReasoningFunc != nil && (tok.Reasoning != "" || tok.Content != "") {
		return call.StreamingReasoningFunc(ctx, []byte(tok.Reasoning), []byte(tok.Content))
	}
	return nil
}

// choice is an answer as langchaingo has it.
func choice(r *generate.Result) *llms.ContentChoice {
	c := &llms.ContentChoice{
		Content: r.Content, ReasoningContent: r.Reasoning, StopReason: "stop",
		GenerationInfo: map[string]any{
			"PromptTokens": r.Stats.PromptTokens, "CompletionTokens": r.Stats.Tokens, "TotalTokens": r.Stats.PromptTokens + r.Stats.Tokens,
			"ReasoningTokens": r.Stats.ReasoningTokens, "ThinkingTokens": r.Stats.ReasoningTokens, "CachedTokens": r.Stats.CachedTokens,
		},
	}
	for _, call := range r.Calls {
		c.ToolCalls = append(c.ToolCalls, llms.ToolCall{
			ID: call.ID, Type: "function", FunctionCall: &llms.FunctionCall{Name: call.Name, Arguments: cmp.Or(string(call.Arguments), "{}")},
		})
	}
	switch {
	case len(c.ToolCalls) > 0:
		c.FuncCall, c.StopReason = c.ToolCalls[0].FunctionCall, "tool_calls"
	case bridge.Ended(r.Finish):
		c.StopReason = "length"
	}
	return c
}

// arguments returns those of a call as JSON.
func arguments(text string) json.RawMessage { return json.RawMessage(cmp.Or(text, "{}")) }
