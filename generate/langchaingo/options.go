package langchaingo

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/tmc/langchaingo/llms"

	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/generate/grammar"
	"github.com/gocoreml/coreml/generate/internal/bridge"
	"github.com/gocoreml/coreml/tokenizer"
)

// Keys of llms.CallOptions.Metadata.
const (
	keyGrammar = "coreml_grammar"
	keySchema  = "coreml_json_schema"
)

// WithGrammar binds the answer to a grammar. The options of metadata that follow it in
// the same call must keep its entry.
func WithGrammar(g *grammar.Grammar) llms.CallOption { return with(keyGrammar, g) }

// WithJSONSchema binds the answer to a JSON schema: a []byte or string with its text, or
// anything that encoding/json writes as one. A schema that cannot be compiled exactly
// fails the call with a *grammar.SchemaError that names the keyword.
func WithJSONSchema(schema any) llms.CallOption { return with(keySchema, schema) }

func with(key string, value any) llms.CallOption {
	return func(o *llms.CallOptions) {
		metadata := map[string]any{key: value}
		for k, v := range o.Metadata {
			if k != key {
				metadata[k] = v
			}
		}
		o.Metadata = metadata
	}
}

// unset is a seed that nobody asks for.
const unset = math.MinInt

// newCall applies the options of a call. A temperature of NaN and a seed of unset were
// not asked for: zero is a value of both.
func newCall(options []llms.CallOption) *llms.CallOptions {
	call := &llms.CallOptions{Temperature: math.NaN(), Seed: unset}
	for _, option := range options {
		if option != nil {
			option(call)
		}
	}
	return call
}

// callOptions are the options of one call.
func (m *Model) callOptions(ctx context.Context, call *llms.CallOptions) (generate.Options, error) {
	o := bridge.Options(m.g, m.options)
	if call.MaxTokens > 0 {
		o.MaxTokens = call.MaxTokens
	} else if call.MaxLength > 0 {
		o.MaxTokens = call.MaxLength
	}
	o.Stop = append(o.Stop, call.StopWords...)
	sample(o.Sampling, call)
	think(&o, call)
	if err := useTools(&o, call); err != nil {
		return o, err
	}
	return o, m.bind(ctx, &o, call)
}

// sample sets what a call says of the sampling. Zero leaves the other values as they are.
func sample(s *generate.Sampling, call *llms.CallOptions) {
	if !math.IsNaN(call.Temperature) {
		s.Temperature = call.Temperature
	}
	if call.Seed != unset {
		s.Seed = new(uint64(call.Seed))
	}
	if call.TopK != 0 {
		s.TopK = call.TopK
	}
	if call.MinLength != 0 {
		s.MinNewTokens = call.MinLength
	}
	for _, v := range []struct {
		asked float64
		field *float64
	}{
		{call.TopP, &s.TopP},
		{call.RepetitionPenalty, &s.RepetitionPenalty},
		{call.FrequencyPenalty, &s.FrequencyPenalty},
		{call.PresencePenalty, &s.PresencePenalty},
	} {
		if v.asked != 0 {
			*v.field = v.asked
		}
	}
}

// think bounds the thinking as a call asks.
func think(o *generate.Options, call *llms.CallOptions) {
	config := llms.GetThinkingConfig(call)
	switch {
	case config == nil:
	case config.Mode == llms.ThinkingModeNone:
		o.ReasoningBudget = -1
	case config.BudgetTokens > 0:
		o.ReasoningBudget = config.BudgetTokens
	case o.MaxTokens > 0:
		if budget := llms.CalculateThinkingBudget(config.Mode, o.MaxTokens); budget > 0 {
			o.ReasoningBudget = budget
		}
	}
}

// useTools sets the tools of a call and the choice among them.
func useTools(o *generate.Options, call *llms.CallOptions) error {
	functions := make([]*llms.FunctionDefinition, 0, len(call.Tools)+len(call.Functions))
	for i := range call.Tools {
		if t := &call.Tools[i]; t.Function == nil || t.Type != "function" && t.Type != "" {
			return bridge.Refused("Tools", "number %d is of the type %q and no function", i, t.Type)
		}
		functions = append(functions, call.Tools[i].Function)
	}
	for i := range call.Functions { // what older callers set
		functions = append(functions, &call.Functions[i])
	}
	for _, f := range functions {
		o.Tools = append(o.Tools, bridge.Function{Name: f.Name, Description: f.Description, Parameters: f.Parameters}.Tool())
	}
	choice := call.ToolChoice
	if choice == nil && call.FunctionCallBehavior != "" {
		choice = string(call.FunctionCallBehavior)
	}
	switch c := choice.(type) {
	case nil:
	case string:
		if o.ToolChoice = c; c == "any" {
			o.ToolChoice = generate.ToolRequired
		}
	case llms.ToolChoice:
		return chooseTool(o, &c)
	case *llms.ToolChoice:
		return chooseTool(o, c)
	default:
		return bridge.Refused("ToolChoice", "is a %T, want a string or a llms.ToolChoice", choice)
	}
	return nil
}

func chooseTool(o *generate.Options, c *llms.ToolChoice) error {
	if c == nil {
		return nil
	}
	if o.ToolChoice = c.Type; c.Type == "function" || c.Type == "" {
		if c.Function == nil || c.Function.Name == "" {
			return bridge.Refused("ToolChoice", "is a function without a name")
		}
		o.ToolChoice = c.Function.Name
	}
	return nil
}

// bind sets the grammar that a call asks for.
func (m *Model) bind(ctx context.Context, o *generate.Options, call *llms.CallOptions) error {
	g, bound := call.Metadata[keyGrammar].(*grammar.Grammar)
	schema, described := call.Metadata[keySchema]
	asJSON := call.JSONMode || call.ResponseMIMEType == "application/json"
	var err error
	switch {
	case bound && described:
		return bridge.Refused("Metadata", "has a grammar and a JSON schema: an answer cannot be bound to both")
	case bound:
		o.Grammar = g
	case described:
		o.Grammar, err = m.grammars.Schema(ctx, schema)
	case asJSON && o.Grammar == nil:
		o.Grammar, err = m.grammars.Schema(ctx, nil)
	case !asJSON && call.ResponseMIMEType != "" && call.ResponseMIMEType != "text/plain":
		return bridge.Refused("ResponseMIMEType", "is %q, want text/plain or application/json", call.ResponseMIMEType)
	}
	return err
}

// conversation returns messages in the terms of the bridge.
func conversation(messages []llms.MessageContent) ([]bridge.Message, error) {
	list := make([]bridge.Message, 0, len(messages))
	for k, message := range messages {
		role, err := roleOf(message.Role)
		if err != nil {
			return nil, &generate.ConfigError{Field: fmt.Sprintf("messages[%d]", k), Reason: err.Error(), Err: err}
		}
		m := bridge.Message{Role: role}
		for i, part := range message.Parts {
			result, err := addPart(&m, part)
			if err != nil {
				return nil, &generate.ConfigError{Field: fmt.Sprintf("messages[%d].Parts[%d]", k, i), Reason: err.Error(), Err: err}
			}
			if result != nil {
				list = append(list, *result)
			}
		}
		if len(m.Parts) > 0 || len(m.Calls) > 0 || role != bridge.Tool {
			list = append(list, m)
		}
	}
	return list, nil
}

// addPart adds a part to a message. The result of a tool is a message of its own.
func addPart(m *bridge.Message, part llms.ContentPart) (result *bridge.Message, err error) {
	switch p := part.(type) {
	case llms.TextContent:
		m.Parts = append(m.Parts, bridge.Part{Text: p.Text})
	case llms.BinaryContent:
		m.Parts = append(m.Parts, bridge.Part{Image: &bridge.Picture{Data: p.Data}})
	case llms.ImageURLContent:
		picture, err := bridge.OfURL(p.URL)
		if err != nil {
			return nil, err
		}
		m.Parts = append(m.Parts, bridge.Part{Image: picture})
	case llms.ToolCall:
		if p.FunctionCall == nil {
			return nil, errors.New("is a call of no function")
		}
		m.Calls = append(m.Calls, tokenizer.ToolCall{ID: p.ID, Name: p.FunctionCall.Name, Arguments: arguments(p.FunctionCall.Arguments)})
	case llms.ToolCallResponse:
		r := bridge.Text(bridge.Tool, p.Content)
		r.CallID, r.Name = p.ToolCallID, p.Name
		return &r, nil
	default:
		return nil, fmt.Errorf("is a %T, which the model does not take", part)
	}
	return nil, nil
}

// roleOf returns the role as chat templates have it, which callers may use too.
func roleOf(role llms.ChatMessageType) (string, error) {
	switch role {
	case llms.ChatMessageTypeSystem:
		return bridge.System, nil
	case llms.ChatMessageTypeHuman, llms.ChatMessageTypeGeneric, bridge.User:
		return bridge.User, nil
	case llms.ChatMessageTypeAI, bridge.Assistant:
		return bridge.Assistant, nil
	case llms.ChatMessageTypeTool, llms.ChatMessageTypeFunction:
		return bridge.Tool, nil
	}
	return "", fmt.Errorf("the role %q is not known", role)
}

// codes are those of llms for the kinds of errors.
var codes = map[bridge.Fault]llms.ErrorCode{
	bridge.FaultInternal:   llms.ErrCodeUnknown,
	bridge.FaultInvalid:    llms.ErrCodeInvalidRequest,
	bridge.FaultTooLong:    llms.ErrCodeTokenLimit,
	bridge.FaultBusy:       llms.ErrCodeRateLimit,
	bridge.FaultClosed:     llms.ErrCodeProviderUnavailable,
	bridge.FaultCancelled:  llms.ErrCodeCanceled,
	bridge.FaultDeadline:   llms.ErrCodeTimeout,
	bridge.FaultIncomplete: llms.ErrCodeTokenLimit,
}

// coded returns an error with the code of llms, and itself as the cause.
func coded(err error) error {
	return llms.NewError(codes[bridge.FaultOf(err)], "coreml", err.Error()).WithCause(err)
}
