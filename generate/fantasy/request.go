package fantasy

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"charm.land/fantasy"

	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/generate/internal/bridge"
	"github.com/gocoreml/coreml/tokenizer"
)

// Options are what a call may set beyond the fields of fantasy.Call:
//
//	call.ProviderOptions = fantasy.ProviderOptions{coreml.Name: &coreml.Options{Seed: &seed}}
//
// A field that is zero leaves the options of [New] as they are.
type Options struct {
	// Seed makes the answer at a temperature come out the same again.
	Seed *uint64 `json:"seed,omitempty"`
	// Stop lists strings that end the answer and are no part of it.
	Stop []string `json:"stop,omitempty"`
	// MinP leaves out tokens less likely than this part of the likeliest.
	MinP float64 `json:"min_p,omitempty"`
	// RepetitionPenalty above 1 makes tokens less likely that have been.
	RepetitionPenalty float64 `json:"repetition_penalty,omitempty"`
	// ReasoningBudget bounds the thinking in tokens; -1 is none at all.
	ReasoningBudget int `json:"reasoning_budget,omitempty"`
}

const optionsType = Name + ".options"

func init() {
	fantasy.RegisterProviderType(optionsType, func(data []byte) (fantasy.ProviderOptionsData, error) {
		var o Options
		if err := json.Unmarshal(data, &o); err != nil {
			return nil, err
		}
		return &o, nil
	})
}

// Options marks the type as options of a provider.
func (*Options) Options() {}

// MarshalJSON writes the options with their type, as fantasy's registry reads them.
func (o Options) MarshalJSON() ([]byte, error) {
	type plain Options
	return fantasy.MarshalProviderType(optionsType, plain(o))
}

// UnmarshalJSON reads the options without their type, which the registry has taken off.
func (o *Options) UnmarshalJSON(data []byte) error {
	type plain Options
	return fantasy.UnmarshalProviderType(data, (*plain)(o))
}

// request returns a call in the terms of the bridge.
func (m *Model) request(call *fantasy.Call) (*bridge.Request, []fantasy.CallWarning, error) {
	r := &bridge.Request{Options: bridge.Options(m.g, m.options), Grammars: &m.grammars}
	o := &r.Options
	set(call.MaxOutputTokens, func(v int64) { o.MaxTokens = int(v) })
	set(call.Temperature, func(v float64) { o.Sampling.Temperature = v })
	set(call.TopP, func(v float64) { o.Sampling.TopP = v })
	set(call.TopK, func(v int64) { o.Sampling.TopK = int(v) })
	set(call.PresencePenalty, func(v float64) { o.Sampling.PresencePenalty = v })
	set(call.FrequencyPenalty, func(v float64) { o.Sampling.FrequencyPenalty = v })
	if given, ok := call.ProviderOptions[Name]; ok {
		own, ok := given.(*Options)
		if !ok || own == nil {
			return nil, nil, bridge.Refused("ProviderOptions."+Name, "is a %T, want a *Options of this package", given)
		}
		own.apply(o)
	}
	warnings, err := useTools(o, call)
	if err != nil {
		return nil, nil, err
	}
	r.Messages, err = conversation(call.Prompt)
	return r, warnings, err
}

func set[T any](value *T, to func(T)) {
	if value != nil {
		to(*value)
	}
}

func (o *Options) apply(to *generate.Options) {
	to.Stop = append(to.Stop, o.Stop...)
	if o.Seed != nil {
		to.Sampling.Seed = o.Seed
	}
	if o.MinP != 0 {
		to.Sampling.MinP = o.MinP
	}
	if o.RepetitionPenalty != 0 {
		to.Sampling.RepetitionPenalty = o.RepetitionPenalty
	}
	if o.ReasoningBudget != 0 {
		to.ReasoningBudget = o.ReasoningBudget
	}
}

// useTools sets the tools of a call and the choice among them.
func useTools(o *generate.Options, call *fantasy.Call) (warnings []fantasy.CallWarning, err error) {
	functions := 0
	for i, tool := range call.Tools {
		var f fantasy.FunctionTool
		switch t := tool.(type) {
		case fantasy.FunctionTool:
			f = t
		case *fantasy.FunctionTool:
			if t == nil {
				return nil, bridge.Refused("Tools", "number %d is nil", i)
			}
			f = *t
		case nil:
			return nil, bridge.Refused("Tools", "number %d is nil", i)
		default:
			warnings = append(warnings, fantasy.CallWarning{
				Type: fantasy.CallWarningTypeUnsupportedTool, Tool: tool,
				Message: fmt.Sprintf("the tool %q is one of a provider's own, which this model lacks", tool.GetName()),
			})
			continue
		}
		described := bridge.Function{Name: f.Name, Description: f.Description}
		if f.InputSchema != nil {
			described.Parameters = closed(f.InputSchema)
		}
		o.Tools = append(o.Tools, described.Tool())
		functions++
	}
	if call.ToolChoice != nil && (functions > 0 || *call.ToolChoice != fantasy.ToolChoiceAuto) {
		o.ToolChoice = string(*call.ToolChoice)
	}
	return warnings, nil
}

// conversation returns messages in the terms of the bridge.
func conversation(prompt fantasy.Prompt) ([]bridge.Message, error) {
	list := make([]bridge.Message, 0, len(prompt))
	for k, message := range prompt {
		m := bridge.Message{Role: string(message.Role)}
		for i, part := range message.Content {
			result, err := addPart(&m, part)
			if err != nil {
				return nil, &generate.ConfigError{Field: fmt.Sprintf("Prompt[%d].Content[%d]", k, i), Reason: err.Error(), Err: err}
			}
			if result != nil {
				list = append(list, *result)
			}
		}
		if len(m.Parts) > 0 || len(m.Calls) > 0 || m.Role != bridge.Tool {
			list = append(list, m)
		}
	}
	return list, nil
}

// addPart adds a part to a message. The result of a tool is a message of its own.
func addPart(m *bridge.Message, part fantasy.MessagePart) (result *bridge.Message, err error) {
	if p, ok := fantasy.AsMessagePart[fantasy.TextPart](part); ok {
		m.Parts = append(m.Parts, bridge.Part{Text: p.Text})
		return nil, nil
	}
	if p, ok := fantasy.AsMessagePart[fantasy.ReasoningPart](part); ok {
		m.Reasoning += p.Text
		return nil, nil
	}
	if p, ok := fantasy.AsMessagePart[fantasy.FilePart](part); ok {
		return nil, addFile(m, p)
	}
	if p, ok := fantasy.AsMessagePart[fantasy.ToolCallPart](part); ok {
		if p.Input == "" {
			p.Input = "{}"
		}
		m.Calls = append(m.Calls, tokenizer.ToolCall{ID: p.ToolCallID, Name: p.ToolName, Arguments: json.RawMessage(p.Input)})
		return nil, nil
	}
	if p, ok := fantasy.AsMessagePart[fantasy.ToolResultPart](part); ok {
		return resultOf(p)
	}
	return nil, fmt.Errorf("is a %T, which the model does not take", part)
}

func addFile(m *bridge.Message, f fantasy.FilePart) error {
	switch {
	case strings.HasPrefix(f.MediaType, "image/"):
		m.Parts = append(m.Parts, bridge.Part{Image: &bridge.Picture{Data: f.Data}})
	case strings.HasPrefix(f.MediaType, "text/"):
		m.Parts = append(m.Parts, bridge.Part{Text: string(f.Data)})
	default:
		return fmt.Errorf("is a file of the type %q, want image/ or text/", f.MediaType)
	}
	return nil
}

func resultOf(p fantasy.ToolResultPart) (*bridge.Message, error) {
	m := &bridge.Message{Role: bridge.Tool, CallID: p.ToolCallID}
	if out, ok := fantasy.AsToolResultOutputType[fantasy.ToolResultOutputContentText](p.Output); ok {
		m.Parts = []bridge.Part{{Text: out.Text}}
		return m, nil
	}
	if out, ok := fantasy.AsToolResultOutputType[fantasy.ToolResultOutputContentError](p.Output); ok {
		m.Parts = []bridge.Part{{Text: fmt.Sprint(out.Error)}}
		return m, nil
	}
	out, ok := fantasy.AsToolResultOutputType[fantasy.ToolResultOutputContentMedia](p.Output)
	if !ok {
		return nil, errors.New("is the result of a tool without an output")
	}
	data, err := base64.StdEncoding.DecodeString(out.Data)
	if err != nil {
		return nil, fmt.Errorf("the result of a tool: %w", err)
	}
	if err := addFile(m, fantasy.FilePart{MediaType: out.MediaType, Data: data}); err != nil {
		return nil, err
	}
	if out.Text != "" {
		m.Parts = append(m.Parts, bridge.Part{Text: out.Text})
	}
	return m, nil
}
