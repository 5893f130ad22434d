package genkit

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/firebase/genkit/go/ai"

	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/generate/internal/bridge"
	"github.com/gocoreml/coreml/tokenizer"
)

// Config is what ai.WithConfig sets of a request. A field that is zero, or nil, leaves
// the options of [DefineModel] as they are. Requests may also have an
// ai.GenerationCommonConfig, or a map with the names of the JSON fields here; other names
// are refused.
type Config struct {
	// MaxOutputTokens limits the answer.
	MaxOutputTokens int `json:"maxOutputTokens,omitempty"`
	// StopSequences end the answer and are no part of it.
	StopSequences []string `json:"stopSequences,omitempty"`
	// Temperature 0 takes the likeliest token each time.
	Temperature *float64 `json:"temperature,omitempty"`
	// TopK, TopP and MinP leave out unlikely tokens: all but so many, those beyond so much
	// of the probability, those below this part of the likeliest.
	TopK int     `json:"topK,omitempty"`
	TopP float64 `json:"topP,omitempty"`
	MinP float64 `json:"minP,omitempty"`
	// Seed makes the answer at a temperature come out the same again.
	Seed *uint64 `json:"seed,omitempty"`
	// RepetitionPenalty above 1, PresencePenalty and FrequencyPenalty above 0 make tokens
	// less likely that have been.
	RepetitionPenalty float64 `json:"repetitionPenalty,omitempty"`
	PresencePenalty   float64 `json:"presencePenalty,omitempty"`
	FrequencyPenalty  float64 `json:"frequencyPenalty,omitempty"`
	// ReasoningBudget bounds the thinking in tokens; -1 is none at all.
	ReasoningBudget int `json:"reasoningBudget,omitempty"`
}

// configOf reads the configuration of a request, whatever type it has.
func configOf(value any) (*Config, error) {
	c := &Config{}
	if value == nil {
		return c, nil
	}
	text, err := json.Marshal(value)
	if err == nil {
		d := json.NewDecoder(bytes.NewReader(text))
		d.DisallowUnknownFields()
		err = d.Decode(c)
	}
	if err != nil {
		return nil, &generate.ConfigError{Field: "config", Reason: err.Error(), Err: err}
	}
	return c, nil
}

// requestOptions are the options of one request.
func (m *model) requestOptions(ctx context.Context, req *ai.ModelRequest) (generate.Options, error) {
	o := bridge.Options(m.g, m.options)
	c, err := configOf(req.Config)
	if err != nil {
		return o, err
	}
	o.MaxTokens = cmp.Or(c.MaxOutputTokens, o.MaxTokens)
	o.Stop = append(o.Stop, c.StopSequences...)
	o.ReasoningBudget = cmp.Or(c.ReasoningBudget, o.ReasoningBudget)
	s := o.Sampling
	if c.Temperature != nil {
		s.Temperature = *c.Temperature
	}
	if c.Seed != nil {
		s.Seed = c.Seed
	}
	s.TopK, s.TopP, s.MinP = cmp.Or(c.TopK, s.TopK), cmp.Or(c.TopP, s.TopP), cmp.Or(c.MinP, s.MinP)
	s.RepetitionPenalty = cmp.Or(c.RepetitionPenalty, s.RepetitionPenalty)
	s.PresencePenalty = cmp.Or(c.PresencePenalty, s.PresencePenalty)
	s.FrequencyPenalty = cmp.Or(c.FrequencyPenalty, s.FrequencyPenalty)
	if len(req.Tools) > 0 {
		o.ToolChoice = cmp.Or(string(req.ToolChoice), o.ToolChoice)
		for _, t := range sortedTools(req.Tools) {
			f := bridge.Function{Name: t.Name, Description: t.Description}
			if t.InputSchema != nil {
				f.Parameters = t.InputSchema
			}
			o.Tools = append(o.Tools, f.Tool())
		}
	}
	return o, m.bind(ctx, &o, req)
}

// sortedTools returns the tools by name: Genkit gives them in an order that changes from
// one request to the next, and with it the prompt, of which nothing could be kept.
func sortedTools(tools []*ai.ToolDefinition) []*ai.ToolDefinition {
	return slices.SortedFunc(slices.Values(tools), func(a, b *ai.ToolDefinition) int { return cmp.Compare(a.Name, b.Name) })
}

// bind sets the grammar of the output that a request asks for.
func (m *model) bind(ctx context.Context, o *generate.Options, req *ai.ModelRequest) (err error) {
	out := req.Output
	switch {
	case out == nil || len(req.Tools) > 0:
	case out.Constrained && out.Schema != nil:
		o.Grammar, err = m.grammars.Schema(ctx, out.Schema)
	case out.Format == ai.OutputFormatJSON && out.Schema == nil && o.Grammar == nil:
		o.Grammar, err = m.grammars.Schema(ctx, nil)
	}
	return err
}

// conversation returns messages in the terms of the bridge.
func conversation(messages []*ai.Message) ([]bridge.Message, error) {
	list := make([]bridge.Message, 0, len(messages))
	for k, message := range messages {
		if message == nil {
			continue
		}
		m := bridge.Message{Role: string(message.Role)}
		if message.Role == ai.RoleModel {
			m.Role = bridge.Assistant
		}
		for i, part := range message.Content {
			result, err := addPart(&m, part)
			if err != nil {
				return nil, &generate.ConfigError{Field: fmt.Sprintf("messages[%d].content[%d]", k, i), Reason: err.Error(), Err: err}
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
func addPart(m *bridge.Message, part *ai.Part) (result *bridge.Message, err error) {
	switch {
	case part == nil:
	case part.IsText(), part.IsData():
		m.Parts = append(m.Parts, bridge.Part{Text: part.Text})
	case part.IsReasoning():
		m.Reasoning += part.Text
	case part.IsMedia():
		picture, err := bridge.OfURL(part.Text)
		if err != nil {
			return nil, err
		}
		m.Parts = append(m.Parts, bridge.Part{Image: picture})
	case part.IsToolRequest() && part.ToolRequest != nil:
		return nil, addCall(m, part.ToolRequest)
	case part.IsToolResponse() && part.ToolResponse != nil:
		return resultOf(part.ToolResponse)
	default:
		return nil, errors.New("is a part that the model does not take")
	}
	return nil, nil
}

func addCall(m *bridge.Message, call *ai.ToolRequest) error {
	arguments := json.RawMessage("{}")
	if call.Input != nil {
		var err error
		if arguments, err = json.Marshal(call.Input); err != nil {
			return fmt.Errorf("the input of a call: %w", err)
		}
	}
	m.Calls = append(m.Calls, tokenizer.ToolCall{ID: call.Ref, Name: call.Name, Arguments: arguments})
	return nil
}

func resultOf(r *ai.ToolResponse) (*bridge.Message, error) {
	text, err := textOf(r.Output)
	if err != nil {
		return nil, err
	}
	m := bridge.Text(bridge.Tool, text)
	m.CallID, m.Name = r.Ref, r.Name
	for _, part := range r.Content {
		if !part.IsText() && !part.IsMedia() {
			return nil, errors.New("is the result of a tool with a part that is neither text nor media")
		}
		if _, err := addPart(&m, part); err != nil {
			return nil, err
		}
	}
	return &m, nil
}

// partsOf returns what an answer, or a piece of it, consists of.
func partsOf(reasoning, text string, calls []tokenizer.ToolCall) []*ai.Part {
	var parts []*ai.Part
	if reasoning != "" {
		parts = append(parts, ai.NewReasoningPart(reasoning, nil))
	}
	if text != "" {
		parts = append(parts, ai.NewTextPart(text))
	}
	for _, call := range calls {
		var input any
		if err := json.Unmarshal(call.Arguments, &input); err != nil {
			input = map[string]any{} // a call without arguments
		}
		parts = append(parts, ai.NewToolRequestPart(&ai.ToolRequest{Ref: call.ID, Name: call.Name, Input: input}))
	}
	return parts
}
