package chat

import (
	"bytes"
	"encoding/json"
)

// apertus is the format of Apertus: a list of objects, each with a name for its key.
var apertus = &format{
	name:     "apertus",
	marks:    []string{"<|tools_prefix|>", "<|tools_suffix|>", "<|inner_prefix|>", "<|inner_suffix|>"},
	suits:    contains("<|tools_prefix|>"),
	opens:    words{"<|tools_prefix|>"},
	ends:     "]>",
	thinking: []thinking{{open: "<|inner_prefix|>", end: "<|inner_suffix|>"}},
	read:     jsonSeriesOf("<|tools_suffix|>", apertusCall),
}

// apertusCall reads a call that is an object with one key, the name.
func apertusCall(raw json.RawMessage) (Call, bool) {
	if call, ok := callOf(raw); ok {
		return call, true
	}
	var f map[string]json.RawMessage
	if json.Unmarshal(raw, &f) != nil || len(f) != 1 {
		return Call{}, false
	}
	for name, arguments := range f {
		raw, ok := argumentsOf(bytes.TrimSpace(arguments))
		return Call{Name: name, Arguments: raw}, ok && name != ""
	}
	return Call{}, false
}
