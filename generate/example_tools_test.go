package generate_test

import (
	"context"
	"fmt"

	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/tokenizer"
)

// A model that was made for it calls a function and answers from its result.
func ExampleSession_SendMessages() {
	ctx := context.Background()
	g, err := generate.Open(ctx, "Model.mlpackage", nil)
	if err != nil {
		return // there is no such package here
	}
	defer g.Close()
	session, err := g.NewSession()
	if err != nil {
		return
	}
	defer session.Close()
	opts := &generate.Options{Tools: []any{map[string]any{
		"type": "function",
		"function": map[string]any{
			"name": "temperature", "description": "The temperature in a town.",
			"parameters": map[string]any{"type": "object", "properties": map[string]any{"town": map[string]any{"type": "string"}}},
		},
	}}}
	r, err := generate.Collect(session.Send(ctx, "Is it warm in Seville?", opts))
	for err == nil && len(r.Calls) > 0 {
		var results []tokenizer.Message
		for _, call := range r.Calls {
			results = append(results, tokenizer.Message{
				Role: "tool", Content: "31 °C",
				Extra: map[string]any{"name": call.Name, "tool_call_id": call.ID},
			})
		}
		r, err = generate.Collect(session.SendMessages(ctx, results, opts))
	}
	if err == nil {
		fmt.Println(r.Text)
	}
}
