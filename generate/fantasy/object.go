package fantasy

import (
	"context"
	"errors"
	"maps"
	"reflect"

	"charm.land/fantasy"
	"charm.land/fantasy/schema"

	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/generate/internal/bridge"
)

// GenerateObject answers with an object that fits the schema. The answer is bound to it,
// so that all that can go wrong is that there are too few tokens: that is a
// fantasy.NoObjectGeneratedError, unless call.RepairText makes an object of what there is.
// Objects have the properties of the schema and no others, where it names any. The prompt
// should say what the fields mean: the schema's names and descriptions are not put into it.
func (m *Model) GenerateObject(ctx context.Context, call fantasy.ObjectCall) (*fantasy.ObjectResponse, error) {
	request, err := m.objectRequest(ctx, &call)
	if err != nil {
		return nil, failed(err)
	}
	r, err := generate.Collect(request.Stream(ctx, m.g))
	object, err := finished(ctx, &call, r, err)
	if err != nil {
		return nil, err
	}
	return &fantasy.ObjectResponse{Object: object, RawText: r.Content, FinishReason: finish(r.Finish, 0), Usage: usage(&r.Stats)}, nil
}

// StreamObject is GenerateObject with the text as it grows, and the object whenever what
// there is of it has changed and fits.
func (m *Model) StreamObject(ctx context.Context, call fantasy.ObjectCall) (fantasy.ObjectStreamResponse, error) {
	request, err := m.objectRequest(ctx, &call)
	if err != nil {
		return nil, failed(err)
	}
	return func(yield func(fantasy.ObjectStreamPart) bool) {
		var text string
		var shown any
		over := false
		put := func(p fantasy.ObjectStreamPart) bool {
			over = over || !yield(p)
			return !over
		}
		show := func(object any) bool {
			if reflect.DeepEqual(object, shown) {
				return true
			}
			shown = object
			return put(fantasy.ObjectStreamPart{Type: fantasy.ObjectStreamPartTypeObject, Object: object})
		}
		r, err := generate.Collect(contents(request.Stream(ctx, m.g), func(more string) bool {
			text += more
			if !put(fantasy.ObjectStreamPart{Type: fantasy.ObjectStreamPartTypeTextDelta, Delta: more}) {
				return false
			}
			object, state, err := schema.ParsePartialJSON(text)
			if err != nil || state == schema.ParseStateUndefined || schema.ValidateAgainstSchema(object, call.Schema) != nil {
				return true
			}
			return show(object)
		}))
		if over {
			return
		}
		object, err := finished(ctx, &call, r, err)
		if err != nil {
			put(fantasy.ObjectStreamPart{Type: fantasy.ObjectStreamPartTypeError, Error: err})
			return
		}
		if show(object) {
			put(fantasy.ObjectStreamPart{Type: fantasy.ObjectStreamPartTypeFinish, FinishReason: finish(r.Finish, 0), Usage: usage(&r.Stats)})
		}
	}, nil
}

// objectRequest is a request whose answer is bound to the schema.
func (m *Model) objectRequest(ctx context.Context, call *fantasy.ObjectCall) (*bridge.Request, error) {
	request, _, err := m.request(&fantasy.Call{
		Prompt: call.Prompt, MaxOutputTokens: call.MaxOutputTokens, Temperature: call.Temperature, TopP: call.TopP, TopK: call.TopK,
		PresencePenalty: call.PresencePenalty, FrequencyPenalty: call.FrequencyPenalty, ProviderOptions: call.ProviderOptions,
	})
	if err != nil {
		return nil, err
	}
	request.Options.Grammar, err = m.grammars.Schema(ctx, closed(schema.ToMap(call.Schema)))
	return request, err
}

// closed returns a schema that forbids the properties which it does not name, in all its
// objects that name any: fantasy's schemas cannot say so, and a model that may invent some
// does. The schema itself stays as it is.
func closed(s map[string]any) map[string]any {
	out := maps.Clone(s)
	if properties, ok := s["properties"].(map[string]any); ok && len(properties) > 0 {
		if _, said := s["additionalProperties"]; !said {
			out["additionalProperties"] = false
		}
		inner := maps.Clone(properties)
		for name, p := range properties {
			if p, ok := p.(map[string]any); ok {
				inner[name] = closed(p)
			}
		}
		out["properties"] = inner
	}
	if items, ok := s["items"].(map[string]any); ok {
		out["items"] = closed(items)
	}
	return out
}

// finished returns the object of an answer that is over.
func finished(ctx context.Context, call *fantasy.ObjectCall, r *generate.Result, err error) (any, error) {
	cut := errors.Is(err, generate.ErrIncomplete)
	if err != nil && !cut {
		return nil, failed(err)
	}
	missing := &fantasy.NoObjectGeneratedError{RawText: r.Content, ParseError: err, Usage: usage(&r.Stats), FinishReason: finish(r.Finish, 0)}
	if cut && call.RepairText == nil {
		return nil, missing
	}
	text := r.Content
	if cut {
		if text, err = call.RepairText(ctx, text, err); err != nil {
			return nil, missing
		}
	}
	object, err := schema.ParseAndValidate(text, call.Schema)
	if err != nil {
		missing.ValidationError = err
		return nil, missing
	}
	return object, nil
}
