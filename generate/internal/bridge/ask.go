package bridge

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/generate/embed"
	"github.com/gocoreml/coreml/generate/grammar"
	"github.com/gocoreml/coreml/generate/internal/grammars"
	"github.com/gocoreml/coreml/tokenizer"
)

// Function is a function that a model may call. Chat templates show its fields in this
// order, in which models have learned them.
type Function struct {
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
	// Parameters is their JSON schema, as anything that encoding/json writes as one.
	Parameters any `json:"parameters"`
}

type described struct {
	Type     string   `json:"type"`
	Function Function `json:"function"`
}

// Tool returns the function as [generate.Options].Tools takes it. One without
// parameters takes an empty object.
func (f Function) Tool() any {
	if f.Parameters == nil {
		f.Parameters = map[string]any{"type": "object", "properties": map[string]any{}}
	}
	return described{Type: "function", Function: f}
}

// Options returns a copy of options that a call may change: it has a sampling of its
// own, which is the model's where the options have none.
func Options(g *generate.Generator, base *generate.Options) generate.Options {
	var o generate.Options
	if base != nil {
		o = *base
	}
	sampling := g.DefaultSampling()
	if o.Sampling != nil {
		*sampling = *o.Sampling
	}
	o.Sampling = sampling
	o.Stop, o.Tools = slices.Clone(o.Stop), slices.Clone(o.Tools)
	return o
}

// Thinks reports whether the chat template of the options knows thinking.
func Thinks(g *generate.Generator, base *generate.Options) bool {
	tok, opts := g.Tokenizer(), &tokenizer.ToolParserOptions{}
	if base != nil {
		opts.Chat = base.Chat
	}
	return tok != nil && tok.NewToolParser(opts) != nil
}

// Grammars makes grammars of JSON schemas and keeps those that were used last, as
// [grammars.Cache] does: each learns what it allows of a vocabulary. The zero value is ready,
// and safe for concurrent use.
type Grammars struct{ cache grammars.Cache }

// Schema returns the grammar of a JSON schema: a text of JSON, or what encoding/json
// writes as one. Nil is any JSON. A request that is bound to it names its Grammars.
func (c *Grammars) Schema(ctx context.Context, schema any) (*grammar.Grammar, error) {
	var text []byte
	build, kind := grammar.JSON, "json"
	switch s := schema.(type) {
	case nil:
	case []byte:
		text = s
	case string:
		text = []byte(s)
	default:
		var err error
		if text, err = json.Marshal(s); err != nil {
			return nil, &generate.ConfigError{Field: "schema", Reason: err.Error(), Err: err}
		}
	}
	if schema != nil {
		build, kind = func() (*grammar.Grammar, error) { return grammar.JSONSchema(text, nil) }, "schema"
	}
	g, release, err := c.cache.Get(ctx, kind, string(text), build)
	if ended := ctx.Err(); ended != nil {
		return nil, ended
	}
	if errors.Is(err, grammars.ErrFull) {
		return nil, fmt.Errorf("%w: %w", generate.ErrQueueFull, err)
	}
	if err != nil {
		return nil, &generate.ConfigError{Field: "schema", Reason: err.Error(), Err: err}
	}
	release() // the request holds it while it is answered
	return g, nil
}

// Refused returns the error of a field of a request that cannot be honoured.
func Refused(field, reason string, args ...any) error {
	return &generate.ConfigError{Field: field, Reason: fmt.Sprintf(reason, args...)}
}

// Fault is what kind of error a framework is told of.
type Fault int

// The kinds of errors.
const (
	FaultInternal   Fault = iota // of the model or this module
	FaultInvalid                 // the request asks for what cannot be done
	FaultTooLong                 // the text is longer than the context
	FaultBusy                    // too many callers wait: later
	FaultClosed                  // the model is closed
	FaultCancelled               // the caller's context was cancelled
	FaultDeadline                // the caller's context has passed its deadline
	FaultIncomplete              // the answer ended before it was whole by its grammar
)

// FaultOf returns the kind of an error, FaultInternal for those that nobody caused.
func FaultOf(err error) Fault {
	var template *tokenizer.TemplateError
	switch {
	case errors.Is(err, context.Canceled):
		return FaultCancelled
	case errors.Is(err, context.DeadlineExceeded):
		return FaultDeadline
	case errors.Is(err, generate.ErrContextFull), errors.Is(err, embed.ErrTooLong):
		return FaultTooLong
	case errors.Is(err, generate.ErrQueueFull):
		return FaultBusy
	case errors.Is(err, generate.ErrClosed), errors.Is(err, coreml.ErrClosed):
		return FaultClosed
	case errors.Is(err, generate.ErrIncomplete):
		return FaultIncomplete
	case errors.Is(err, generate.ErrConfig), errors.Is(err, embed.ErrConfig), errors.Is(err, generate.ErrNoChatTemplate),
		errors.Is(err, generate.ErrNoTools), errors.Is(err, embed.ErrNoTokens), errors.Is(err, tokenizer.ErrNoMessages), errors.As(err, &template):
		return FaultInvalid
	}
	return FaultInternal
}

// Ended reports whether an answer ended because there was no room for more of it.
func Ended(finish generate.FinishReason) (forLength bool) {
	return finish == generate.FinishLength || finish == generate.FinishContext
}
