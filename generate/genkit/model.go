// Package genkit makes models of this SDK those of Genkit for Go
// (github.com/firebase/genkit/go): [DefineModel] registers a [generate.Generator],
// [DefineEmbedder] an [embed.Model]. Import it under another name than Genkit's own
// package:
//
//	import (
//		"github.com/firebase/genkit/go/genkit"
//		coreml "github.com/gocoreml/coreml/generate/genkit"
//	)
//
//	k := genkit.Init(ctx)
//	m := coreml.DefineModel(k, "mistral", g, nil) // its name is "coreml/mistral"
//	text, err := genkit.GenerateText(ctx, k, ai.WithModel(m), ai.WithPrompt("Why is the sky blue?"))
//
// Streaming, tools and the choice of one, earlier turns, system messages, thinking as
// reasoning parts, pictures where the model takes them, and structured output work.
// Output with a schema is bound to it by a grammar, so that the answer cannot miss it;
// where there are tools besides, Genkit asks for it in words, as a call and an object
// are two different answers.
package genkit

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/firebase/genkit/go/ai"
	"github.com/firebase/genkit/go/core"
	"github.com/firebase/genkit/go/core/api"
	"github.com/firebase/genkit/go/genkit"

	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/generate/internal/bridge"
)

// Provider is what the names of models and embedders begin with.
const Provider = "coreml"

// DefineModel registers a generator as the model Provider/name. The options are those of
// every request, which its [Config] changes; nil is the zero ones. The generator stays
// the caller's to close. It panics as Genkit does where the name is empty or taken.
//
// A model without a chat template goes on with the text of a single user message. Requests
// may come from any number of goroutines.
func DefineModel(k *genkit.Genkit, name string, g *generate.Generator, options *generate.Options) ai.Model {
	m := &model{g: g, options: options}
	return genkit.DefineModel(k, api.NewName(Provider, name), &ai.ModelOptions{
		Label:        "Core ML - " + name,
		ConfigSchema: core.InferSchemaMap(Config{}),
		Supports: &ai.ModelSupports{
			Multiturn: true, SystemRole: true, Tools: true, ToolChoice: true,
			Media: g.ImageInput() != nil, Constrained: ai.ConstrainedSupportNoTools,
			Output: []string{"text", "json"},
		},
	}, m.generate)
}

// model answers requests of Genkit.
type model struct {
	g        *generate.Generator
	options  *generate.Options
	grammars bridge.Grammars
}

func (m *model) generate(ctx context.Context, req *ai.ModelRequest, cb ai.ModelStreamCallback) (*ai.ModelResponse, error) {
	request := &bridge.Request{Grammars: &m.grammars}
	var err error
	if request.Options, err = m.requestOptions(ctx, req); err != nil {
		return nil, failed(err)
	}
	if request.Messages, err = conversation(req.Messages); err != nil {
		return nil, failed(err)
	}
	stream := request.Stream(ctx, m.g)
	if cb == nil {
		result, err := generate.Collect(stream)
		if err != nil {
			return nil, failed(err)
		}
		return response(req, result), nil
	}
	result, err := generate.Collect(func(yield func(generate.Token, error) bool) {
		for tok, err := range stream {
			if parts := partsOf(tok.Reasoning, tok.Content, tok.Calls); err == nil && len(parts) > 0 {
				err = cb(ctx, &ai.ModelResponseChunk{Role: ai.RoleModel, Content: parts})
			}
			if !yield(tok, err) || err != nil {
				return
			}
		}
	})
	if err != nil {
		return nil, failed(err)
	}
	return response(req, result), nil
}

// response is an answer as Genkit has it.
func response(req *ai.ModelRequest, r *generate.Result) *ai.ModelResponse {
	parts := partsOf(r.Reasoning, r.Content, r.Calls)
	if len(parts) == 0 {
		parts = append(parts, ai.NewTextPart("")) // Genkit's formats refuse a message without parts
	}
	out := &ai.ModelResponse{
		Request: req, Message: &ai.Message{Role: ai.RoleModel, Content: parts}, FinishReason: ai.FinishReasonStop,
		Usage: &ai.GenerationUsage{
			InputTokens: r.Stats.PromptTokens, OutputTokens: r.Stats.Tokens, TotalTokens: r.Stats.PromptTokens + r.Stats.Tokens,
			CachedContentTokens: r.Stats.CachedTokens, ThoughtsTokens: r.Stats.ReasoningTokens,
		},
	}
	if bridge.Ended(r.Finish) {
		out.FinishReason, out.FinishMessage = ai.FinishReasonLength, string(r.Finish)
	}
	return out
}

// failure is an error with Genkit's status and the cause, both of which errors.As finds.
type failure struct {
	cause  error
	status *core.GenkitError
}

// Error returns the text of the cause.
func (e *failure) Error() string { return e.cause.Error() }

// Unwrap returns the cause and the status.
func (e *failure) Unwrap() []error { return []error{e.cause, e.status} }

// statuses are those of Genkit for the kinds of errors.
var statuses = map[bridge.Fault]core.StatusName{
	bridge.FaultInternal:   core.INTERNAL,
	bridge.FaultInvalid:    core.INVALID_ARGUMENT,
	bridge.FaultTooLong:    core.OUT_OF_RANGE,
	bridge.FaultBusy:       core.RESOURCE_EXHAUSTED,
	bridge.FaultClosed:     core.UNAVAILABLE,
	bridge.FaultCancelled:  core.CANCELLED,
	bridge.FaultDeadline:   core.DEADLINE_EXCEEDED,
	bridge.FaultIncomplete: core.OUT_OF_RANGE,
}

func failed(err error) error {
	status := statuses[bridge.FaultOf(err)]
	return &failure{err, &core.GenkitError{Status: status, Message: err.Error(), HTTPCode: core.HTTPStatusCode(status)}}
}

// textOf returns the value of a tool's result as a text.
func textOf(value any) (string, error) {
	if s, ok := value.(string); ok {
		return s, nil
	}
	text, err := json.Marshal(value)
	if err != nil {
		return "", fmt.Errorf("the output of a tool: %w", err)
	}
	return string(text), nil
}
