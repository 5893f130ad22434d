package chat

import "encoding/json"

// inkling is the format of Inkling: a message with a name, a mark and an object.
var inkling = &format{
	name:  "inkling",
	marks: []string{inklingCall, "<|message_model|>", "<|end_message|>"},
	suits: contains(inklingCall),
	opens: words{inklingCall},
	ends:  "}>",
	read:  jsonSeriesOf("<|end_message|>", inklingOf),
}

const inklingCall = "<|content_invoke_tool_json|>"

// inklingOf reads a call with the name that Inkling gives to the arguments.
func inklingOf(raw json.RawMessage) (Call, bool) {
	var f struct {
		Name      string          `json:"name"`
		Arguments json.RawMessage `json:"args"`
	}
	if json.Unmarshal(raw, &f) != nil || f.Arguments == nil {
		return callOf(raw)
	}
	arguments, ok := argumentsOf(f.Arguments)
	return Call{Name: f.Name, Arguments: arguments}, ok && f.Name != ""
}
