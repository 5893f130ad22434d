package main

import (
	"encoding/json"

	"github.com/gocoreml/coreml/tokenizer"
)

// toolCallJSON is a call of a function as messages have it, so that an answer can be put
// into the messages of the next request.
type toolCallJSON struct {
	ID       string           `json:"id,omitempty"`
	Type     string           `json:"type"`
	Function toolFunctionJSON `json:"function"`
}

// toolFunctionJSON is what is called. The arguments are an object in the model's order.
type toolFunctionJSON struct {
	Name      string          `json:"name"`
	Arguments json.RawMessage `json:"arguments"`
}

// toolCallsJSON are the calls of an answer, nil for none.
func toolCallsJSON(calls []tokenizer.ToolCall) (list []toolCallJSON) {
	for _, c := range calls {
		list = append(list, toolCallJSON{c.ID, "function", toolFunctionJSON{c.Name, c.Arguments}})
	}
	return list
}

// toolCallErrors are the texts of calls that cannot be read, nil for none.
func toolCallErrors(errs []*tokenizer.ToolCallError) (list []string) {
	for _, e := range errs {
		list = append(list, e.Text)
	}
	return list
}
